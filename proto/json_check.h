/*
 * Is this text JSON, strictly? The scan before cJSON, which takes what must be refused (1.7.15:
 * control characters in strings, invalid UTF-8, lone surrogates, members twice, "01", "1.", text
 * behind the end) and cuts strings at U+0000.
 *
 * It allocates little (the member names of the open objects), keeps nothing and understands nothing
 * of the content.
 */
#pragma once

#include <stddef.h>

#include "proto/status.h"

#define JSON_MAX_DEPTH   32  /* arrays and objects within each other */
#define JSON_MAX_MEMBERS 256 /* of one object; its names are compared each with each */
#define JSON_MAX_NUMBER  63  /* characters of a number; cJSON reads no more */

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
