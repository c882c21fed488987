/*
 * Why a server is judged as it is, and what to do, read from a server object
 * (proto/exposure/verdict_json.h) by whoever tells it in words.
 */
#pragma once

#include <stddef.h>

#include "collector/model/view.h"
#include "proto/json/fields.h"

/* Reasons, ways to mend it, or steps of one; our own rule makes far fewer. */
#define FINDINGS_MAX_ITEMS 65536

struct findings_reason {
	const char *code;
	const char *text;
	const char *adapter; /* that the evidence names */
	int64_t event;       /* of the server's log, that the evidence names; 0: none */
	int64_t event_ms;    /* by the server's clock, or TIMESTAMP_NONE */
};

struct findings_step {
	const char *action;
	const char *text;
	const char *verdict_after;
};

struct findings_option {
	struct findings_step *steps; /* in their order */
	size_t n;
};

/* Texts are NULL where they are not told. */
struct findings {
	struct findings_reason *reasons;
	size_t n_reasons;
	struct findings_option *options; /* smallest first */
	size_t n_options;
	const char *remedy;            /* why there is no option */
	struct findings_reason *notes; /* what decides nothing */
	size_t n_notes;
};

/* The reason that decides; its members are NULL where none is told. */
const struct findings_reason *findings_lead(const struct findings *findings);

/* Reads "reasons", "remedy" and "notes" of the object `at`. */
void findings_read(struct json_reading *in, const struct json_place *at, struct findings *out);

/* The members in a view's `findings_json` as one object, to be read. */
const char *findings_object(const char *findings_json, struct arena *arena);

/*
 * Reads the findings of a view; false: an older version wrote them in another form, `out` is empty.
 */
bool findings_of_view(const struct view *view, struct arena *arena, struct findings *out);
