#include "collector/net/rate_limit.h"

#include <string.h>

/* A try, in the unit of a bucket: `per_minute` of them in 60,000 ms. */
#define ONE UINT64_C(60000)

void pace_init(struct pace *pace, struct pace_limit source_limit, struct pace_limit total_limit)
{
	memset(pace, 0, sizeof *pace);
	pace->source_limit = source_limit;
	pace->total_limit = total_limit;
	pace->total.fill = total_limit.burst * ONE;
}

/* Adds what has come in since. */
static void refill(struct pace_bucket *bucket, struct pace_limit limit, uint64_t now_ms)
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
static unsigned seconds_until(const struct pace_bucket *bucket, struct pace_limit limit)
{
	if (bucket->fill >= ONE)
		return 0;
	uint64_t per_second = (uint64_t)limit.per_minute * 1000;
	return (unsigned)((ONE - bucket->fill + per_second - 1) / per_second);
}

/* The bucket of that source, a full one where there was none. */
static struct pace_bucket *find(struct pace *pace, const uint8_t source[SOURCES_KEY_SIZE],
				uint64_t now_ms)
{
	struct pace_bucket *oldest = &pace->sources[0];

	for (size_t i = 0; i < pace->n; i++) {
		struct pace_bucket *bucket = &pace->sources[i];
		if (memcmp(bucket->source, source, sizeof bucket->source) == 0)
			return bucket;
		if (bucket->at_ms < oldest->at_ms)
			oldest = bucket;
	}
	struct pace_bucket *bucket =
		pace->n < PACE_MAX_SOURCES ? &pace->sources[pace->n++] : oldest;
	memcpy(bucket->source, source, sizeof bucket->source);
	bucket->at_ms = now_ms;
	bucket->fill = pace->source_limit.burst * ONE;
	return bucket;
}

enum status pace_take(struct pace *pace, const struct sockaddr_storage *source, uint64_t now_ms,
		      unsigned *wait_s)
{
	uint8_t name[SOURCES_KEY_SIZE];

	sources_key(source, name);
	struct pace_bucket *mine = find(pace, name, now_ms);
	refill(mine, pace->source_limit, now_ms);
	refill(&pace->total, pace->total_limit, now_ms);

	unsigned own = seconds_until(mine, pace->source_limit);
	unsigned all = seconds_until(&pace->total, pace->total_limit);
	*wait_s = own > all ? own : all;
	if (*wait_s > 0)
		return STATUS_LIMIT;
	mine->fill -= ONE;
	pace->total.fill -= ONE;
	return STATUS_OK;
}
