/*
 * Keeps the trend: once an hour it stores how many servers of the fleet, and of each site where
 * that changed, there are of each verdict. So rows of the fleet tell when a collector was at work.
 * A store that has no trend yet gets that of its past first (collector/pipeline/trend_filler.h).
 *
 * What fails is logged and tried again. The loop's thread only.
 */
#pragma once

#include <stdint.h>

struct inventory;
struct pipeline;
struct store;
struct trend;
struct uv_loop_s; /* libuv: the event loop */

/* How often it is looked whether an hour is over. */
#define TREND_LOOK_MS UINT64_C(5000)

/*
 * A trend is begun so long after the first report, or the start: what waited in spools while there
 * was no collector comes first.
 */
#define TREND_BEGIN_MS INT64_C(60000)

struct trend_options {
	struct uv_loop_s *loop;
	struct store *store; /* they outlive it */
	struct pipeline *pipeline;
	struct inventory *inventory;
};

struct trend *trend_new(const struct trend_options *options);

/* Nothing begins any more; before the store is closed. */
void trend_stop(struct trend *trend);

/* After the store is closed. NULL is allowed. */
void trend_free(struct trend *trend);
