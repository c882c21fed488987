#include "collector/net/rate_limit.h"

#include <assert.h>
#include <string.h>

/* A try, in the unit of a bucket: `per_minute` of them in 60,000 ms. */
#define ONE UINT64_C(60000)

void rate_limit_init(struct rate_limit *limit, struct rate_limit_rule source_limit,
		     struct rate_limit_rule total_limit)
{
	memset(limit, 0, sizeof *limit);
	limit->source_limit = source_limit;
	limit->total_limit = total_limit;
	limit->total.fill = total_limit.burst * ONE;
}

/* Adds what has come in since. */
static void refill(struct rate_limit_bucket *bucket, struct rate_limit_rule limit, uint64_t now_ms)
{
	uint64_t full = limit.burst * ONE;
	uint64_t passed = now_ms > bucket->at_ms ? now_ms - bucket->at_ms : 0;

	bucket->at_ms = now_ms;
	if (passed >= full || bucket->fill + passed * limit.per_minute >= full)
		bucket->fill = full;
	else
		bucket->fill += passed * limit.per_minute;
}

/* 0: a try is there. */
static unsigned seconds_until(const struct rate_limit_bucket *bucket, struct rate_limit_rule limit)
{
	if (bucket->fill >= ONE)
		return 0;
	uint64_t per_second = (uint64_t)limit.per_minute * 1000;
	return (unsigned)((ONE - bucket->fill + per_second - 1) / per_second);
}

/* The bucket of that source, a full one where there was none. */
static struct rate_limit_bucket *find_or_add_bucket(struct rate_limit *limit,
						    const uint8_t source[SOURCES_KEY_SIZE],
						    uint64_t now_ms)
{
	struct rate_limit_bucket *oldest = &limit->sources[0];

	for (size_t i = 0; i < limit->n; i++) {
		struct rate_limit_bucket *bucket = &limit->sources[i];
		if (memcmp(bucket->source, source, sizeof bucket->source) == 0)
			return bucket;
		if (bucket->at_ms < oldest->at_ms)
			oldest = bucket;
	}
	struct rate_limit_bucket *bucket =
		limit->n < RATE_LIMIT_MAX_SOURCES ? &limit->sources[limit->n++] : oldest;
	memcpy(bucket->source, source, sizeof bucket->source);
	bucket->at_ms = now_ms;
	bucket->fill = limit->source_limit.burst * ONE;
	return bucket;
}

enum status rate_limit_take(struct rate_limit *limit, const struct sockaddr_storage *source,
			    uint64_t now_ms, unsigned *wait_s)
{
	uint8_t name[SOURCES_KEY_SIZE];

	sources_key(source, name);
	struct rate_limit_bucket *mine = find_or_add_bucket(limit, name, now_ms);
	refill(mine, limit->source_limit, now_ms);
	refill(&limit->total, limit->total_limit, now_ms);

	unsigned own = seconds_until(mine, limit->source_limit);
	unsigned all = seconds_until(&limit->total, limit->total_limit);
	*wait_s = own > all ? own : all;
	if (*wait_s > 0)
		return STATUS_LIMIT;
	assert(mine->fill >= ONE && limit->total.fill >= ONE);
	mine->fill -= ONE;
	limit->total.fill -= ONE;
	return STATUS_OK;
}
