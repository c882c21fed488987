/*
 * The `Date` header of an HTTP answer (RFC 9110 section 5.6.7): what the collector's clock says.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "proto/base/status.h"

#define HTTP_DATE_SIZE 29 /* bytes of "Sun, 06 Nov 1994 08:49:37 GMT" */

/*
 * Reads an IMF-fixdate, the one form that senders may use; as milliseconds since 1970. The name of
 * the day is not held against the date.
 *
 * STATUS_MALFORMED  it is none; `*out_ms` is left as it was
 */
enum status http_date_parse(const char *text, size_t n, int64_t *out_ms);
