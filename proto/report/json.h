/*
 * The report's JSON text (proto/report/report.schema.json), read strictly and written.
 */
#pragma once

#include <stddef.h>

#include "proto/base/arena.h"
#include "proto/base/status.h"
#include "proto/json/error.h"
#include "proto/report/report.h"

/*
 * Reads `text` of `size` bytes into `out`, its strings and arrays in `arena`. Unknown members are
 * ignored. `out` is written only on success, `error` only on failure.
 *
 * STATUS_MALFORMED    not JSON (RFC 8259), or not UTF-8, or a member twice
 * STATUS_UNSUPPORTED  `schema` is not REPORT_SCHEMA
 * STATUS_INVALID      a member is missing, of the wrong type, or of a value that is not allowed
 * STATUS_LIMIT        a limit of proto/report/report.h is exceeded
 */
enum status report_json_read(const char *text, size_t size, struct arena *arena, struct report *out,
			     struct json_error *error);

/*
 * The text of a report, to be passed to free(). Absent facts are left out, and with them rows'
 * members. So that a reader takes it: longer strings are cut to REPORT_MAX_STRING, and bytes that
 * are no UTF-8 become U+FFFD.
 */
char *report_json_write(const struct report *report);
