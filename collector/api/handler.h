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

/* The id of the path, or -1: then no row has it. */
int64_t api_path_id(const struct call *call);

/*
 * The name of an organization or a site in the path, the parameter `i`: "" for "-", which is none.
 */
const char *api_path_name(const struct call *call, size_t i);

/* The line of the audit log of a change by the caller; its strings live in the call's arena. */
struct record_audit api_audit(struct call *call, const char *action, enum record_kind kind,
			      const char *object);

/*
 * Makes a change by the caller; `action` is static, as in the audit log. `done` answers the call:
 * with STATUS_OK or STATUS_CONFLICT. What could not be stored is answered here, 503.
 */
typedef void api_changed(struct call *call, void *user, enum status status);
void api_change(struct call *call, const struct identities_change *change, const char *action,
		api_changed *done, void *user);

/* 204: nothing is left to be told of what was dropped; as `done` of api_change(). */
void api_answer_dropped(struct call *call, void *user, enum status status);

/* 204 or 503; as `done` of a change of alerts, whose pipeline was told of a failure. */
void api_answer_ended(void *user, enum status status, const char *error);

/*
 * Answers for a change that was refused at once: with `why`, or 503 where that is NULL. Nothing for
 * STATUS_OK: then its `done` answers.
 */
void api_answer_refused(struct call *call, enum status status, const struct problem *why);

/*
 * 503: the store cannot be read, for the reason that is logged here ("": there is none to log).
 * What is in memory is right all the same, so that nobody but this caller is to know.
 */
extern const struct problem api_unreadable;
void api_answer_unreadable(struct call *call, const char *error);

/*
 * What the store is to be asked for a call, off the loop (store_ask()). `read` may use `user` and
 * the call's arena, which are its own meanwhile, and nothing else of the call. Then `done` answers
 * the call, on the loop: with STATUS_OK, or STATUS_NOT_FOUND where `read` returned that.
 *
 * `done` does not run where the store could not be read, which is answered here, 503, or where the
 * client has gone meanwhile: then nothing more is done for it. `drop` runs instead, and frees what
 * of `user` does not lie in the arena; NULL: there is nothing.
 */
struct api_question {
	store_asked *read;
	void (*done)(struct call *call, void *user, enum status status);
	void (*drop)(void *user);
	void *user; /* in the call's arena */
	enum store_question kind;
};
void api_ask(struct call *call, const struct api_question *question);

/*
 * 503: a change could not be written, or what it builds on not be read. The store does not do what
 * it is for, so the pipeline fails.
 */
void api_fail_change(struct call *call, const char *error);

/* Is it not too soon for one more of these from its source? Otherwise the call is answered, 429. */
bool api_is_in_time(struct call *call, struct rate_limit *limit, const char *code);

/* 404: of a site that no server is of. */
extern const struct problem api_unknown_site;

/* Is there no query? Otherwise the call is answered, 400. */
bool api_has_no_query(struct call *call);

/*
 * Reads the time `name` where the query has it, and nothing else; without a query `*out` stays what
 * it is. False: the call is answered, 400.
 */
bool api_read_time(struct call *call, const char *name, int64_t *out);
