/*
 * A JSON string as it stands in a text, between its quotes and with its escapes: borrowed bytes
 * that json_check() has found right.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "proto/base/arena.h"
#include "proto/base/wire.h"

struct json_quoted {
	const char *text;
	uint32_t size;
	bool escaped; /* it holds escapes, and so may stand for other bytes */
};

#define JSON_EACH_BYTE(b) (UINT64_C(0x0101010101010101) * (b))

/*
 * Of eight bytes, marks those that do not stand for themselves in a string. The lowest bit set is
 * the highest of the first such byte; those above may be wrong, for a byte less than what is taken
 * from it borrows from the next.
 *
 * With the bit of value 2 turned, a quote (0x22) is 0x20, and below it are the control characters,
 * as before.
 */
static inline uint64_t json_mark_special(uint64_t word)
{
	uint64_t is_control_or_quote = (word ^ JSON_EACH_BYTE(2)) - JSON_EACH_BYTE(0x21);
	uint64_t is_backslash = (word ^ JSON_EACH_BYTE('\\')) - JSON_EACH_BYTE(1);
	return (word | is_control_or_quote | is_backslash) & JSON_EACH_BYTE(0x80);
}

/* The number of the first byte that is marked; one is. */
static inline size_t json_first_marked(uint64_t marks)
{
	return (unsigned)__builtin_ctzll(marks) / 8;
}

/*
 * Behind the ASCII that stands for itself in a string: at a quote, an escape, a control character,
 * or what is no ASCII. Eight NULs have to follow the text.
 */
static inline const char *json_skip_plain(const char *at)
{
	uint64_t marks;

	while ((marks = json_mark_special(wire_le64(at))) == 0)
		at += 8;
	return at + json_first_marked(marks);
}

/* How many of the first bytes are such, of a text that anything may follow. */
size_t json_plain_length(const char *text, size_t size);

/* The value of four hexadecimal digits, those behind "\u"; -1 if they are none. */
int32_t json_hex4(const char *text, size_t size);

/* Like it, for a text with escapes. */
bool json_quoted_equal_resolved(const struct json_quoted *a, const struct json_quoted *b);

/* Do they stand for the same? Names are compared so often that most have to differ at once. */
static inline bool json_quoted_equal(const struct json_quoted *a, const struct json_quoted *b)
{
	if (a->escaped || b->escaped)
		return json_quoted_equal_resolved(a, b);
	return a->size == b->size && memcmp(a->text, b->text, a->size) == 0;
}

/*
 * Texts without a common bit differ; the names of one object of a report have nearly none. One with
 * escapes may be equal to any.
 */
static inline uint64_t json_quoted_bits(const struct json_quoted *quoted)
{
	unsigned char begins = quoted->size ? (unsigned char)*quoted->text : 0;
	return quoted->escaped ? UINT64_MAX : UINT64_C(1) << ((begins ^ 8 * quoted->size) & 63);
}

/* Does it stand for this text? */
static inline bool json_quoted_is(const struct json_quoted *quoted, const char *text)
{
	if (quoted->escaped) {
		const struct json_quoted other = { .text = text, .size = (uint32_t)strlen(text) };
		return json_quoted_equal_resolved(quoted, &other);
	}
	for (uint32_t i = 0; i < quoted->size; i++) {
		if (quoted->text[i] != text[i])
			return false; /* at the end of `text`, too: a scanned text holds no NUL */
	}
	return text[quoted->size] == '\0';
}

/* The quoted text's value, as UTF-8. */
char *json_quoted_copy(const struct json_quoted *quoted, struct arena *arena);
