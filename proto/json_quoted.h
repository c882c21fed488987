/*
 * A JSON string as it stands in a text, between its quotes and with its escapes: borrowed bytes
 * that json_check() has found right.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/arena.h"

struct json_quoted {
	const char *text;
	uint32_t size;
	bool escaped; /* it holds escapes, and so may stand for other bytes */
};

/* The value of four hexadecimal digits, those behind "\u"; -1 if they are none. */
int32_t json_hex4(const char *text, size_t size);

/* Do they stand for the same? */
bool json_quoted_equal(const struct json_quoted *a, const struct json_quoted *b);

/* Does it stand for that text, which ends with a NUL? */
bool json_quoted_is(const struct json_quoted *quoted, const char *text);

/* What it stands for, as UTF-8. */
char *json_quoted_copy(const struct json_quoted *quoted, struct arena *arena);
