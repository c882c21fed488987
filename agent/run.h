/*
 * The command `run`: cycle after cycle, and reports on their way up beside them (agent/uplink.h).
 *
 * A cycle begins an interval after the last one did, with jitter, or soon after the system told of
 * a change (an adapter, the event log). It ends within two seconds, whatever is in flight.
 * Before each cycle the settings are read again; what changed counts from then on, but for the
 * state directory. Without a collector there are no cycles until one is set.
 */
#pragma once

#include <stdbool.h>

#include "agent/config.h"
#include "agent/host.h"
#include "proto/status.h"

#define RUN_JITTER_PERCENT 5     /* of the interval, more or less */
#define RUN_SETTLE_MS      2000  /* after a change: more of them tend to follow */
#define RUN_MIN_GAP_MS     10000 /* between the beginnings of two cycles, whatever changes */

/*
 * Runs until `stopped`, or one cycle with --once.
 *
 * STATUS_UNREACHABLE  --once, and the collector did not take the report
 * others              it could not begin; logged
 */
enum status run(struct host *host, struct config *config, bool (*stopped)(void));
