/*
 * What GET /v1/servers may be asked for: which servers, in which order, from where on. Reads the
 * query, and holds rows of the fleet against it; collector/server_select.h looks through them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/fleet.h"
#include "collector/query.h"

/* Servers in one answer; "matched" tells how many there were. */
#define SERVER_FILTER_DEFAULT_LIMIT 1000
#define SERVER_FILTER_MAX_LIMIT     10000

/* Equal ones are in the order of their keys, whatever the direction. */
enum server_sort {
	SERVER_SORT_VERDICT, /* worst first */
	SERVER_SORT_SERVER,
	SERVER_SORT_SITE,
	SERVER_SORT_SINCE,
	SERVER_SORT_REPORTED,
	SERVER_SORT_BUILD,
};

/*
 * The place behind a server in an order, whether that server is still there or not: where the
 * next page begins.
 */
struct server_cursor {
	int64_t rank; /* of the server then; not of SERVER_SORT_SITE and SERVER_SORT_SERVER */
	const char *key;
	const char *organization; /* of SERVER_SORT_SITE, else "" */
	const char *site;
};

/* A key that comes again means "or", but for words. */
struct server_filter {
	bool verdicts[VERDICT_COUNT];
	bool not_monitored; /* as if it were a verdict */
	bool any_verdict;   /* none was named; so with the others */
	bool silent[2];     /* by what `silent` may be */
	bool any_silent;
	uint8_t adapters; /* one of the states of view->adapters; 0: any */
	const char *sites[QUERY_MAX_PAIRS];
	size_t n_sites;
	const char *organizations[QUERY_MAX_PAIRS];
	size_t n_organizations;
	const char *words[QUERY_MAX_PAIRS]; /* each must be found somewhere */
	size_t n_words;
	enum server_sort sort;
	bool reversed;
	size_t limit;
	bool has_cursor;
	struct server_cursor cursor;
};

/* Reads a query (NULL: none); NULL, or what is wrong with it. Texts lie in `arena`. */
const char *server_filter_read(const char *query, struct arena *arena, struct server_filter *out);

/* The query again, without cursor and limit: "verdict=exposed&sort=-since", or "". */
const char *server_filter_write(const char *query, struct arena *arena);

/* A cursor as the text that server_filter_read() takes; opaque to clients. In `arena`. */
const char *server_cursor_write(const struct server_filter *filter,
				const struct server_cursor *cursor, struct arena *arena);

/* What the filter says of a site, asked once for all servers of it. */
struct server_site_answer {
	bool is_wanted;
	uint64_t words; /* those that the site's names hold, a bit each */
};

/* One for each site of the fleet. */
struct server_site_answer *server_filter_ask_sites(const struct server_filter *filter,
						   const struct fleet *fleet, struct arena *arena);

/* Does a row of the fleet match? */
bool server_filter_matches(const struct server_filter *filter,
			   const struct server_site_answer *site, const struct fleet_row *row);

/* Does a server that is expected and has never reported? */
bool server_filter_matches_missing(const struct server_filter *filter, const struct view *view);
