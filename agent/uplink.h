/*
 * The way up: brings reports to the collector, whatever happens to it meanwhile.
 *
 * Each report is spooled first and removed when the collector has it; the newest goes first. A
 * collector that is away is said once, and once when it is back; in between it is tried again after
 * UPLINK_MIN_BACKOFF_S, twice that, and so on up to the interval or UPLINK_MAX_BACKOFF_S, or after
 * what its Retry-After asks for, each time with jitter. A report that it refuses for good is put
 * aside. The administrators are told (agent/announce.h) of a collector that has been away for
 * UPLINK_LONG_AWAY_S, of its return then, and of the first refusal since it last took a report.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/answer.h"
#include "agent/host.h"
#include "agent/moment.h"
#include "agent/send.h"
#include "proto/status.h"

#define UPLINK_MIN_BACKOFF_S 2
#define UPLINK_MAX_BACKOFF_S 300
#define UPLINK_LONG_AWAY_S   900   /* three default intervals: the collector calls us silent */
#define UPLINK_MAX_WORK_MS   60000 /* one uplink_work() begins no further report after that */

struct uplink;

struct uplink_events {
	/* The collector has a report; what it answered, read and as it came. Borrowed. */
	void (*answered)(const struct answer *answer, const char *body, size_t size, void *user);
	/* It has seen our id, epoch and sequence with another report. */
	void (*conflict)(void *user);
	void *user;
};

/*
 * Opens the spool in `state_dir` and makes ready to send; a spool that cannot be used is logged and
 * done without.
 *
 * STATUS_INVALID, STATUS_SYSTEM  as of send_open()
 */
enum status uplink_open(struct uplink **out, struct host *host, const char *state_dir,
			const struct send_options *options, const struct uplink_events *events);
void uplink_close(struct uplink *uplink);

/* Takes in a new report that was collected at `at`; copies it. */
void uplink_offer(struct uplink *uplink, const char *body, const struct moment *at);

/*
 * Sends what there is, if it is time to; blocks while it does. `interval_s` bounds the backoff.
 * True if the collector now has everything.
 */
bool uplink_work(struct uplink *uplink, int64_t interval_s);

/* When uplink_work() has something to do, by host_now_ms(); UINT64_MAX: nothing. */
uint64_t uplink_due_ms(const struct uplink *uplink);
