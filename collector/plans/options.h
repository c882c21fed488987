/*
 * What may be done about one server: each way a list of changes, cheapest first. A way that cannot
 * mend the server, whatever is done about all others, is none.
 */
#pragma once

#include "collector/plans/plan.h"

/* Adapters of a server that are not good, of which every combination is looked at. */
#define OPTIONS_MAX_ADAPTERS 4

/* Compared in this order. */
struct option_cost {
	unsigned changes;     /* to start an MTA is none */
	unsigned disfavoured; /* adapters, or fixes, by the preference */
	unsigned connections; /* that somebody has to make: rather an adapter disabled */
};

struct option {
	struct change *changes;
	size_t n;
	struct option_cost cost;
	size_t number; /* in which it was thought of */
};

struct options {
	size_t server;
	struct option *list;
	size_t n;
	bool complete; /* it has no more bad adapters than are looked at */
};

int option_cost_compare(struct option_cost a, struct option_cost b);
struct option_cost option_cost_add(struct option_cost a, struct option_cost b);

/* Addresses that a plan may give up: of adapters that are not good. */
struct doubtful {
	uint32_t *addresses; /* in order */
	size_t n;
};

/* Lists those of the servers to mend, whose `server` is set. False: a report cannot be read. */
bool options_list_doubtful(struct what_if *w, const struct options *servers, size_t n,
			   struct arena *arena, struct doubtful *out);

/*
 * The ways for a fresh server that is failing, exposed or at risk; `out->server` is set, and
 * nothing is put. False: its report cannot be read.
 */
bool options_make(struct what_if *w, const struct site_facts *facts,
		  enum plan_preference preference, const struct doubtful *doubtful,
		  struct arena *arena, struct options *out);
