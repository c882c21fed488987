/* GET /v1/collectors, POST /v1/collectors/{node}/handover, DELETE /v1/collectors/{node}. */
#include <stdlib.h>
#include <string.h>

#include "collector/api/handler.h"
#include "collector/cluster/collectors.h"
#include "collector/http/call.h"
#include "collector/http/problem.h"
#include "proto/base/mem.h"
#include "proto/base/timestamp.h"
#include "proto/json/write.h"

static void put_collector(struct buffer *out, const struct store_look *look,
			  const struct record_collector *collector, struct arena *arena)
{
	const struct record_collector *judge = collectors_judge(look);
	bool runs = collectors_runs(look, collector);

	json_open_object(out, NULL);
	json_put_text(out, "node", collector->node);
	json_put_text(out, "state", record_collector_state_name(collector->state));
	json_put_time(out, "since", collector->since_ms);
	json_put_bool(out, "judges", collector == judge);
	json_put_bool(out, "runs", runs);
	json_put_time(out, "seen_at", collector->seen_ms);
	json_put_integer(out, "silent_ms", look->now_ms - collector->seen_ms);
	json_put_text(out, "version", collector->version);
	json_put_text(out, "url", collector->url[0] ? collector->url : NULL);
	json_put_integer(out, "clock_ahead_ms", collectors_clock_ahead_ms(collector));
	json_put_text(out, "settings_differ",
		      judge && runs ? collectors_differ(judge, collector, arena) : "");
	json_close_object(out);
}

void api_collector_list(struct call *call)
{
	const struct api *api = call->context;
	const struct store_look *look = api->member ? member_look(api->member) : NULL;
	struct buffer out;

	if (!api_has_no_query(call))
		return;
	buffer_init(&out);
	json_open_object(&out, NULL);
	json_put_text(&out, "judge", look && look->lease.token[0] ? look->lease.node : NULL);
	json_put_time(&out, "judges_since",
		      look && look->taken_ms >= 0 ? look->taken_ms : TIMESTAMP_NONE);
	json_put_integer(&out, "lease", look ? look->lease.epoch : 0);
	json_open_array(&out, "collectors");
	for (size_t i = 0; look && i < look->n; i++)
		put_collector(&out, look, &look->collectors[i], &call->arena);
	json_close_array(&out);
	json_finish(&out);
	api_answer_json(call, 200, &out, NULL);
}

/* A change on its way to the store, which needs its texts until then. */
struct order {
	struct call *call;
	struct record_audit audit;
};

static void on_stored(void *user, enum status status, const char *error)
{
	struct order *order = user;

	if (status == STATUS_OK)
		api_answer_nothing(order->call, NULL);
	else
		api_fail_change(order->call, error);
	free(order);
}

static void submit(struct call *call, struct store_change *change, const char *action)
{
	const struct api *api = call->context;
	struct order *order = mem_alloc(sizeof *order);

	*order = (struct order){ call, api_audit(call, action, RECORD_KIND_NONE, call->params[0]) };
	change->audit = &order->audit;
	change->done = on_stored;
	change->user = order;
	if (store_submit(api->store, change) == STATUS_OK)
		return;
	free(order);
	call_answer_not_stored(call);
}

/* False: it may not, and the call is answered. */
static bool may(struct call *call,
		enum status (*ask)(const struct store_look *look, const char *node),
		const struct problem *conflict)
{
	static const struct problem unknown = { .status = 404,
						.code = "unknown_collector",
						.detail = "No collector of this name shares the "
							  "database." };
	const struct api *api = call->context;
	const struct store_look *look = api->member ? member_look(api->member) : NULL;

	enum status status = look ? ask(look, call->params[0]) : STATUS_NOT_FOUND;
	if (status == STATUS_OK)
		return true;
	call_answer_problem(call, status == STATUS_NOT_FOUND ? &unknown : conflict);
	return false;
}

void api_collector_handover(struct call *call)
{
	static const struct problem conflict = { .status = 409,
						 .code = "not_standing_by",
						 .detail = "This collector does not stand by." };

	if (may(call, collectors_may_judge, &conflict))
		submit(call, &(struct store_change){ .hand_over_to = call->params[0] },
		       "collector.handover");
}

void api_collector_forget(struct call *call)
{
	static const struct problem conflict = { .status = 409,
						 .code = "collector_runs",
						 .detail = "This collector runs; it would be there "
							   "again at once." };

	if (may(call, collectors_may_be_forgotten, &conflict))
		submit(call, &(struct store_change){ .forget_collector = call->params[0] },
		       "collector.forget");
}
