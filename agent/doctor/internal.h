/* Shared by the files of the doctor, and included by nothing else. */
#pragma once

#include "agent/doctor/doctor.h"
#include "agent/https/send.h"
#include "agent/https/url.h"

/* An examination under way. */
struct doctor {
	struct host *host;
	const struct options *options;
	const struct config *config;
	const char *state_dir; /* NULL: none */
	bool (*stopped)(void);
	struct send_options send;
	struct sender *sender;
	struct arena *arena;
	struct doctor_findings *out;
	const char *taker; /* the first collector that takes our reports; NULL: none so far */

	/* About the collector that is being examined. */
	const char *url;     /* NULL: of neither */
	const char *blocked; /* why all further steps are skipped, in words; NULL: they are not */
	struct send_result live; /* what GET /livez gave */
	int64_t date_ms;         /* by its clock; TIMESTAMP_NONE: it did not tell */
};

/* Notes a step. `todo` may be NULL. */
void doctor_note(struct doctor *d, const char *step, enum doctor_result result, const char *text,
		 const char *todo);

/* Notes a failure, which blocks the steps after it. */
void doctor_block(struct doctor *d, const char *step, const char *text, const char *todo);

/* Notes the step as skipped if something blocks it. */
bool doctor_skips(struct doctor *d, const char *step);

/* The steps name, route and port to `place`, the proxy's or the collector's. */
void doctor_network_steps(struct doctor *d, const struct url_place *place);

/* The steps tls, collector, clock and key. */
void doctor_collector_steps(struct doctor *d, const struct url_place *place);
