/*
 * Article Q285350 as data: which builds carry the fault, what holds the fix, which events show the
 * failure. Everything that the exposure rule knows of Exchange's history stands here.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/version.h"

#define ADVISORY_MTA_FILE   "Emsmta.exe"    /* it holds the code; the other files never decide */
#define ADVISORY_MTA_SOURCE "MSExchangeMTA" /* of the events below, and the service's name */

/* Events of the MTA in the Application log (Q285350, Q279415, Q174695, Q303156). */
#define ADVISORY_EVENT_LISTEN_FAILED 9321 /* "An attempt to listen over RPC has failed" */
#define ADVISORY_EVENT_INIT_FATAL    9266 /* "A fatal system error occurred while initializing" */
#define ADVISORY_EVENT_STARTED       9298 /* "startup complete"; names the build */
#define ADVISORY_EVENT_CLOSED        9299 /* "closedown complete" */
#define ADVISORY_EVENT_BIND_FAILED   9318 /* "Unable to bind over RPC" */
#define ADVISORY_EVENT_BACK_FAILED   9322 /* "MtaBindBack failed" */
#define ADVISORY_EVENT_PERFMON       9406 /* "not enough Performance Monitor memory" */

#define ADVISORY_NT_ERROR_NO_DATA     11004 /* WSANO_DATA (Winsock): the fault's signature in 9321 */
#define ADVISORY_NT_ERROR_ENDPOINT    1720  /* in 9321: the static port is taken (Q180795) */
#define ADVISORY_NT_ERROR_UNAVAILABLE 1722  /* in 9318, 9322: a name was not found (Q279537) */

struct advisory_file {
	const char *name;
	bool versioned; /* six of the twelve carry no version resource (Q283238) */
};

struct advisory {
	const char *id;
	struct version fault_since; /* the code came with this build (Q303156, Q280449) */
	struct version needs;       /* the fix installs on this one or later: SP4 (Q163294) */
	struct version fixed_in;    /* 5.5.2654.54, or later */
	const struct advisory_file *files;
	size_t n_files;
};

extern const struct advisory advisory_q285350;

/*
 * Reads a version of an Exchange 5.5 file as the rule compares it: 6.0.26xx.x is one of 5.5 under a
 * misprinted major number (Q319936), everything else is as it stands.
 */
struct version advisory_normalize(struct version version);

/* Is it, once normalized, a version of Exchange 5.5? */
bool advisory_is_exchange55(const struct version *normalized);
