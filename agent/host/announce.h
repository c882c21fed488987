/*
 * What the agent tells the server's administrators: rows of agent/host/announce_events.def. Each
 * becomes a line of the agent's own log, and goes to the host as an event, which on Windows writes
 * it into the Application log (agent/host/host.h). Any thread.
 */
#pragma once

#include <stdint.h>

#include "agent/host/host.h"
#include "proto/exposure/exposure.h"

#define ANNOUNCE_SOURCE      "mtawatch" /* of the events */
#define ANNOUNCE_MAX_STRINGS 2
#define ANNOUNCE_MAX_STRING  1024 /* bytes of one; what is longer is cut */

enum announcement {
#define X(name, id, severity, text) name,
#include "agent/host/announce_events.def"
#undef X
	ANNOUNCE_COUNT,
};

struct announce_row {
	uint16_t id;
	enum host_severity severity;
	const char *text;
};

/* The row; static. */
const struct announce_row *announce_row(enum announcement what);

/* `first` and `second` stand for %1 and %2; NULL where the row has none. */
void announce(struct host *host, enum announcement what, const char *first, const char *second);

/* A change of the verdict; `judge` is a sentence that says whose it is. */
void announce_verdict(struct host *host, enum verdict now, const char *before, const char *judge);
