#include "collector/api/handler.h"

#include <stdlib.h>
#include <string.h>

#include "collector/base/log.h"
#include "collector/base/loop.h"
#include "collector/http/call.h"
#include "collector/http/problem.h"
#include "collector/net/address.h"
#include "proto/base/mem.h"
#include "proto/base/number.h"
#include "proto/base/text.h"
#include "proto/base/timestamp.h"

const char *api_who(struct call *call)
{
	const char *kind = call->caller.kind == RECORD_KIND_AGENT  ? "agent"
			   : call->caller.kind == RECORD_KIND_USER ? "user"
								   : "token";
	return arena_printf(&call->arena, "%s %s", kind, call->caller.name);
}

const char *api_origin(struct call *call)
{
	struct net_address peer;
	char text[NET_ADDRESS_TEXT_SIZE] = "?";

	if (call_peer(call, &peer))
		net_address_format_host(&peer, text);
	return arena_strdup(&call->arena, text);
}

/* "application/json", with or without parameters. */
static bool names_json(const char *content_type)
{
	static const char json[] = "application/json";
	if (!text_has_prefix(content_type, json))
		return false;
	const char *rest = content_type + sizeof json - 1;
	rest += strspn(rest, " \t");
	return *rest == '\0' || *rest == ';';
}

bool api_is_json(struct call *call)
{
	static const struct problem no_json = { .status = 415,
						.code = "unsupported_media_type",
						.detail = "The body has to be application/json." };
	if (names_json(http_field(call->request, "Content-Type")))
		return true;
	call_answer_problem(call, &no_json);
	return false;
}

void api_begin_body(struct call *call, struct json_reading *in, struct json_place *root)
{
	const struct buffer *body = &call->request->body;
	json_begin(in, body->size ? body->bytes : "", body->size, API_MAX_STRING, &call->arena,
		   root);
}

bool api_end_body(struct call *call, struct json_reading *in)
{
	struct problem problem = { .status = 422,
				   .code = "invalid_member",
				   .detail = "A member of the body is missing or not allowed.",
				   .pointer = in->error.pointer,
				   .pointer_note = in->error.detail };
	json_end(in);
	if (in->status == STATUS_OK)
		return true;
	if (in->status == STATUS_MALFORMED) {
		problem.status = 400;
		problem.code = "malformed_json";
		problem.detail = "The body is not JSON.";
	}
	call_answer_problem(call, &problem);
	return false;
}

void api_answer_json(struct call *call, int status, struct buffer *body, const char *fields)
{
	struct answer answer = { .status = status,
				 .content_type = "application/json",
				 .fields = fields };
	answer.body = buffer_take(body, &answer.size);
	call_answer(call, &answer);
}

void api_answer_nothing(struct call *call, const char *fields)
{
	call_answer(call, &(struct answer){ .status = 204, .fields = fields });
}

int64_t api_path_id(const struct call *call)
{
	int64_t id = -1;
	return number_parse(call->params[0], 0, INT64_MAX, &id) ? id : -1;
}

const struct problem api_unknown_site = { .status = 404,
					  .code = "unknown_site",
					  .detail = "No server of this site has reported." };

const char *api_path_name(const struct call *call, size_t i)
{
	return strcmp(call->params[i], "-") == 0 ? "" : call->params[i];
}

struct record_audit api_audit(struct call *call, const char *action, enum record_kind kind,
			      const char *object)
{
	const struct api *api = call->context;

	return (struct record_audit){
		.at_ms = pipeline_now_ms(api->pipeline),
		.who = api_who(call),
		.origin = api_origin(call),
		.action = action,
		.kind = kind,
		.object = object,
	};
}

/* A change of a call that waits for it. */
struct waiting {
	struct call *call;
	api_changed *done;
	void *user;
};

static void on_changed(void *user, enum status status, const char *error)
{
	struct waiting waiting = *(struct waiting *)user;

	free(user);
	if (status == STATUS_OK || status == STATUS_CONFLICT) {
		waiting.done(waiting.call, waiting.user, status);
		return;
	}
	if (status == STATUS_REFUSED)
		api_answer_unreadable(waiting.call, error);
	else
		api_fail_change(waiting.call, error);
}

void api_change(struct call *call, const struct identities_change *change, const char *action,
		api_changed *done, void *user)
{
	const struct api *api = call->context;
	struct identities_change whole = *change;
	struct waiting *waiting = mem_alloc(sizeof *waiting);

	*waiting = (struct waiting){ call, done, user };
	whole.audit = api_audit(call, action, RECORD_KIND_NONE, "");
	whole.audit.at_ms = identities_now_ms(api->identities);
	if (change->audit.who)
		whole.audit.who = change->audit.who;
	if (pipeline_is_ready(api->pipeline) &&
	    identities_submit(api->identities, &whole, on_changed, waiting) == STATUS_OK)
		return;
	free(waiting);
	call_answer_not_stored(call);
}

void api_answer_dropped(struct call *call, void *user, enum status status)
{
	(void)user;
	(void)status; /* one that is gone already is as it should be */
	api_answer_nothing(call, NULL);
}

void api_answer_ended(void *user, enum status status, const char *error)
{
	(void)error; /* the pipeline was told */
	if (status == STATUS_OK)
		api_answer_nothing(user, NULL);
	else
		call_answer_not_stored(user);
}

void api_answer_refused(struct call *call, enum status status, const struct problem *why)
{
	if (status == STATUS_OK)
		return;
	if (why)
		call_answer_problem(call, why);
	else
		call_answer_not_stored(call);
}

const struct problem api_unreadable = {
	.status = 503,
	.code = "not_readable",
	.detail = "The store cannot be read at this moment.",
};

void api_answer_unreadable(struct call *call, const char *error)
{
	if (*error)
		log_error("%s", error);
	call_answer_problem(call, &api_unreadable);
}

/* A call for which the store is asked; in its arena. */
struct asking {
	struct call *call;
	struct api_question question;
};

static enum status read_for_call(const struct store_connection *reader, void *user,
				 char error[STORE_ERROR_SIZE])
{
	const struct asking *asking = user;
	return asking->question.read(reader, asking->question.user, error);
}

static void drop_question(const struct api_question *question)
{
	if (question->drop)
		question->drop(question->user);
}

static void on_read(void *user, enum status status, const char *error)
{
	const struct asking *asking = user;
	const struct api_question *question = &asking->question;
	struct call *call = asking->call;
	bool is_read = status == STATUS_OK || status == STATUS_NOT_FOUND;

	if (is_read && call->request) {
		question->done(call, question->user, status);
		return;
	}
	drop_question(question);
	api_answer_unreadable(call, is_read ? "" : error); /* which nobody hears who has gone */
}

void api_ask(struct call *call, const struct api_question *question)
{
	const struct api *api = call->context;
	struct asking *asking = arena_alloc(&call->arena, sizeof *asking);

	*asking = (struct asking){ call, *question };
	if (call->request &&
	    store_ask(api->store, question->kind, read_for_call, on_read, asking) == STATUS_OK)
		return;
	drop_question(question);
	call_answer_problem(call, &api_unreadable);
}

void api_fail_change(struct call *call, const char *error)
{
	const struct api *api = call->context;

	pipeline_fail(api->pipeline, error);
	call_answer_not_stored(call);
}

bool api_is_in_time(struct call *call, struct rate_limit *limit, const char *code)
{
	struct net_address peer = { 0 }; /* who has no address any more is one source */
	unsigned wait_s;

	call_peer(call, &peer);
	if (rate_limit_take(limit, &peer.address, loop_monotonic_ms(), &wait_s) == STATUS_OK)
		return true;
	struct problem problem = {
		.status = 429,
		.code = code,
		.detail = "Too many of these calls at this moment. Try again later.",
		.fields = arena_printf(&call->arena, "Retry-After: %u\r\n", wait_s),
	};
	call_answer_problem(call, &problem);
	return false;
}

bool api_has_no_query(struct call *call)
{
	static const struct problem invalid = { .status = 400,
						.code = "invalid_query",
						.detail = "This call takes no query." };
	if (!call->request->query || *call->request->query == '\0')
		return true;
	call_answer_problem(call, &invalid);
	return false;
}

bool api_read_time(struct call *call, const char *name, int64_t *out)
{
	struct query_string query;

	if (query_string_read(call->request->query, &call->arena, &query) == STATUS_OK &&
	    (query.n == 0 || (query.n == 1 && strcmp(query.pairs[0].key, name) == 0 &&
			      timestamp_parse(query.pairs[0].value, out) == STATUS_OK)))
		return true;
	call_answer_problem(
		call,
		&(struct problem){ .status = 400,
				   .code = "invalid_query",
				   .detail = arena_printf(&call->arena,
							  "The query may have %s, a time such as "
							  "2026-11-22T10:45:23Z.",
							  name) });
	return false;
}
