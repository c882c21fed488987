/* Why the system did not do what it was asked for, and how that is told. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "proto/base/arena.h"
#include "proto/base/status.h"

/* The code of a failure that has none of the system's. */
#define OS_NO_CODE INT64_C(-1)

struct os_error {
	int64_t code;   /* of the system, or OS_NO_CODE */
	char text[512]; /* call, object, reason: "ReadEventLog Application: Access is denied." */
};

/* Writes code and text and returns `status`; a text too long is cut. */
enum status os_fail(struct os_error *error, enum status status, int64_t code, const char *format,
		    ...) __attribute__((format(PRINTF_FORMAT, 4, 5)));

/*
 * What the system says of one of its codes (errno; GetLastError(), Winsock's), without a line end;
 * the number where it has nothing to say. `size` is not 0.
 */
void os_sentence(int64_t code, char *out, size_t size);

/* A copy of an error, for a result that tells of it. */
const struct os_error *os_keep_error(const struct os_error *error, struct arena *arena);
