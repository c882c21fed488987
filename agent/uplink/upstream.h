/*
 * The ways to the fleet's collector: a first URL and perhaps a second one, tried in this order, and
 * the agent's standing there (agent/uplink/enroll.h). Sends one report at a time and tells what
 * became of it; what to do about it is the uplink's (agent/uplink/uplink.h).
 *
 * A way on which nothing comes is said once, and once when it works again; in between it is left
 * alone for UPSTREAM_MIN_BACKOFF_S, twice that, and so on up to the interval or UPSTREAM_MAX_BACKOFF_S, or
 * for what the collector's Retry-After asks for, each time with jitter.
 *
 * The administrators are told (agent/host/announce.h) when no report could be sent for
 * UPSTREAM_LONG_AWAY_S, of the end of that, and of the first refusal since one was taken.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/host/host.h"
#include "agent/https/send.h"
#include "proto/base/status.h"

#define UPSTREAM_MIN_BACKOFF_S 2
#define UPSTREAM_MAX_BACKOFF_S 300
#define UPSTREAM_LONG_AWAY_S   900 /* three default intervals: the collector calls us silent */

struct upstream;

struct upstream_options {
	const char *collector;
	const char *fallback;           /* NULL: there is no second one */
	const char *state_dir;          /* where the key is */
	const char *enroll_secret_file; /* NULL: none */
	struct send_options send;
};

/* The outcome of sending a report. */
enum upstream_fate {
	UPSTREAM_ACCEPTED,
	UPSTREAM_REFUSED, /* it never will be accepted */
	UPSTREAM_KEPT,    /* nobody took it now */
	UPSTREAM_STOPPED, /* the end was asked for */
};

/* The collector's answer to a report. */
struct upstream_answer {
	char *body; /* where it accepted it; to be passed to free() */
	size_t size;
	bool conflict; /* it has seen our id, epoch and sequence with another report */
};

/*
 * Makes ready; the options' strings are copied.
 *
 * STATUS_INVALID  a collector is no http:// or https:// URL
 * STATUS_SYSTEM   libcurl would not start
 */
enum status upstream_open(struct upstream **out, struct host *host,
			  const struct upstream_options *options);
void upstream_close(struct upstream *upstream);

/*
 * Sends a report that was collected `age_ms` ago on the first way that is due and takes it; the
 * agent is enrolled before, where it has to be, and its id put into reports that do not carry it
 * yet. `interval_s` bounds the backoff; `waiting` is how many reports there are, for messages.
 */
enum upstream_fate upstream_send(struct upstream *upstream, const char *report, int64_t age_ms,
				 int64_t interval_s, size_t waiting,
				 struct upstream_answer *answer);

/* When there is a way to be tried, by host_now_ms(). */
uint64_t upstream_due_ms(const struct upstream *upstream);

/* The id that the collector gave; NULL: not enrolled. Good until the next call. */
const char *upstream_id(const struct upstream *upstream);
