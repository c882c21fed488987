/*
 * Why can this agent not reach its collector? Goes the way of a report step by step and says of
 * each what was tried and what came of it. The steps:
 *
 *   settings   which collector, and where that is set
 *   state      the state directory, and the reports that wait in it
 *   name       the collector's name (or the proxy's) gives an address
 *   route      the adapter through which the system sends there
 *   port       a connection to it comes about
 *   proxy      the proxy lets us through to the collector
 *   tls        its certificate is the right one, and ours is
 *   collector  what answers is healthy
 *   clock      this machine's clock agrees with its
 *   key        it knows the agent, and takes its reports
 *   reports    one of several collectors takes them
 *
 * From `name` to `key` they are gone for each collector; one that stands by while another judges is
 * well without the last of them. What a failure makes pointless is
 * skipped, and why. Nothing is changed (a state directory that is made for the trial goes again),
 * and no report is sent: to try the key, an empty one goes up that the collector refuses to
 * everybody. Each step does what a run does, so that they do not differ.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "agent/config/config.h"
#include "agent/host/host.h"
#include "proto/base/arena.h"

#define DOCTOR_MAX_STEPS  (3 + 8 * SETTING_MAX_URLS)
#define DOCTOR_MAX_SKEW_S 300   /* what clocks may differ */
#define DOCTOR_NAME_MS    10000 /* for an answer of the name servers */
#define DOCTOR_PORT_MS    10000 /* for a connection */

enum doctor_result { DOCTOR_OK, DOCTOR_FAIL, DOCTOR_SKIPPED };

struct doctor_step {
	const char *collector; /* its URL; NULL: of neither */
	const char *name;
	enum doctor_result result;
	const char *text;
	const char *todo; /* what to do next; NULL: nothing */
};

struct doctor_findings {
	struct doctor_step steps[DOCTOR_MAX_STEPS];
	size_t n;
};

/*
 * Examines; texts live in `arena`. Takes as long as the network lets it, at most about a minute a
 * collector; `stopped` ends it soon.
 */
void doctor_examine(struct host *host, const struct config *config, bool (*stopped)(void),
		    struct arena *arena, struct doctor_findings *out);

/* Is every step well, or skipped with reason? */
bool doctor_is_well(const struct doctor_findings *findings);

/* False: it could not be printed. */
bool doctor_print_text(FILE *stream, const struct doctor_findings *findings, bool color);

/*
 * {"well": false, "steps": [{"collector": "https://...", "step": "name", "result": "fail",
 *  "text": "...", "todo": "..."}, ...]}, where `collector` and `todo` may be null.
 */
bool doctor_print_json(FILE *stream, const struct doctor_findings *findings);
