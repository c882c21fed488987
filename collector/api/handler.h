/*
 * What the handlers that change something share: who and from where in the words of the audit log,
 * JSON bodies, a change on its way to the store, pages of lists. Only api_*.c include this.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "collector/api/api.h"
#include "collector/auth/identities.h"
#include "collector/http/query_string.h"
#include "proto/base/buffer.h"
#include "proto/json/fields.h"

/* Bytes of a string in a body. */
#define API_MAX_STRING 1024

/* Rows of a list in one answer. */
#define API_DEFAULT_LIMIT 100
#define API_MAX_LIMIT     1000

/* "token ops", "agent exch1"; in the call's arena. */
const char *api_who(struct call *call);

/* The client's address; in the call's arena. */
const char *api_origin(struct call *call);

/* Is the body said to be JSON? Otherwise the call is answered, 415. */
bool api_is_json(struct call *call);

/*
 * Begins and ends to read a JSON object from the body. True from api_end_body(): everything was
 * right; otherwise the call is answered, 400 malformed_json or 422 invalid_member.
 */
void api_begin_body(struct call *call, struct json_reading *in, struct json_place *root);
bool api_end_body(struct call *call, struct json_reading *in);

/* 200 or another status with a JSON text, whose bytes are taken; `fields` as in struct answer. */
void api_answer_json(struct call *call, int status, struct buffer *body, const char *fields);

/* 204 */
void api_answer_nothing(struct call *call, const char *fields);

/*
 * Makes a change by the caller; `action` is static, as in the audit log. `done` answers the call:
 * with STATUS_OK or STATUS_CONFLICT. What could not be stored is answered here, 503.
 */
typedef void api_changed(struct call *call, void *user, enum status status);
void api_change(struct call *call, const struct identities_change *change, const char *action,
		api_changed *done, void *user);

/*
 * 503: the store cannot be read, for the reason that is logged here. What is in memory is right all
 * the same, so that nobody but this caller is to know.
 */
extern const struct problem api_unreadable;
void api_answer_unreadable(struct call *call, const char *error);

/*
 * 503: a change could not be written, or what it builds on not be read. The store does not do what
 * it is for, so the pipeline fails.
 */
void api_fail_change(struct call *call, const char *error);

/* Is it not too soon for one more of these from its source? Otherwise the call is answered, 429. */
bool api_is_in_time(struct call *call, struct rate_limit *limit, const char *code);

/* Is there no query? Otherwise the call is answered, 400. */
bool api_has_no_query(struct call *call);

/* What a list is asked for: "limit" and "cursor" of the query. */
struct api_page {
	size_t limit;
	const char *cursor; /* NULL: from the beginning */
};

/* Has the query at most one limit and one cursor? Of other keys several mean "or". */
bool api_is_one_page(const struct query_string *query);

/* False: the call is answered, 400. */
bool api_read_page(struct call *call, struct api_page *out);

/*
 * The same for a list whose cursors are numbers; `*place` stays as it was where there is none.
 */
bool api_read_page_and_place(struct call *call, struct api_page *out, int64_t *place);

/* The same for a query that may have one key more; its value stays as it was where it has not. */
bool api_read_page_with(struct call *call, struct api_page *out, const char *key,
			const char **value);

/*
 * 'Link: <PATH?QUERY&limit=..&cursor=..>; rel="next"' as a header line, in the call's arena. Path
 * and query are encoded already; the query may be "".
 */
const char *api_link_next(struct call *call, const char *path, const char *query, size_t limit,
			  const char *cursor);
