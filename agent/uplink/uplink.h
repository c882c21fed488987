/*
 * The way up: brings reports to the collector on a thread of its own, whatever happens to it
 * meanwhile. A name lookup or a handshake that hangs delays no probe and no end.
 *
 * The cycle's thread offers reports and takes news (the collector's answers); the uplink's thread
 * sends (agent/uplink/upstream.h). A report is on the disk (agent/uplink/spool.h) when
 * uplink_offer() returns, and is removed when the collector has it; the newest goes first. One that
 * the collector refuses for good is put aside.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/host/host.h"
#include "agent/host/moment.h"
#include "agent/uplink/upstream.h"
#include "proto/base/status.h"
#include "proto/base/uuid.h"

#define UPLINK_CLOSE_WAIT_MS 1200 /* uplink_close() waits so long for what is in flight */

struct uplink;

/* News from the collector since the last call. */
struct uplink_news {
	char *answer; /* its newest answer to a report, to be passed to free(); NULL: none */
	size_t size;
	bool conflict;           /* it has seen our id, epoch and sequence with another report */
	char id[UUID_TEXT_SIZE]; /* the id that it gave; "": none */
};

/*
 * Opens the spool in the state directory and makes ready to send; the options' strings are copied.
 * `options->stopped` is of no use here: uplink_close() ends it.
 *
 * STATUS_SYSTEM  as of upstream_open()
 */
enum status uplink_open(struct uplink **out, struct host *host,
			const struct upstream_options *options);

/*
 * Starts the thread; each piece of news nudges the host (host_wake_up()).
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
 * Without the thread: sends what there is, now, the newest report first. `stopped` may be NULL.
 * True if the collector has that one; what became of older ones is logged.
 */
bool uplink_work(struct uplink *uplink, bool (*stopped)(void));

/* True if there are news, which are the caller's then. */
bool uplink_take_news(struct uplink *uplink, struct uplink_news *out);
