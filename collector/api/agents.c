#include "collector/api/handler.h"

#include <string.h>

#include "collector/http/call.h"
#include "collector/http/problem.h"
#include "collector/model/record_identity.h"
#include "proto/json/write.h"

/* A page of agents under construction. */
struct list {
	struct call *call;
	struct buffer out;
	size_t n;
	size_t limit;
	const char *last; /* name of the last one in it */
	bool more;
};

static enum status add_agent(void *user, const struct record_identity *agent)
{
	struct list *list = user;

	if (list->n == list->limit) {
		list->more = true;
		return STATUS_OK;
	}
	list->n++;
	json_put_line(&list->out);
	json_open_object(&list->out, NULL);
	json_put_text(&list->out, "id", agent->id);
	json_put_text(&list->out, "host", agent->name);
	json_put_time(&list->out, "enrolled_at", agent->made_at_ms);
	json_put_text(&list->out, "secret", agent->made_by);
	json_close_object(&list->out);
	list->last = arena_strdup(&list->call->arena, agent->name);
	return STATUS_OK;
}

void api_agent_list(struct call *call)
{
	const struct api *api = call->context;
	struct api_page page;
	char error[STORE_ERROR_SIZE];

	if (!api_read_page(call, &page))
		return;
	struct list list = { .call = call, .limit = page.limit };
	buffer_init(&list.out);
	json_open_object(&list.out, NULL);
	json_put_integer(&list.out, "enrolled",
			 (int64_t)identities_count(api->identities, RECORD_KIND_AGENT));
	json_open_array(&list.out, "agents");
	if (store_read_identities(identities_store(api->identities), RECORD_KIND_AGENT,
				  page.cursor ? page.cursor : "", page.limit + 1, add_agent, &list,
				  error) != STATUS_OK) {
		buffer_deinit(&list.out);
		api_answer_unreadable(call, error);
		return;
	}
	json_close_array(&list.out);
	json_finish(&list.out);
	api_answer_json(call, 200, &list.out,
			list.more ? api_link_next(call, "/v1/agents", "", page.limit, list.last)
				  : NULL);
}

static void on_released(struct call *call, void *user, enum status status)
{
	(void)user;
	(void)status; /* one that is gone already is as it should be */
	api_answer_nothing(call, NULL);
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
		api_change(call, &change, "agent.release", on_released, NULL);
}
