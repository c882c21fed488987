/* Fills a struct host_error; for the files that answer agent/host/host.h. In agent/host/host.c. */
#pragma once

#include <stdint.h>

#include "agent/host/host.h"
#include "proto/base/status.h"

/* A copy of an error, for a result that tells of it. */
const struct host_error *host_keep_error(const struct host_error *error, struct arena *arena);

/* Writes code and text and returns `status`; a text too long is cut. */
enum status host_fail(struct host_error *error, enum status status, int64_t code,
		      const char *format, ...) __attribute__((format(PRINTF_FORMAT, 4, 5)));
