/*
 * Moments as milliseconds since 1970-01-01T00:00:00Z, and their text form, RFC 3339 in UTC.
 * No clock is read here.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/status.h"

/* Stands for "not known"; before every real moment. */
#define TIMESTAMP_NONE INT64_MIN

/* "2026-11-22T10:45:23.123Z" and its NUL */
#define TIMESTAMP_TEXT_SIZE 32

/*
 * Reads an RFC 3339 date-time (section 5.6); offsets other than Z are taken into account, digits
 * beyond milliseconds are dropped.
 *
 * STATUS_MALFORMED  it is none, or in UTC of no year from 0000 to 9999; `*out_ms` is left as it was
 */
enum status timestamp_parse(const char *text, int64_t *out_ms);

/*
 * Writes it in UTC, with milliseconds only where there are some; a moment beyond the years 0000 to
 * 9999 as the first or last of them. Returns `text`.
 */
char *timestamp_format(int64_t ms, char text[TIMESTAMP_TEXT_SIZE]);

/* Has the year a 29th of February? */
bool timestamp_is_leap_year(int year);
