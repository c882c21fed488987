/*
 * A limit: how often something may be done, by each source and by all together, as token buckets. A
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
#define RATE_LIMIT_MAX_SOURCES 1024

struct rate_limit_rule {
	unsigned burst;
	unsigned per_minute;
};

struct rate_limit_bucket {
	uint8_t source[SOURCES_KEY_SIZE];
	uint64_t at_ms; /* when `fill` was right */
	uint64_t fill;  /* tries left, in 1/60000 so that milliseconds add whole numbers */
};

struct rate_limit {
	struct rate_limit_rule source_limit;
	struct rate_limit_rule total_limit;
	struct rate_limit_bucket total;
	struct rate_limit_bucket sources[RATE_LIMIT_MAX_SOURCES];
	size_t n;
};

void rate_limit_init(struct rate_limit *limit, struct rate_limit_rule source_limit,
		     struct rate_limit_rule total_limit);

/*
 * One more try of `source`.
 *
 * STATUS_LIMIT  not now: `*wait_s` is after how many seconds, at least 1; nothing is counted
 */
enum status rate_limit_take(struct rate_limit *limit, const struct sockaddr_storage *source,
			    uint64_t now_ms, unsigned *wait_s);
