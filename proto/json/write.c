#include "proto/json/write.h"

#include <stdio.h>
#include <string.h>

#include "proto/base/text.h"
#include "proto/base/timestamp.h"
#include "proto/base/utf8.h"
#include "proto/json/quoted.h"

/* A line begins behind the comma of its element. */
static bool needs_comma(const struct buffer *out)
{
	if (out->size == 0)
		return false;
	switch (out->bytes[out->size - 1]) {
	case '{':
	case '[':
	case ':':
	case '\n':
		return false;
	default:
		return true;
	}
}

/* Texts in a buffer are counted and have no NUL. */
static char *put_bytes(char *at, const char *text, size_t size)
{
	memcpy(at, text, size);
	return at + size;
}

/* Adds the comma and the name before a value of `n` bytes, which the caller writes. */
static char *begin_value(struct buffer *out, const char *name, size_t n)
{
	bool comma = needs_comma(out);
	size_t size = name ? strlen(name) : 0;
	char *at = buffer_extend(out, comma + (name ? size + 3 : 0) + n);

	if (comma)
		*at++ = ',';
	if (!name)
		return at;
	*at++ = '"';
	at = put_bytes(at, name, size);
	*at++ = '"';
	*at++ = ':';
	return at;
}

void json_open_object(struct buffer *out, const char *name)
{
	*begin_value(out, name, 1) = '{';
}

void json_close_object(struct buffer *out)
{
	buffer_add_char(out, '}');
}

void json_finish(struct buffer *out)
{
	buffer_add_text(out, "}\n");
}

void json_open_array(struct buffer *out, const char *name)
{
	*begin_value(out, name, 1) = '[';
}

void json_close_array(struct buffer *out)
{
	buffer_add_char(out, ']');
}

void json_put_name(struct buffer *out, const char *name)
{
	begin_value(out, name, 0);
}

void json_put_line(struct buffer *out)
{
	if (out->size > 0 && out->bytes[out->size - 1] == '\n')
		return;
	*begin_value(out, NULL, 1) = '\n';
}

/* Control characters, quote and backslash as escapes (RFC 8259 section 7). */
static void add_escaped(struct buffer *out, char c)
{
	static const char plain[] = "\"\\\b\f\n\r\t";
	static const char letter[] = "\"\\bfnrt";
	char text[8];

	const char *at = strchr(plain, c);
	if (at)
		snprintf(text, sizeof text, "\\%c", letter[at - plain]);
	else
		snprintf(text, sizeof text, "\\u%04x", (unsigned)(unsigned char)c);
	buffer_add_text(out, text);
}

/* Adds the first character of what does not stand for itself. */
static void add_unusual(struct buffer *out, const char *text, size_t length)
{
	static const char replacement[] = "\xEF\xBF\xBD"; /* U+FFFD */

	if (length == 0)
		buffer_add_text(out, replacement);
	else if ((unsigned char)*text < 0x20 || *text == '"' || *text == '\\')
		add_escaped(out, *text);
	else
		buffer_add(out, text, length);
}

void json_put_text_cut(struct buffer *out, const char *name, const char *text, size_t max)
{
	size_t left = strlen(text);

	*begin_value(out, name, 1) = '"';
	for (;;) {
		size_t plain = json_plain_length(text, left < max ? left : max);
		buffer_add(out, text, plain);
		text += plain;
		left -= plain;
		max -= plain;
		if (left == 0)
			break;
		size_t length = utf8_length(text, left);
		size_t written = length ? length : 3; /* of U+FFFD */
		if (written > max)
			break;
		add_unusual(out, text, length);
		max -= written;
		text += length ? length : 1;
		left -= length ? length : 1;
	}
	buffer_add_char(out, '"');
}

void json_put_null(struct buffer *out, const char *name)
{
	json_put_json(out, name, "null");
}

void json_put_text(struct buffer *out, const char *name, const char *text)
{
	if (!text) {
		json_put_null(out, name);
		return;
	}
	size_t size = strlen(text);
	if (json_plain_length(text, size) < size) {
		json_put_text_cut(out, name, text, SIZE_MAX);
		return;
	}
	char *at = begin_value(out, name, size + 2);
	*at++ = '"';
	at = put_bytes(at, text, size);
	*at = '"';
}

void json_put_texts(struct buffer *out, const char *name, const char *const *texts, size_t n)
{
	json_open_array(out, name);
	for (size_t i = 0; i < n; i++)
		json_put_text(out, NULL, texts[i]);
	json_close_array(out);
}

void json_put_integer(struct buffer *out, const char *name, int64_t value)
{
	begin_value(out, name, 0);
	buffer_add_integer(out, value);
}

void json_put_integer_unless(struct buffer *out, const char *name, int64_t value, int64_t unknown)
{
	if (value == unknown)
		json_put_null(out, name);
	else
		json_put_integer(out, name, value);
}

void json_put_id(struct buffer *out, const char *name, int64_t id)
{
	*begin_value(out, name, 1) = '"';
	buffer_add_integer(out, id);
	buffer_add_char(out, '"');
}

void json_put_time(struct buffer *out, const char *name, int64_t ms)
{
	char text[TIMESTAMP_TEXT_SIZE];
	json_put_text(out, name, ms == TIMESTAMP_NONE ? NULL : timestamp_format(ms, text));
}

void json_put_bool(struct buffer *out, const char *name, bool value)
{
	json_put_json(out, name, value ? "true" : "false");
}

void json_put_json(struct buffer *out, const char *name, const char *json)
{
	size_t size = strlen(json);
	(void)put_bytes(begin_value(out, name, size), json, size);
}
