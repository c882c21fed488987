/*
 * What to probe, and what the report says of it: between the prober (agent/probe/probe.h), which
 * knows only addresses, and the report.
 *
 * Every active adapter probes its own addresses (self-probes) and every address of every peer,
 * bound to its own address in the target's subnet, or else to its first. The server itself is no
 * peer, neither by its name nor by an address that it holds.
 */
#pragma once

#include <stddef.h>

#include "agent/host/host.h"
#include "agent/probe/grade_history.h"
#include "agent/probe/peers.h"
#include "agent/probe/probe.h"
#include "proto/base/arena.h"
#include "proto/report/report.h"

struct probe_plan {
	struct probe_job *jobs; /* self-probes first; borrow adapter and peer names */
	size_t n;
	size_t n_self;
	size_t left_out; /* beyond REPORT_MAX_PROBES */
};

/* Plans for the adapters and names in `report`; `out->jobs` is in `arena`. */
void probe_plan_make(struct probe_plan *out, const struct report *report, const struct peers *peers,
		     struct arena *arena);

/*
 * Writes the results of all jobs as rows of `report`, in `arena`: `via` by the route table, `for_s`
 * by the history.
 */
void probe_plan_write(const struct probe_plan *plan, struct host *host,
		      struct grade_history *history, struct report *report, struct arena *arena);
