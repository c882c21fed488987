/* Fills a struct host_error; for the files that answer agent/host.h. In agent/host.c. */
#pragma once

#include <stdint.h>

#include "agent/host.h"
#include "proto/status.h"

/* Writes code and text and returns `status`; a text too long is cut. */
enum status host_fail(struct host_error *error, enum status status, int64_t code,
		      const char *format, ...) __attribute__((format(PRINTF_FORMAT, 4, 5)));
