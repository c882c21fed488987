/*
 * The way of every change: fleet, alerts, store, publish, hooks. It owns the fleet and keeps it in
 * step with the store: nothing is published before its commit, and after a failed commit the fleet
 * is rebuilt from the store; until then nothing is taken and the collector is not ready.
 *
 * The pipeline also wakes the fleet when reports cease to be fresh. The loop's thread only.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "collector/fleet/fleet.h"
#include "collector/pipeline/alerting.h"
#include "collector/store/store.h"
#include "proto/base/status.h"

/* Pauses between attempts to rebuild the fleet after a failed commit; they double. */
#define PIPELINE_RETRY_MIN_MS UINT64_C(250)
#define PIPELINE_RETRY_MAX_MS (UINT64_C(30) * 1000)

/* How often the store is looked for at its place. */
#define PIPELINE_LOOK_MS UINT64_C(500)

/* The fleet's next expiry is looked at again after this long, for the system's clock may be set. */
#define PIPELINE_MAX_SLEEP_MS (INT64_C(60) * 1000)

struct pipeline;
struct feed;
struct recall;
struct snapshot;
struct uv_loop_s; /* libuv: the event loop */

/* What the pipeline asks about the right to judge, and tells. */
struct pipeline_lease {
	/* Why nothing may be done to others at this moment, in words; NULL: it may. */
	const char *(*why_not)(void *user);
	/* Another collector judges, as the store says: this one never will again. */
	void (*fenced)(void *user);
	void *user;
};

struct pipeline_options {
	struct uv_loop_s *loop;
	struct store *store;       /* outlives the pipeline */
	struct feed *feed;         /* NULL: nobody follows; else until pipeline_stop() */
	struct alerting *alerting; /* NULL: there are no alerts; else until pipeline_stop() */
	int64_t (*now_ms)(void);
	void (*not_before)(int64_t ms); /* that clock is no earlier; NULL: it cannot be told */
	/* Where others could judge in our place; NULL: nobody could. */
	const struct pipeline_lease *lease;
};

/*
 * Reads the fleet from the store and begins. On failure `error` says why.
 */
enum status pipeline_open(struct pipeline **out, const struct pipeline_options *options,
			  char error[STORE_ERROR_SIZE]);

/*
 * The same, but the store's thread reads, as often as it takes, and the loop goes on: until then
 * the fleet is empty, and nobody should be shown it. `opened` is called once, when it is ready.
 */
struct pipeline *pipeline_begin(const struct pipeline_options *options, void (*opened)(void *user),
				void *user);

/*
 * Stops timers and notifications: to be called when no requests come in any more, before the store
 * is closed. Changes that wait still are committed and published.
 */
void pipeline_stop(struct pipeline *pipeline);

/* After the store is closed. NULL is allowed. */
void pipeline_free(struct pipeline *pipeline);

/* For queries, and for fleet_take(); see pipeline_fail(). */
struct fleet *pipeline_fleet(struct pipeline *pipeline);

/* For reports that may have come before. */
struct recall *pipeline_recall(struct pipeline *pipeline);

/* Is the fleet what the store says, and as of now, and ours to judge? */
bool pipeline_is_ready(const struct pipeline *pipeline);

/* May the fleet take reports? To be asked before fleet_take(); where it is behind it catches up. */
bool pipeline_may_take(struct pipeline *pipeline);

/* Is that a report that the store cannot take, as was seen? Then it never will. */
bool pipeline_refuses(const struct pipeline *pipeline, const struct snapshot *snapshot);

/* Is it not ready for what the database lacks, which is the same for any collector? */
bool pipeline_is_asynchronous(const struct pipeline *pipeline);

/* Is all that is stored being read? */
bool pipeline_is_reading(const struct pipeline *pipeline);

/* Why it may not, in words; NULL: it may. Borrowed: valid until control returns to the loop. */
const char *pipeline_why_not(const struct pipeline *pipeline);

/* Grows whenever something is published. */
uint64_t pipeline_revision(const struct pipeline *pipeline);

int64_t pipeline_now_ms(const struct pipeline *pipeline);

/*
 * Submits changes, which it takes whatever happens. On success `done` runs exactly once, from the
 * loop and never from this call: with true when they are durable and published, with false when
 * they are lost.
 *
 * STATUS_FULL  too much waits for the store; `done` does not run
 */
typedef void pipeline_done(void *user, bool durable);
enum status pipeline_submit(struct pipeline *pipeline, struct changes *changes, pipeline_done *done,
			    void *user);

/* The fleet is not what the store says, for the reason in `error`: it is rebuilt. */
void pipeline_fail(struct pipeline *pipeline, const char *error);
