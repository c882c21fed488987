/*
 * The ways to the fleet's collectors, asked in the order of agent/uplink/ring.h, and the agent's
 * standing there (agent/uplink/enroll.h). Sends one report at a time and tells what became of it;
 * what to do about it is the uplink's (agent/uplink/uplink.h).
 *
 * A way on which nothing comes is said once, and once when it works again; in between it rests, at
 * most for the interval or UPSTREAM_MAX_BACKOFF_S, or for what the collector's Retry-After asks
 * for. Where reports go, and what the other collectors answered, stands in the file UPSTREAM_NOTE.
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

#define UPSTREAM_NOTE          "collectors" /* in the state directory; a line for people */
#define UPSTREAM_MAX_NOTE      65536
#define UPSTREAM_MAX_BACKOFF_S 300
#define UPSTREAM_LONG_AWAY_S   900 /* three default intervals: the collector calls us silent */

struct upstream;

struct upstream_options {
	const char *const *collectors; /* their URLs (send_is_url()), at most RING_MAX */
	size_t n_collectors;
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
 * STATUS_SYSTEM  libcurl would not start
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

/* How long until there is a way to be tried. */
uint32_t upstream_wait_ms(struct upstream *upstream);

/*
 * What stands in the file UPSTREAM_NOTE of this directory, in `arena`; NULL: nothing can be read
 * there.
 */
const char *upstream_read_note(const char *state_dir, struct arena *arena);

/* The id that the collector gave; NULL: not enrolled. Good until the next call. */
const char *upstream_id(const struct upstream *upstream);
