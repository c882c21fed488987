/*
 * Spans of time as people write them: "30s", "5m", "4h", "7d"; and times of the day: "22:00".
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/value.h"

#define DURATION_MAX_MS ((int64_t)366 * 86400 * 1000)

#define DURATION_EXPECTED "a time such as 30s, 5m, 4h or 7d"

/* A number and its unit, up to DURATION_MAX_MS; false: it is none, `*out_ms` is as it was. */
bool duration_parse(const char *text, int64_t *out_ms);

/* The same of a setting: from `min` to `max` ms (0: DURATION_MAX_MS), into an int64_t. */
value_read duration_read;

/* "22:00" as minutes after midnight; false: it is none, `*out` is as it was. */
bool minute_of_day_parse(const char *text, unsigned *out);
