/*
 * How the MTA's last start went, out of the events of source MSExchangeMTA. Pure: no clock, no log.
 *
 * The events come in record order, which alone says what was before what; their times may jump with
 * the server's clock. Numbers are taken from the insertion strings, wherever they stand in them:
 * which insert is which is not documented, and a formatted text in any language must do as well.
 *
 * A start shows itself by its events:
 *   9298  startup complete: the start succeeded; the event names the running build
 *   9321  an attempt to listen over RPC has failed: holds the NT error
 *   9266  fatal error while initializing: the start is over
 * and may bring along 9318, 9322 (a peer could not be bound), 9406 (performance monitor memory),
 * 2219, 2206, 2207 (recovery of the database). 9299 (closedown complete) parts starts.
 *
 * Which of them belong to one start:
 *   - a start with 9321 or 9266 failed, unless 9298 follows as part of it;
 *   - after 9266 only a second 9321 or 9266 of another start can follow: a new start begins with a
 *     second 9266, with a 9321 where the start has both, and with any 9298;
 *   - a start begins anew where an event is MTA_STARTS_GAP_MS or more after the one before;
 *   - events that come along count from the first of them on, if no 9298 or 9299 and no such gap
 *     lies between them and the start's own; without a start of their own they say nothing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/host/host.h"
#include "proto/base/arena.h"
#include "proto/report/report.h"

/* The MTA logs every step of a start within seconds; a name lookup may hold it up for minutes. */
#define MTA_STARTS_GAP_MS INT64_C(600000)

#define MTA_STARTS_MAX_EVENTS 64 /* of one start; what comes along beyond that is left out */

/* The ids that mta_starts_judge() asks for. */
extern const uint16_t mta_starts_event_ids[];
extern const size_t mta_starts_n_event_ids;

/* Does an event of that id tell that a start succeeded or failed? */
bool mta_starts_tells_outcome(uint16_t id);

struct mta_starts {
	struct report_start last_start;   /* the newest start that is over */
	struct report_start last_failure; /* the newest that failed; may be the same */
	const char *build;                /* of the newest 9298: "5.5.2653.23"; NULL: none told */
};

/*
 * Judges `n` events, oldest first. While the service is SERVICE_STATE_START_PENDING, a start that
 * has only a 9321 younger than MTA_STARTS_GAP_MS at `now_ms` (by the server's clock, like the
 * events) is still under way and does not count. Everything in `out` lives in `arena`.
 */
void mta_starts_judge(const struct host_event *events, size_t n, enum service_state service,
		      int64_t now_ms, struct arena *arena, struct mta_starts *out);

/*
 * The NT error in an event's first two insertion strings: in 9321 the first number, in 9318 and
 * 9322 the second (the first is an index); in a 9321 also 11004 in any string, for no other number
 * of the MTA's looks like it. REPORT_ABSENT: there is none.
 */
int64_t mta_starts_nt_error(const struct host_event *event);

/* "5.5.2653.23" out of "version 5.5 (build 2653.23)"; NULL where it is not told. */
const char *mta_starts_build(const struct host_event *event, struct arena *arena);
