/*
 * What is looked at between two cycles, so that a change is reported at once: the state of the
 * MTA's service, its events, the adapters with their addresses and links, and where a directory
 * stands for the disk, the registry's exports. Of adapters and addresses the system tells besides
 * (HOST_WAKE_CHANGE), but Windows NT 4.0 does not, and of a cable that was pulled none does.
 *
 * A look asks little: the service manager for one state, the event log for how far it goes, the
 * tables of adapters. What cannot be looked at counts as unchanged; the next report says why.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/host/host.h"
#include "proto/report/report.h"

#define WATCH_PACE_MS 5000 /* between two looks */

struct watch {
	struct host *host;
	bool known; /* `service` is that of the last look */
	enum service_state service;
	bool adapters_known; /* `adapters` is that of the last look */
	uint64_t adapters;   /* a hash over what is told of them */
};

void watch_init(struct watch *watch, struct host *host);

/* Words for the log of what changed since the last look, or NULL; the first look returns NULL. */
const char *watch_find_change(struct watch *watch);
