/*
 * The servers that a query asks for, a page at a time. It looks through small rows and at no
 * server's own texts: a page of 100,000 servers takes a millisecond or two.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "collector/query/server_filter.h"

/* The totals of a fleet or a site. */
struct server_tally {
	size_t n;
	size_t by_verdict[VERDICT_COUNT]; /* good ones only of who is heard of */
	size_t not_monitored;
	size_t silent;
};

void server_tally_add(struct server_tally *tally, const struct fleet_row *row);

struct server_page {
	const struct view **views; /* in order; `filter->limit` at most */
	size_t n;
	size_t n_matched;          /* on all pages */
	struct server_tally tally; /* of the whole list */
	bool more;                 /* there is another page... */
	struct server_cursor next; /* ...which begins here */
};

/*
 * Servers that are not monitored stand behind `unknown` where the order is that of verdicts.
 * Everything in `out` lies in `arena`; views are borrowed until control returns to the loop.
 */
void server_select(const struct server_filter *filter, const struct server_list *list,
		   struct arena *arena, struct server_page *out);
