/*
 * One cycle: collect, probe, and make a report of it. What stays between cycles, and over restarts
 * in the state directory: who we are (agent/uplink/identity.h), since when each grade has stood
 * (agent/probe/grade_history.h), and the collector's last answer (file `answer.json`): the peers
 * that it dealt and the interval that it wants.
 *
 * A report's moment is that at which its probes began: what failed had failed from then on, what
 * succeeded did so at once.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/collect/collect.h"
#include "agent/config/options.h"
#include "agent/host/host.h"
#include "agent/host/moment.h"
#include "agent/probe/budget.h"
#include "agent/probe/grade_history.h"
#include "agent/uplink/answer.h"
#include "agent/uplink/identity.h"
#include "proto/base/arena.h"
#include "proto/base/status.h"
#include "proto/report/report.h"

struct cycle {
	struct host *host;
	const struct options *options;
	struct arena arena;    /* what lives as long as the cycle */
	const char *state_dir; /* NULL: nothing can be kept */
	bool keep;             /* may the state directory be written to? */
	struct identity identity;
	struct collect *collect;
	struct grade_history *history;
	struct arena answer_arena;
	struct answer answer; /* zeroed: there was none yet */
	char *refused;        /* of the deal, as it was logged; NULL: nothing */
	size_t n_connections; /* of the last cycle */
	struct connection_budget budget;
	bool (*stopped)(void);
};

/*
 * Makes ready. With `keep` the state directory is made where it is missing, and written to; without
 * it is only read. What was read and cannot be used is logged and begun anew.
 *
 * STATUS_SYSTEM  there are no random numbers
 * others         with `keep`: the state directory cannot be made or written to; logged
 */
enum status cycle_open(struct cycle *cycle, struct host *host, const struct options *options,
		       bool keep, bool (*stopped)(void));
void cycle_close(struct cycle *cycle);

/*
 * Runs one cycle. `*out` and all behind it live in `arena`; `*at` is the report's moment.
 *
 * STATUS_TIMED_OUT  it was stopped
 * STATUS_NOT_FOUND  nothing tells the name of the server; logged
 * STATUS_SYSTEM     it could not be done; logged
 */
enum status cycle_run(struct cycle *cycle, struct arena *arena, struct report *out,
		      struct moment *at);

/*
 * The seconds from one cycle to the next: configured, or the collector's word, or the default; more
 * where cycles like the last one would go beyond the budget of connections (agent/probe/budget.h).
 */
int64_t cycle_interval_s(const struct cycle *cycle);

/* Did the collector ever answer, in this run or one before? */
bool cycle_has_answer(const struct cycle *cycle);

/* Takes the collector's answer for the cycles to come, and keeps it. False: it is none; logged. */
bool cycle_take_answer(struct cycle *cycle, const char *body, size_t size);

/* The collector knows us by this id: reports carry it from now on, in an epoch of their own. */
void cycle_take_id(struct cycle *cycle, const char *id);

/* The collector has seen our numbers with another report: begins a new epoch. */
void cycle_take_conflict(struct cycle *cycle);
