/*
 * The command `run`: cycle after cycle, and reports on their way up beside them
 * (agent/uplink/uplink.h).
 *
 * A cycle begins an interval after the last one did, with jitter, or RUN_SETTLE_MS after a change:
 * the system tells of adapters and addresses, agent/run/watch.h of the MTA and the adapters.
 * However many changes come, there are RUN_MIN_GAP_MS between two cycles, and more where it takes
 * that to stay within the budget of connections (agent/probe/budget.h). It ends within two
 * seconds, whatever is in flight. The settings are read again before each cycle and with each look
 * of the watch; what changed counts from then on, but for the state directory, and a changed way to
 * the collector or list of peers makes the next cycle come as soon as any other change.
 *
 * What the administrators are told of the verdict: agent/run/announced_verdict.h.
 */
#pragma once

#include <stdbool.h>

#include "agent/config/config.h"
#include "agent/host/host.h"
#include "proto/base/status.h"

#define RUN_JITTER_PERCENT 5     /* of the interval, more or less */
#define RUN_SETTLE_MS      2000  /* after a change: more of them tend to follow */
#define RUN_MIN_GAP_MS     10000 /* between the beginnings of two cycles, whatever changes */

/* Additional callbacks of a service. */
struct run_hooks {
	void (*ready)(void *user); /* called once: nothing can keep it from running any more */
	void *user;
	const char *log_name; /* of a file in the state directory, where no log file is set */
};

/*
 * Runs until `stopped`, or one cycle with --once. `hooks` may be NULL.
 *
 * STATUS_UNREACHABLE  --once, and the collector did not take the report
 * others              it could not begin; logged
 */
enum status run(struct host *host, struct config *config, bool (*stopped)(void),
		const struct run_hooks *hooks);
