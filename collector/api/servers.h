/*
 * What the handlers of servers share; only api_server*.c, export.c and those of sites include
 * this.
 */
#pragma once

#include <stdint.h>

#include "collector/api/api.h"
#include "collector/http/call.h"
#include "collector/http/problem.h"
#include "collector/model/server_key.h"
#include "collector/query/server_filter.h"

struct server_list;
struct site_tally;

/* Everybody that there is, or should be. False: the call is answered. */
bool api_list_servers(struct call *call, struct server_list *out);

/* The same by site, as site_tally_make(). */
bool api_tally_sites(struct call *call, struct site_tally **out, size_t *n);

/* Servers of a site that one matrix may have; past it 422. */
#define API_MATRIX_MAX_SERVERS 2000
extern const struct problem api_site_too_large;

/* Answers a call for a server that is not there: 404, or 410 for one that was removed. */
void api_answer_absent(struct call *call);

/*
 * What is shown under the name of the path: a server of the fleet, or one that should be there and
 * has never reported. False: there is neither, or nobody can say, and the call is answered.
 */
bool api_find_view(struct call *call, const struct view **out);

/* Answers the call and returns false where the query is none of ours. */
bool api_read_filter(struct call *call, struct server_filter *out);

/* Other names that are shown of a server, of each kind. */
#define API_MAX_NAMES 8

/* Under which names else its agent has reported: read in api_ask(). */
struct api_server_names {
	const char *key;
	struct {
		char key[SERVER_KEY_SIZE];
		int64_t at_ms;
	} of_agent[API_MAX_NAMES];
	size_t n;
};
store_asked api_server_names_read; /* `user` is one whose `key` is set, and `n` is 0 */

/*
 * Adds what is told of a server beside what it reports, a comma before each member: "removed",
 * "refused", "other_names" (collector/api/openapi.json). And a number that changes with them.
 */
void api_server_notes_add(const struct api *api, const struct api_server_names *names,
			  struct buffer *out);
uint64_t api_server_notes_tag(const struct api *api, const char *key);

/* Answers with all servers of the filter as CSV; its cursor counts, its limit does not. */
void api_export_servers(struct call *call, const struct server_filter *filter, bool has_mark);

/* The etag of what is shown at one path and query: the same while that is, but for the time. */
const char *api_make_etag(const struct api *api, uint64_t tag, struct arena *arena);

/* 200 with a JSON text, whose bytes are taken. */
void api_answer_tagged(struct call *call, struct buffer *body, const char *etag,
		       const char *fields);
