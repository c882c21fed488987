/*
 * The query of a request as keys and values, decoded ("%41", "+" is a space as in forms).
 */
#pragma once

#include <stddef.h>

#include "proto/base/arena.h"
#include "proto/base/buffer.h"
#include "proto/base/status.h"

#define QUERY_STRING_MAX_PAIRS 32

struct query_string_pair {
	const char *key;
	const char *value; /* "" where there is none */
};

struct query_string {
	struct query_string_pair
		pairs[QUERY_STRING_MAX_PAIRS]; /* in their order; a key may come again */
	size_t n;
};

/*
 * Reads `text`, which may be NULL; the strings live in `arena`.
 *
 * STATUS_MALFORMED  not percent-encoded as it should be
 * STATUS_LIMIT      more than QUERY_STRING_MAX_PAIRS
 */
enum status query_string_read(const char *text, struct arena *arena, struct query_string *out);

/* How often the key is there. */
size_t query_string_count(const struct query_string *query, const char *key);

/* Adds "key=value", percent-encoded, behind a "&" where there is something already. */
void query_string_add(struct buffer *out, const char *key, const char *value);
