/*
 * POST /v1/sites/{org}/{site}/what-if: what the rule would say if something were changed. Nothing
 * is stored. In one turn of the loop: what is asked is about one moment, and only what changes is
 * read.
 */
#include <string.h>

#include "collector/api/handler.h"
#include "collector/api/plans.h"
#include "collector/fleet/site_facts.h"
#include "collector/http/call.h"
#include "collector/http/problem.h"
#include "collector/plans/answer.h"
#include "proto/json/write.h"

struct fleet_site_facts *api_site_facts(struct call *call)
{
	static const struct problem too_large = {
		.status = 422,
		.code = "site_too_large",
		.detail = "The site has more than 2000 servers, too many for what-if and plan.",
	};
	const struct api *api = call->context;
	const char *organization = strcmp(call->params[0], "-") == 0 ? "" : call->params[0];
	const char *site = strcmp(call->params[1], "-") == 0 ? "" : call->params[1];
	struct fleet_site_facts *facts = NULL;

	enum status status =
		fleet_site_facts_new(pipeline_fleet(api->pipeline), organization, site, &facts);
	if (status != STATUS_OK)
		call_answer_problem(call, status == STATUS_LIMIT ? &too_large : &api_unknown_site);
	return facts;
}

static void refuse(struct call *call, const struct what_if_error *error)
{
	const struct problem problem = {
		.status = 422,
		.code = error->code,
		.detail = "A change is none that this site could have.",
		.pointer = arena_printf(&call->arena, "/changes/%zu", error->change),
		.pointer_note = error->detail,
	};

	call_answer_problem(call, &problem);
}

static void answer(struct call *call, struct fleet_site_facts *facts, const struct change *changes,
		   size_t n)
{
	const struct api *api = call->context;
	struct what_if *w = what_if_new(fleet_site_facts_get(facts));
	struct what_if_error error;
	struct buffer out;

	buffer_init(&out);
	json_open_object(&out, NULL);
	json_put_time(&out, "as_of", pipeline_now_ms(api->pipeline));
	enum status status =
		what_if_answer(w, fleet_site_facts_get(facts), changes, n, &out, &error);
	json_finish(&out);
	if (status == STATUS_OK) {
		api_answer_json(call, 200, &out, NULL);
	} else {
		buffer_deinit(&out);
		if (status == STATUS_INVALID)
			refuse(call, &error);
		else
			api_answer_unreadable(call, fleet_site_facts_error(facts));
	}
	what_if_free(w);
}

void api_what_if_post(struct call *call)
{
	struct json_reading in;
	struct json_place root;
	size_t n;

	if (!api_has_no_query(call) || !api_is_json(call))
		return;
	api_begin_body(call, &in, &root);
	const struct change *changes = change_read_list(&in, &root, &n);
	if (!api_end_body(call, &in))
		return;
	struct fleet_site_facts *facts = api_site_facts(call);
	if (!facts)
		return;
	answer(call, facts, changes, n);
	fleet_site_facts_free(facts);
}
