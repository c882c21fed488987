/*
 * What GET /v1/servers may be asked for: which servers, in which order, from where on. Reads the
 * query, and holds rows of servers against it; collector/query/server_select.h looks through them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/http/query_string.h"
#include "collector/model/remarks.h"
#include "collector/query/server_table.h"

/* Servers in one answer; "matched" tells how many there were. */
#define SERVER_FILTER_MAX_LIMIT 1000

/* Words of one query: each is looked for in all names. */
#define SERVER_FILTER_MAX_WORDS 8

/* Keys of one query; limit and cursor come on top, as a Link field adds them. */
#define SERVER_FILTER_MAX_KEYS (QUERY_STRING_MAX_PAIRS - 2)

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
	bool any_verdict;   /* none was named; the members below likewise */
	bool silent[2];     /* by what `silent` may be */
	bool any_silent;
	uint8_t drift;    /* 1 << whether it has a mark of drift; 0: any */
	uint8_t adapters; /* one of the states of view->adapters; 0: any */
	const char *sites[QUERY_STRING_MAX_PAIRS];
	size_t n_sites;
	const char *organizations[QUERY_STRING_MAX_PAIRS];
	size_t n_organizations;
	const char *owners[QUERY_STRING_MAX_PAIRS]; /* "": who has none */
	size_t n_owners;
	const struct remarks *remarks; /* of whoever selects: where owners are; NULL: nowhere */
	const char *words[SERVER_FILTER_MAX_WORDS]; /* each must be found somewhere */
	size_t n_words;
	enum server_sort sort;
	bool reversed;
	int64_t at_ms; /* of which moment; TIMESTAMP_NONE: of now */
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

/* A filter at work on a table: what it says of sites and of names, asked once. */
struct server_matcher;

/* In `arena`; filter and table are borrowed. */
const struct server_matcher *server_filter_prepare(const struct server_filter *filter,
						   const struct server_table *table,
						   struct arena *arena);

/* Does a row of that table match? */
bool server_matcher_matches(const struct server_matcher *matcher, const struct fleet_row *row);
