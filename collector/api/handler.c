#include "collector/api/handler.h"

#include <stdlib.h>
#include <string.h>

#include "collector/base/log.h"
#include "collector/base/loop.h"
#include "collector/http/call.h"
#include "collector/http/problem.h"
#include "collector/http/query_string.h"
#include "collector/net/address.h"
#include "proto/base/mem.h"
#include "proto/base/number.h"
#include "proto/base/text.h"

const char *api_who(struct call *call)
{
	const char *kind = call->caller.role == ROLE_AGENT ? "agent" : "token";
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
	api_fail_change(waiting.call, error);
}

void api_change(struct call *call, const struct identities_change *change, const char *action,
		api_changed *done, void *user)
{
	const struct api *api = call->context;
	struct identities_change whole = *change;
	struct waiting *waiting = mem_alloc(sizeof *waiting);

	*waiting = (struct waiting){ call, done, user };
	whole.audit.at_ms = identities_now_ms(api->identities);
	if (!whole.audit.who)
		whole.audit.who = api_who(call);
	whole.audit.origin = api_origin(call);
	whole.audit.action = action;
	if (pipeline_is_ready(api->pipeline) &&
	    identities_submit(api->identities, &whole, on_changed, waiting) == STATUS_OK)
		return;
	free(waiting);
	call_answer_not_stored(call);
}

const struct problem api_unreadable = {
	.status = 503,
	.code = "not_readable",
	.detail = "The store cannot be read at this moment.",
};

void api_answer_unreadable(struct call *call, const char *error)
{
	log_error("%s", error);
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

static bool get_limit(const char *text, size_t *out)
{
	int64_t value = 0;
	bool valid = number_parse(text, 1, API_MAX_LIMIT, &value);

	*out = (size_t)value;
	return valid;
}

bool api_is_one_page(const struct query_string *query)
{
	return query_string_count(query, "limit") <= 1 && query_string_count(query, "cursor") <= 1;
}

static const struct problem invalid_page = {
	.status = 400,
	.code = "invalid_query",
	.detail = "The query may have limit, from 1 to 1000, and cursor, as a Link field gives it.",
};

bool api_read_page_with(struct call *call, struct api_page *out, const char *key,
			const char **value)
{
	struct query_string query;
	bool valid = query_string_read(call->request->query, &call->arena, &query) == STATUS_OK &&
		     api_is_one_page(&query) && (!key || query_string_count(&query, key) <= 1);

	*out = (struct api_page){ .limit = API_DEFAULT_LIMIT };
	for (size_t i = 0; valid && i < query.n; i++) {
		if (strcmp(query.pairs[i].key, "limit") == 0)
			valid = get_limit(query.pairs[i].value, &out->limit);
		else if (strcmp(query.pairs[i].key, "cursor") == 0)
			out->cursor = query.pairs[i].value;
		else if (key && strcmp(query.pairs[i].key, key) == 0)
			*value = query.pairs[i].value;
		else
			valid = false;
	}
	if (!valid)
		call_answer_problem(call, &invalid_page);
	return valid;
}

bool api_read_page_and_place(struct call *call, struct api_page *out, int64_t *place)
{
	if (!api_read_page(call, out))
		return false;
	if (!out->cursor || number_parse(out->cursor, 0, INT64_MAX, place))
		return true;
	call_answer_problem(call, &invalid_page);
	return false;
}

bool api_read_page(struct call *call, struct api_page *out)
{
	return api_read_page_with(call, out, NULL, NULL);
}

const char *api_link_next(struct call *call, const char *path, const char *query, size_t limit,
			  const char *cursor)
{
	struct buffer out;

	buffer_init(&out);
	buffer_add_text(&out, query);
	query_string_add(&out, "limit", arena_printf(&call->arena, "%zu", limit));
	query_string_add(&out, "cursor", cursor);
	const char *field =
		arena_printf(&call->arena, "Link: <%s?%s>; rel=\"next\"\r\n", path, out.bytes);
	buffer_deinit(&out);
	return field;
}
