/*
 * What an alert says: the reason, the evidence, and the remedy with the verdict after it, in plain
 * sentences, from the findings of a view. Pure.
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
	const char *adapter; /* that the first reason names */
};

/* Of a condition that the server of that view has; everything lives in `arena`. */
void alert_explanation_tell(const struct view *view, enum condition condition,
			    struct alert_explanation *out, struct arena *arena);
