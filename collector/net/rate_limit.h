/*
 * A pace: how often something may be done, by each source and by all together, as token buckets. A
 * bucket holds `burst` tries and fills up again by `per_minute`. Time comes in as a parameter; it
 * may stand still, and never runs backwards.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "collector/net/sources.h"
#include "proto/base/status.h"

/*
 * Sources that are remembered: those whose buckets are not full. When there are more, the bucket
 * that has been left alone longest is forgotten; the limit for all together holds anyway.
 */
#define PACE_MAX_SOURCES 1024

struct pace_limit {
	unsigned burst;
	unsigned per_minute;
};

struct pace_bucket {
	uint8_t source[SOURCES_KEY_SIZE];
	uint64_t at_ms; /* when `fill` was right */
	uint64_t fill;  /* tries left, in 1/60000 so that milliseconds add whole numbers */
};

struct pace {
	struct pace_limit source_limit;
	struct pace_limit total_limit;
	struct pace_bucket total;
	struct pace_bucket sources[PACE_MAX_SOURCES];
	size_t n;
};

void pace_init(struct pace *pace, struct pace_limit source_limit, struct pace_limit total_limit);

/*
 * One more try of `source`.
 *
 * STATUS_LIMIT  not now: `*wait_s` is after how many seconds, at least 1; nothing is counted
 */
enum status pace_take(struct pace *pace, const struct sockaddr_storage *source, uint64_t now_ms,
		      unsigned *wait_s);
