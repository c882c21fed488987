#include "proto/json/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/mem.h"
#include "proto/base/text.h"
#include "proto/base/utf8.h"
#include "proto/json/quoted.h"

static void put(struct json_text *t, const char *bytes, size_t n)
{
	if (t->room - t->size < n + 1) {
		t->room = 2 * t->room + n + 256;
		t->text = mem_realloc(t->text, t->room);
	}
	memcpy(t->text + t->size, bytes, n);
	t->size += n;
	t->text[t->size] = '\0';
}

static void put_text(struct json_text *t, const char *text)
{
	put(t, text, strlen(text));
}

/* Control characters, quote and backslash as escapes (RFC 8259 section 7). */
static void put_escaped(struct json_text *t, char c)
{
	static const char plain[] = "\"\\\b\f\n\r\t";
	static const char letter[] = "\"\\bfnrt";
	char text[8];

	const char *at = strchr(plain, c);
	if (at)
		snprintf(text, sizeof text, "\\%c", letter[at - plain]);
	else
		snprintf(text, sizeof text, "\\u%04x", (unsigned)(unsigned char)c);
	put_text(t, text);
}

/* At most `max` bytes of it, not counting what the escapes add. */
static void put_quoted(struct json_text *t, const char *value, size_t max)
{
	static const char replacement[] = "\xEF\xBF\xBD"; /* U+FFFD */
	size_t left = strlen(value);

	put(t, "\"", 1);
	while (left > 0) {
		size_t plain = json_plain_length(value, left < max ? left : max);
		put(t, value, plain);
		value += plain;
		left -= plain;
		max -= plain;
		if (left == 0)
			break;
		size_t length = utf8_length(value, left);
		size_t written = length ? length : sizeof replacement - 1;
		if (written > max)
			break;
		if (length == 0)
			put_text(t, replacement);
		else if ((unsigned char)*value < 0x20 || *value == '"' || *value == '\\')
			put_escaped(t, *value);
		else
			put(t, value, length);
		max -= written;
		value += length ? length : 1;
		left -= length ? length : 1;
	}
	put(t, "\"", 1);
}

/* The comma and the name before a value. */
static void begin(struct json_text *t, const char *name)
{
	if (t->comma)
		put(t, ",", 1);
	if (name) {
		put_quoted(t, name, SIZE_MAX);
		put(t, ":", 1);
	}
	t->comma = true;
}

void json_text_limit_strings(struct json_text *t, size_t max)
{
	t->max_string = max;
}

void json_text_open(struct json_text *t, const char *name, char bracket)
{
	begin(t, name);
	put(t, &bracket, 1);
	t->comma = false;
}

void json_text_close(struct json_text *t, char bracket)
{
	put(t, &bracket, 1);
	t->comma = true;
}

void json_text_string(struct json_text *t, const char *name, const char *value)
{
	begin(t, name);
	put_quoted(t, value, t->max_string ? t->max_string : SIZE_MAX);
}

void json_text_integer(struct json_text *t, const char *name, int64_t value)
{
	char digits[TEXT_NUMBER_SIZE];

	begin(t, name);
	if (value < 0)
		put(t, "-", 1);
	char *end = text_put_number(digits, value < 0 ? -(uint64_t)value : (uint64_t)value);
	put(t, digits, (size_t)(end - digits));
}

void json_text_bool(struct json_text *t, const char *name, bool value)
{
	begin(t, name);
	put_text(t, value ? "true" : "false");
}

void json_text_null(struct json_text *t, const char *name)
{
	begin(t, name);
	put_text(t, "null");
}

void json_text_string_or_null(struct json_text *t, const char *name, const char *value)
{
	if (value)
		json_text_string(t, name, value);
	else
		json_text_null(t, name);
}

char *json_text_take(struct json_text *t)
{
	char *text = t->text ? t->text : mem_strdup("");
	*t = (struct json_text){ 0 };
	return text;
}
