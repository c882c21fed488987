/* DELETE /v1/servers/{name}: a server that was decommissioned leaves the fleet. */
#include <stdlib.h>
#include <string.h>

#include "collector/api/handler.h"
#include "collector/http/call.h"
#include "collector/http/problem.h"
#include "collector/http/query_string.h"
#include "collector/model/record_identity.h"
#include "collector/model/record_report.h"
#include "proto/base/mem.h"

/* NULL where the query has anything but a reason; the call is answered then. */
static const char *read_reason(struct call *call)
{
	static const struct problem invalid = {
		.status = 400,
		.code = "invalid_query",
		.detail = "The query may have a reason of up to 1024 bytes, percent-encoded.",
	};
	struct query_string query;
	const char *reason = "";
	bool valid = query_string_read(call->request->query, &call->arena, &query) == STATUS_OK;

	for (size_t i = 0; valid && i < query.n; i++) {
		valid = strcmp(query.pairs[i].key, "reason") == 0 &&
			strlen(query.pairs[i].value) <= API_MAX_STRING;
		reason = query.pairs[i].value;
	}
	if (!valid)
		call_answer_problem(call, &invalid);
	return valid ? reason : NULL;
}

static void on_removed(void *user, bool durable)
{
	struct call *call = user;

	if (durable)
		api_answer_nothing(call, NULL);
	else
		call_answer_not_stored(call);
}

/* The line of the audit log; in the arena of the changes, which live as long as it is needed. */
static const struct record_audit *make_audit(struct call *call, const struct changes *changes,
					     struct arena *arena)
{
	struct record_audit *audit = arena_alloc(arena, sizeof *audit);

	*audit = (struct record_audit){
		.at_ms = changes->removal->at_ms,
		.who = changes->removal->by,
		.origin = arena_strdup(arena, api_origin(call)),
		.action = "server.remove",
		.kind = RECORD_KIND_SERVER,
		.object = changes->removal->key,
	};
	return audit;
}

static void remove_server(struct call *call, const struct view *view, const char *reason)
{
	const struct api *api = call->context;
	struct record_removal removal = {
		.key = view->key,
		.server = view->server,
		.at_ms = pipeline_now_ms(api->pipeline),
		.by = api_who(call),
		.reason = reason,
	};
	struct changes *changes = NULL;
	char error[FLEET_ERROR_SIZE] = "it is being removed already";

	enum status status = fleet_remove(pipeline_fleet(api->pipeline), &removal, removal.at_ms,
					  &changes, error);
	if (status != STATUS_OK) {
		if (status != STATUS_NOT_FOUND)
			pipeline_fail(api->pipeline, error);
		call_answer_not_stored(call);
		return;
	}
	changes->audit = make_audit(call, changes, &changes->arena);
	if (pipeline_submit(api->pipeline, changes, on_removed, call) != STATUS_OK)
		call_answer_not_stored(call);
}

void api_server_delete(struct call *call)
{
	static const struct problem unknown = { .status = 404,
						.code = "unknown_server",
						.detail = "No server of this name has reported." };
	const struct api *api = call->context;
	const struct view *view = fleet_find(pipeline_fleet(api->pipeline), call->params[0]);
	const char *reason = read_reason(call);

	if (!reason)
		return;
	if (!view)
		call_answer_problem(call, &unknown);
	else if (pipeline_may_take(api->pipeline))
		remove_server(call, view, reason);
	else
		call_answer_not_stored(call);
}
