/*
 * From the machine into a report: all of its facts but the probes and who reports. A fact that
 * cannot be read is left absent and gets an entry in `problems` under its path in the report; a
 * fact that is simply not there (no Exchange on this machine) is told as such and is no problem.
 *
 * A struct collect lives as long as the agent and keeps between cycles what is dear to find out:
 * hashes of files that have not changed, answers of name lookups. One thread uses it.
 *
 *   collect_facts()    begins the name lookups, reads everything else
 *   the probes run meanwhile
 *   collect_names()    takes the lookups that have come back
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/host/host.h"
#include "proto/base/arena.h"
#include "proto/report/report.h"

#define COLLECT_NAMES_WAIT_MS 2000 /* collect_names() waits no longer, over all names */

struct collect;

/* The host is borrowed and must outlive it. */
struct collect *collect_new(struct host *host);
void collect_free(struct collect *collect);

/*
 * Initializes `out` and fills collected_at, host, exchange, adapters, bindings, mta, files and
 * problems. Everything lives in `arena`. Where the machine does not tell its name, `host.name`
 * stays NULL (with a problem): such a report belongs to nobody and cannot be sent.
 */
void collect_facts(struct collect *collect, struct arena *arena, struct report *out);

/*
 * Adds the name lookups to a report that collect_facts() has filled. `stopped` (may be NULL) ends
 * the waiting for them.
 */
void collect_names(struct collect *collect, struct arena *arena, struct report *report,
		   bool (*stopped)(void));
