/*
 * What an alert says: the reason, the evidence, and the remedy with the verdict after it, in plain
 * sentences, from the findings of a view; and what is so when it is over. Pure.
 */
#pragma once

#include <stdint.h>

#include "collector/model/condition.h"
#include "collector/model/view.h"
#include "proto/base/arena.h"

/* Bytes of a text in it; longer ones are cut. */
#define ALERT_EXPLANATION_MAX_TEXT 4096

/* Strings are never NULL. */
struct alert_explanation {
	const char
		*cause; /* what alerts of one site are grouped by: a reason's code, or "silent" */
	const char *reason; /* the code of the first reason */
	const char *text;
	const char *remedy;
	const char *options; /* the remedy as steps: JSON, notification_write_options() */
	const char *adapter; /* that the first reason names */
	int64_t event;       /* likewise; 0: none */
	int64_t event_ms;
};

/* Explains a condition that the server of that view has; everything lives in `arena`. */
void alert_explanation_write(const struct view *view, enum condition condition,
			     struct alert_explanation *out, struct arena *arena);

/*
 * What is so of a server now, which an incident of that kind is not about, or no longer: "clear:
 * every active adapter reaches ...", "it reports again; ...". In `arena`.
 */
const char *alert_explanation_of_now(const struct view *view, enum condition kind,
				     struct arena *arena);
