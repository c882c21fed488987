#include "collector/api/list.h"

#include <string.h>

#include "collector/http/call.h"
#include "collector/http/problem.h"
#include "collector/model/record_identity.h"
#include "proto/json/write.h"

static enum status add_agent(void *user, const struct record_identity *agent)
{
	struct api_list *list = user;
	struct buffer *out = &list->out;

	enum status status = api_list_add(list, "%s", agent->name);
	if (status != STATUS_OK)
		return status;
	json_open_object(out, NULL);
	json_put_text(out, "id", agent->id);
	json_put_text(out, "host", agent->name);
	json_put_time(out, "enrolled_at", agent->made_at_ms);
	json_put_text(out, "secret", agent->made_by);
	json_close_object(out);
	return STATUS_OK;
}

static const struct problem *begin_agents(struct api_list *list)
{
	const struct api *api = list->call->context;
	size_t n = identities_count(api->identities, RECORD_KIND_AGENT);

	json_put_integer(&list->out, "enrolled", (int64_t)n);
	return NULL;
}

static enum status read_agents(struct api_list *list, char error[STORE_ERROR_SIZE])
{
	return store_read_identities(list->reader, RECORD_KIND_AGENT,
				     list->cursor ? list->cursor : "", list->limit + 1, add_agent,
				     list, error);
}

void api_agent_list(struct call *call)
{
	static const struct api_list_kind kind = {
		.member = "agents",
		.query = API_LIST_ANY_PAGE,
		.begin = begin_agents,
		.read = read_agents,
	};
	api_list_answer(call, &kind, NULL);
}

void api_agent_delete(struct call *call)
{
	static const struct problem unknown = { .status = 404,
						.code = "unknown_agent",
						.detail = "No agent of this id is enrolled." };
	static const struct problem not_yours = { .status = 403,
						  .code = "wrong_agent",
						  .detail = "An agent may release only itself." };
	const struct api *api = call->context;
	const char *id = call->params[0];
	const char *host = identities_agent_host(api->identities, id);
	struct record_identity agent = { .kind = RECORD_KIND_AGENT, .name = host, .id = id };
	struct identities_change change = { .drop = &agent };

	if (call->caller.role == ROLE_AGENT && strcmp(call->caller.id, id) != 0)
		call_answer_problem(call, &not_yours);
	else if (!host)
		call_answer_problem(call, &unknown);
	else
		api_change(call, &change, "agent.release", api_answer_dropped, NULL);
}
