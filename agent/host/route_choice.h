/*
 * Which adapter Windows NT 4.0 sends through, by its table of routes: it has no call that says so.
 * For win32/legacy.c, which reads the table.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* A row of the table; addresses in the order of numbers, not of the network. */
struct route {
	uint32_t to;
	uint32_t mask;
	uint32_t metric;
	unsigned long adapter; /* its number */
};

/* The best of the routes so far. All zero: there was none. */
struct route_choice {
	bool found;
	bool is_tie; /* another adapter has a route that is just as good */
	struct route best;
};

/*
 * Takes one route into account, if it leads to `address`: the longest prefix wins, and among these
 * the lowest metric. Of two routes alike NT takes that of the adapter that is bound first, which
 * the table does not tell: a tie.
 */
void route_choice_weigh(struct route_choice *choice, const struct route *route, uint32_t address);
