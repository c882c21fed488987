/*
 * The way up: brings reports to the collector on a thread of its own, whatever happens to it
 * meanwhile. A name lookup or a handshake that hangs delays no probe and no end.
 *
 * The cycle's thread offers reports and takes news (the collector's answers); the uplink's thread
 * sends. A report is on the disk (agent/spool.h) when uplink_offer() returns, and is removed when
 * the collector has it; the newest goes first. One that the collector refuses for good is put
 * aside.
 *
 * A collector that is away is said once, and once when it is back; in between it is tried again
 * after UPLINK_MIN_BACKOFF_S, twice that, and so on up to the interval or UPLINK_MAX_BACKOFF_S, or
 * after what its Retry-After asks for, each time with jitter. While the first collector is away
 * reports go to the second one, if there is one; the first is tried again all the same, and what it
 * takes goes there. Both are ways to one fleet and know the same agents.
 *
 * The administrators are told (agent/announce.h) when no report could be sent for
 * UPLINK_LONG_AWAY_S, of the end of that, and of the first refusal since one was taken.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/host.h"
#include "agent/moment.h"
#include "agent/send.h"
#include "proto/status.h"

#define UPLINK_MIN_BACKOFF_S 2
#define UPLINK_MAX_BACKOFF_S 300
#define UPLINK_LONG_AWAY_S   900  /* three default intervals: the collector calls us silent */
#define UPLINK_PATIENCE_MS   1200 /* uplink_close() waits so long for what is in flight */

struct uplink;

struct uplink_options {
	const char *collector;
	const char *fallback;     /* NULL: there is no second one */
	struct send_options send; /* its `stopped` is of no use here: uplink_close() ends it */
};

/* What came from the collector since the last time. */
struct uplink_news {
	char *answer; /* its newest answer to a report, to be passed to free(); NULL: none */
	size_t size;
	bool conflict; /* it has seen our id, epoch and sequence with another report */
};

/*
 * Opens the spool in `state_dir` and makes ready to send; the options' strings are copied.
 *
 * STATUS_INVALID  a collector is no http:// or https:// URL
 * STATUS_SYSTEM   libcurl would not start
 */
enum status uplink_open(struct uplink **out, struct host *host, const char *state_dir,
			const struct uplink_options *options);

/*
 * Starts the thread; each piece of news nudges the host (host_nudge()).
 *
 * STATUS_SYSTEM  there is none to be had; logged
 */
enum status uplink_start(struct uplink *uplink);

/* Ends the thread. One that is stuck is left behind, with all that it holds, and does no more. */
void uplink_close(struct uplink *uplink);

/* Takes in a report that was collected at `at`; the interval bounds the backoff. */
void uplink_offer(struct uplink *uplink, const char *body, const struct moment *at,
		  int64_t interval_s);

/*
 * Without the thread: sends what there is, now. `stopped` may be NULL. True if the collector now
 * has everything.
 */
bool uplink_work(struct uplink *uplink, bool (*stopped)(void));

/* True if there are news, which are the caller's then. */
bool uplink_take_news(struct uplink *uplink, struct uplink_news *out);
