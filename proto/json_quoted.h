/*
 * A JSON string as it stands in a text, between its quotes and with its escapes: borrowed bytes
 * that json_check() has found right.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "proto/arena.h"

struct json_quoted {
	const char *text;
	uint32_t size;
	bool escaped; /* it holds escapes, and so may stand for other bytes */
};

/* The value of four hexadecimal digits, those behind "\u"; -1 if they are none. */
int32_t json_hex4(const char *text, size_t size);

/* The same where one has escapes. */
bool json_quoted_equal_resolved(const struct json_quoted *a, const struct json_quoted *b);

/* Do they stand for the same? Names are compared so often that most have to differ at once. */
static inline bool json_quoted_equal(const struct json_quoted *a, const struct json_quoted *b)
{
	if (a->escaped || b->escaped)
		return json_quoted_equal_resolved(a, b);
	return a->size == b->size && memcmp(a->text, b->text, a->size) == 0;
}

/* What it stands for, as UTF-8. */
char *json_quoted_copy(const struct json_quoted *quoted, struct arena *arena);
