/* What the handlers of servers answer alike; declared in collector/api/servers.h. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>

#include "collector/api/handler.h"
#include "collector/api/servers.h"
#include "collector/http/call.h"
#include "collector/http/problem.h"
#include "collector/query/inventory.h"
#include "collector/query/site_tally.h"
#include "proto/base/buffer.h"
#include "proto/base/timestamp.h"

bool api_list_servers(struct call *call, struct server_list *out)
{
	const struct api *api = call->context;
	char error[STORE_ERROR_SIZE];

	if (inventory_list(api->inventory, pipeline_fleet(api->pipeline), &call->arena, out,
			   error) == STATUS_OK)
		return true;
	api_answer_unreadable(call, error);
	return false;
}

bool api_tally_sites(struct call *call, struct site_tally **out, size_t *n)
{
	struct server_list list;

	if (!api_list_servers(call, &list))
		return false;
	site_tally_make(&list, &call->arena, out, n);
	return true;
}

const char *api_make_etag(const struct api *api, uint64_t tag, struct arena *arena)
{
	return arena_printf(arena, "W/\"%016" PRIx64 "-%016" PRIx64 "\"", api->epoch, tag);
}

void api_answer_tagged(struct call *call, struct buffer *body, const char *etag, const char *fields)
{
	struct answer answer = {
		.status = 200, .content_type = "application/json", .etag = etag, .fields = fields
	};
	answer.body = buffer_take(body, &answer.size);
	call_answer(call, &answer);
}

bool api_read_filter(struct call *call, struct server_filter *out)
{
	struct problem problem = { .status = 400, .code = "invalid_query" };

	const struct api *api = call->context;

	problem.detail = server_filter_read(call->request->query, &call->arena, out);
	out->remarks = alerting_remarks(api->alerting);
	if (problem.detail)
		call_answer_problem(call, &problem);
	return !problem.detail;
}

/* The server was removed, and has not come back. */
static void answer_gone(struct call *call, const struct record_removal *removal)
{
	char at[TIMESTAMP_TEXT_SIZE];
	struct problem gone = { .status = 410, .code = "removed_server" };

	gone.detail = arena_printf(&call->arena, "This server was removed at %s by %s%s%s.",
				   timestamp_format(removal->at_ms, at), removal->by,
				   *removal->reason ? ": " : "", removal->reason);
	call_answer_problem(call, &gone);
}

void api_answer_absent(struct call *call)
{
	static const struct problem unknown = { .status = 404,
						.code = "unknown_server",
						.detail = "No server of this name has reported." };
	const struct api *api = call->context;
	const struct record_removal *removal =
		fleet_find_removal(pipeline_fleet(api->pipeline), call->params[0]);

	if (removal)
		answer_gone(call, removal);
	else
		call_answer_problem(call, &unknown);
}
