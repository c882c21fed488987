#include "proto/json/quoted.h"

#include <string.h>

#include "proto/base/text.h"
#include "proto/base/utf8.h"

static bool is_plain(char c)
{
	return (unsigned char)c >= 0x20 && (unsigned char)c < 0x80 && c != '"' && c != '\\';
}

size_t json_plain_length(const char *text, size_t size)
{
	size_t at = 0;

	for (; size - at >= 8; at += 8) {
		uint64_t marks = json_mark_special(wire_le64(text + at));
		if (marks)
			return at + json_first_marked(marks);
	}
	while (at < size && is_plain(text[at]))
		at++;
	return at;
}

int32_t json_hex4(const char *text, size_t size)
{
	int32_t value = 0;
	if (size < 4)
		return -1;
	for (size_t i = 0; i < 4; i++) {
		int digit = text_hex_digit(text[i]);
		if (digit < 0)
			return -1;
		value = value * 16 + digit;
	}
	return value;
}

/* The UTF-16 unit that the escape at `*at` stands for; it was scanned before. */
static uint32_t get_escape(const struct json_quoted *quoted, size_t *at)
{
	static const char letters[] = "bfnrt";
	static const char meaning[] = "\b\f\n\r\t";

	const char *text = quoted->text + *at;
	*at += 2;
	if (text[1] == 'u') {
		*at += 4;
		return (uint32_t)json_hex4(text + 2, 4);
	}
	const char *letter = strchr(letters, text[1]);
	return (unsigned char)(letter ? meaning[letter - letters] : text[1]);
}

/* A walk over the text's value as UTF-8, escapes resolved. */
struct bytes {
	const struct json_quoted *quoted;
	size_t at;
	char pending[UTF8_MAX]; /* of the last escape */
	size_t n_pending;
	size_t given; /* of `pending` */
};

/* -1 at the end. */
static int next_byte(struct bytes *b)
{
	if (b->given < b->n_pending)
		return (unsigned char)b->pending[b->given++];
	if (b->at >= b->quoted->size)
		return -1;
	if (b->quoted->text[b->at] != '\\')
		return (unsigned char)b->quoted->text[b->at++];

	uint32_t c = get_escape(b->quoted, &b->at);
	if (c >= 0xD800 && c <= 0xDBFF) /* the scan saw that a low one follows */
		c = 0x10000 + ((c - 0xD800) << 10) + (get_escape(b->quoted, &b->at) - 0xDC00);
	b->n_pending = utf8_encode(c, b->pending);
	b->given = 1;
	return (unsigned char)b->pending[0];
}

bool json_quoted_equal_resolved(const struct json_quoted *a, const struct json_quoted *b)
{
	struct bytes left = { .quoted = a };
	struct bytes right = { .quoted = b };
	int c;

	do {
		c = next_byte(&left);
		if (c != next_byte(&right))
			return false;
	} while (c >= 0);
	return true;
}

char *json_quoted_copy(const struct json_quoted *quoted, struct arena *arena)
{
	struct bytes bytes = { .quoted = quoted };
	int c;

	if (!quoted->escaped)
		return arena_strndup(arena, quoted->text, quoted->size);
	char *copy = arena_alloc(arena, quoted->size + 1); /* an escape is longer than its bytes */
	for (char *to = copy; (c = next_byte(&bytes)) >= 0; to++)
		*to = (char)c;
	return copy;
}
