/*
 * Is this text JSON, strictly, and of what values? cJSON, which some of us read short texts with,
 * takes what must be refused (1.7.15: control characters in strings, invalid UTF-8,
 * members twice, "01", "1.", text behind the end) and cuts strings at U+0000.
 *
 * The check allocates nothing but the values, and understands nothing of the content.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "proto/base/status.h"
#include "proto/json/quoted.h"

#define JSON_MAX_DEPTH   32  /* arrays and objects within each other */
#define JSON_MAX_MEMBERS 256 /* of one object; its names are compared each with each */
#define JSON_MAX_NUMBER  63  /* characters of a number */

enum json_kind {
	JSON_OBJECT,
	JSON_ARRAY,
	JSON_STRING,
	JSON_NUMBER,
	JSON_TRUE,
	JSON_FALSE,
	JSON_NULL,
};

/*
 * A value. Its children follow it, each with its own: the first child of `node`, where it has one
 * (`span` is more than 1), is `node + 1`, and what follows any node at its level is `node + span`.
 */
struct json_node {
	enum json_kind kind;
	uint32_t span;           /* of itself and everything in it */
	struct json_quoted name; /* of a member */
	union {
		struct json_quoted text; /* of a string; of a number its characters */
		uint64_t name_bits;      /* of an object: json_quoted_bits() of all its names */
	};
};

/* Where the trouble is, and what it is. */
struct json_fault {
	size_t line;      /* from 1 */
	size_t column;    /* from 1, in bytes */
	const char *what; /* "expected a value"; static */
};

/*
 * Scans `size` bytes from the first to the last. `*fault` is written only on failure.
 *
 * STATUS_MALFORMED  not RFC 8259, not UTF-8, a byte order mark, a member twice in one object (after
 *                   its escapes are resolved), a lone surrogate
 * STATUS_LIMIT      one of the limits above
 * STATUS_INVALID    it is all JSON, but a string or name holds the escape of U+0000, which no C
 *                   string can
 */
enum status json_check(const char *text, size_t size, struct json_fault *fault);

/* NULs that have to follow a text, so that it may be read by words of eight bytes. */
#define JSON_PADDING 8

/* A copy of a text, in `arena`, that they follow. */
char *json_pad(const char *text, size_t size, struct arena *arena);

/*
 * The same as json_check(), of a text that JSON_PADDING follows. `*nodes` becomes its values, the
 * outermost first, which borrow from the text; to be passed to free() whatever the status.
 */
enum status json_parse(const char *text, size_t size, struct json_node **nodes,
		       struct json_fault *fault);
