/* Why the system did not do what it was asked for, and how that is told. */
#pragma once

#include <stdint.h>

#include "proto/base/arena.h"
#include "proto/base/status.h"

struct host_error {
	int64_t code;   /* of the system; -1 where there is none */
	char text[512]; /* call, object, reason: "ReadEventLog Application: Access is denied." */
};

/* Writes code and text and returns `status`; a text too long is cut. */
enum status host_fail(struct host_error *error, enum status status, int64_t code,
		      const char *format, ...) __attribute__((format(PRINTF_FORMAT, 4, 5)));

/* A copy of an error, for a result that tells of it. */
const struct host_error *host_keep_error(const struct host_error *error, struct arena *arena);
