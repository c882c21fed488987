/*
 * The marks of drift in the text that drift_write() made (collector/model/drift.h): those of its
 * entries whose `after` is not empty. They are read out of the text, which may be of a later version,
 * and told as they stand there.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/buffer.h"

/* Borrowed from the text. */
struct drift_mark {
	const char *json; /* the whole of it */
	size_t size;
};

/* The next one; `*at` is the text, then behind that mark. False: there are no more. */
bool drift_next_mark(const char **at, struct drift_mark *out);

/* When the first of the marks was seen, or TIMESTAMP_NONE. */
int64_t drift_since(const char *text);

/* Is a mark in the text, which may be NULL? */
bool drift_has_mark(const char *text);

/* Adds the marks of a text, which may be NULL, as a JSON array; `name`: of the member, or NULL. */
void drift_add_marks(const char *text, const char *name, struct buffer *out);

/*
 * Adds the marks of `text` that are not in `other`, as drift_add_marks(). Returns how many. Two are
 * the same where kind, `of` and time are.
 */
size_t drift_add_new_marks(const char *text, const char *other, const char *name,
			   struct buffer *out);
