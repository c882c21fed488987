/*
 * Moments and spans in the words of a message: "Mon 23 Nov 2026, 20:31 CET (19:31 UTC)".
 */
#pragma once

#include <stdint.h>

#include "proto/base/arena.h"

struct time_zone;

/* A moment in a zone (NULL: UTC), with UTC beside it; "" for TIMESTAMP_NONE. */
const char *message_time(const struct time_zone *zone, int64_t ms, struct arena *arena);

/* "42 minutes", "3 hours", "2 days": how long that is. */
const char *message_span(int64_t ms, struct arena *arena);

/* `text` with each moment that it tells as RFC 3339 in those words. */
const char *message_spoken(const struct time_zone *zone, const char *text, struct arena *arena);
