/*
 * GET of a list: an object with an array of rows, page by page. What a list is made of stands in a
 * table: what its query may have, how its cursors read, and who reads its rows. Only this folder
 * includes this.
 */
#pragma once

#include "collector/api/handler.h"
#include "collector/http/problem.h"
#include "collector/http/query_string.h"
#include "proto/json/write.h"

struct turn;

/*
 * Lists whose rows are kept in memory while they are shown piece by piece; past it each is shown at
 * once, which holds the loop up for some milliseconds but frees its rows.
 */
#define API_LIST_MAX_SHOWING 16

/* Bytes of a cursor that a Link field gives. */
#define API_LIST_CURSOR_SIZE 2176

struct api_list;

struct api_list_kind {
	const char *member; /* of the answer, that holds the rows */
	/* What the query may have, for whoever got that wrong. NULL: nothing; all are one page. */
	const char *query;
	/* May the query have that key with that value, beside limit and cursor? NULL: no other. */
	bool (*allows)(const struct api_list *list, const struct query_string_pair *pair);
	/*
	 * Reads the cursor, and may put members before the rows. Returns NULL, or what is wrong.
	 * NULL: every text is a cursor.
	 */
	const struct problem *(*begin)(struct api_list *list);
	/*
	 * Adds the rows behind the cursor: api_list_add() for each, then its text. This runs in
	 * api_ask(), with list->reader; so does `read_state`. But for a list of what is in memory.
	 */
	enum status (*read)(struct api_list *list, char error[STORE_ERROR_SIZE]);
	bool is_in_memory;
	/*
	 * Writes some of the rows that `read` has only kept, for their texts need what is in
	 * memory. False: that were all. NULL: `read` has written them.
	 */
	bool (*show)(struct api_list *list);
	const char *const *states; /* names, for lists that are read with api_list_read_states() */
	size_t n_states;
	/* The rows whose state has that place among `states`, those below `place`, latest first. */
	enum status (*read_state)(struct api_list *list, size_t state,
				  char error[STORE_ERROR_SIZE]);
	bool begins_line; /* the bracket ends its line, also before no row */
};

struct api_list {
	struct call *call;
	const struct api_list_kind *kind;
	void *user;                            /* of whoever answers the call; in its arena */
	struct arena *arena;                   /* the call's */
	const struct store_connection *reader; /* while its rows are read */
	struct query_string query;
	size_t limit;
	const char *cursor; /* of the query; NULL: from the beginning */
	int64_t place;      /* the number that the cursor names; no row has it */
	size_t state;       /* of what is read now */
	struct buffer out;
	size_t n; /* rows in it */
	bool more;
	struct turn *turn;               /* NULL: nothing is shown piece by piece */
	char next[API_LIST_CURSOR_SIZE]; /* names the last row in it */
};

/* Answers the call with the list, when its rows are read. */
void api_list_answer(struct call *call, const struct api_list_kind *kind, void *user);

/*
 * Makes room for a row, which a cursor names by this text. STATUS_LIMIT: the page has as many rows
 * as were asked for. Where there is `show` that begins the rows.
 */
enum status api_list_add(struct api_list *list, const char *cursor_format, ...)
	__attribute__((format(PRINTF_FORMAT, 2, 3)));

/* Is there no such key in the query, or is one of its values this text, without case? */
bool api_list_selects(const struct api_list *list, const char *key, const char *text);

/* What is wrong with a query that has anything else than it may. */
const struct problem *api_list_invalid(const struct api_list *list);

/* `begin` of a list whose cursors are numbers, from the highest on. */
const struct problem *api_list_begin_highest(struct api_list *list);

/* `allows`, `begin` and `read` of a list by states; its cursors are "STATE.ID". */
bool api_list_allows_state(const struct api_list *list, const struct query_string_pair *pair);
const struct problem *api_list_begin_states(struct api_list *list);
enum status api_list_read_states(struct api_list *list, char error[STORE_ERROR_SIZE]);

/* The `query` of a list that is not selected from. */
#define API_LIST_ANY_PAGE                                                                          \
	"The query may have limit, from 1 to 1000, and cursor, as a Link field gives it."

/*
 * 'Link: <PATH?QUERY&limit=..&cursor=..>; rel="next"' as a header line, in the call's arena. Path
 * and query are encoded already; the query may be "".
 */
const char *api_link_next(struct call *call, const char *path, const char *query, size_t limit,
			  const char *cursor);
