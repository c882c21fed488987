/*
 * The verdict on this server as its administrators were told it last, and whose word counts: the
 * collector's. Where no collector is set, the agent judges alone; where one is set but has not
 * answered for ANNOUNCED_VERDICT_ALONE_S, it does so too, but tells an alarm only, for it knows
 * less. Each change is announced (agent/host/announce.h). One thread uses it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/host/host.h"
#include "agent/uplink/upstream.h"
#include "proto/exposure/exposure.h"
#include "proto/report/report.h"

#define ANNOUNCED_VERDICT_ALONE_S UPSTREAM_LONG_AWAY_S

struct announced_verdict {
	struct host *host;
	bool known; /* `verdict` is the last one that was told, also before a restart */
	enum verdict verdict;
	uint64_t heard_ms; /* when the collector answered last, or could have for the first time */
};

/* `last`: the collector's last verdict before the start, or NULL. */
void announced_verdict_init(struct announced_verdict *announced, struct host *host,
			    const enum verdict *last);

/* The collector answered. */
void announced_verdict_take(struct announced_verdict *announced, enum verdict verdict);

/* A report was made: judges it alone, where that has to be. */
void announced_verdict_judge(struct announced_verdict *announced, const struct report *report,
			     bool has_collector);
