/*
 * What GET /v1/servers may be asked for, and the servers that answer to it: worst first, then by
 * name. It looks through small rows, and at a server's texts only where the query names words.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "collector/fleet.h"
#include "collector/query.h"

/* Servers in one answer; "matched" tells how many there were. */
#define SERVER_FILTER_DEFAULT_LIMIT 1000
#define SERVER_FILTER_MAX_LIMIT     10000

/* A key that comes again means "or", but for words. */
struct server_filter {
	bool verdicts[VERDICT_COUNT];
	bool not_monitored; /* as if it were a verdict */
	bool any_verdict;   /* none was named */
	const char *sites[QUERY_MAX_PAIRS];
	size_t n_sites;
	bool silent[2]; /* by what `silent` may be */
	bool any_silent;
	const char *words[QUERY_MAX_PAIRS]; /* each must be found somewhere */
	size_t n_words;
	size_t limit;
};

/* What a fleet adds up to. */
struct server_tally {
	size_t by_verdict[VERDICT_COUNT];
	size_t not_monitored;
	size_t silent;
};

/* Who is looked through: a fleet, and views of servers that are expected and not in it. */
struct server_list {
	const struct fleet *fleet;
	struct view *const *missing;
	size_t n_missing;
};

/* Reads a query (NULL: none); NULL, or what is wrong with it. Texts lie in `arena`. */
const char *server_filter_read(const char *query, struct arena *arena, struct server_filter *out);

/*
 * The first servers that match, `filter->limit` at most; how many match; and what all add up to.
 * Those that are not monitored come behind `unknown`.
 */
const struct view **server_filter_select(const struct server_filter *filter,
					 const struct server_list *list, struct arena *arena,
					 size_t *n_page, size_t *n_matched,
					 struct server_tally *tally);
