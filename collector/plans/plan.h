/*
 * A plan: the smallest set of changes (collector/plans/change.h) after which no server of a site
 * would fail at the next start of its MTA, in an order in which no step makes another server worse,
 * each step with the verdicts that it brings. The rule is asked about all of it (what_if.h).
 *
 * Of each server that is failing, exposed or at risk it thinks of: the fix, with the service pack
 * where that is needed; disabling adapters that are not good, where a good one remains and it is
 * certainly no cluster; connecting them to the site's servers. A failing one is started at the end.
 *
 * Exact for up to PLAN_MAX_EXACT servers to mend, by branch and bound over what-if; for more, or
 * where that takes too long, one server is mended after the other and the plan says that it may be
 * longer than it need be.
 */
#pragma once

#include "collector/plans/what_if.h"

#define PLAN_MAX_EXACT 12

/* Which of two sets of as many changes. */
enum plan_preference { PLAN_FIX_FIRST, PLAN_ADAPTERS_FIRST };

/* Another server whose verdict a step changes. */
struct plan_effect {
	size_t server;
	enum verdict before;
	enum verdict after;
};

struct plan_step {
	struct change change;
	size_t server;
	enum verdict before;
	enum verdict after;
	struct plan_effect *others;
	size_t n_others;
};

/* A server that is not well after the plan. */
struct plan_left {
	size_t server;
	enum verdict verdict;
	const char *why;
};

struct plan {
	bool exact;
	size_t n_changes; /* of the steps; to start an MTA is none */
	struct plan_step *steps;
	size_t n_steps;
	struct plan_left *left;
	size_t n_left;
};

/* "fix" ...; the reverse: false for a name that is none. */
const char *plan_preference_name(enum plan_preference preference);
bool plan_preference_from_name(const char *name, enum plan_preference *out);

/*
 * Makes a plan from the facts as they are: nothing is put on `w`, neither before nor after. Lives
 * in `arena`. False: a report could not be read.
 */
bool plan_make(struct what_if *w, const struct site_facts *facts, enum plan_preference preference,
	       struct arena *arena, struct plan *out);
