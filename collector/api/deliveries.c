/* GET /v1/deliveries, POST /v1/deliveries/{id}/retry. */
#include <inttypes.h>
#include <string.h>

#include "collector/api/alerts.h"
#include "collector/http/call.h"
#include "collector/http/problem.h"
#include "collector/model/record_alert.h"
#include "collector/model/record_identity.h"
#include "proto/base/timestamp.h"
#include "proto/json/write.h"

static const enum record_delivery_state order[] = { RECORD_DELIVERY_WAITING, RECORD_DELIVERY_DEAD,
						    RECORD_DELIVERY_DONE };
static const char *const state_names[] = { "waiting", "dead", "done" };
#define N_STATES (sizeof order / sizeof *order)

static void add_delivery(struct buffer *out, const struct record_delivery *row, const char *state)
{
	bool waits = row->state == RECORD_DELIVERY_WAITING;

	json_open_object(out, NULL);
	json_put_id(out, "id", row->id);
	json_put_text(out, "hook", row->hook);
	json_put_text(out, "state", state);
	json_put_time(out, "made_at", row->made_ms);
	json_put_time(out, "next_at", waits ? row->next_ms : TIMESTAMP_NONE);
	json_put_time(out, "ended_at", row->ended_ms);
	json_put_integer(out, "attempts", row->attempts);
	json_put_text(out, "result", *row->result ? row->result : NULL);
	json_close_object(out);
}

static enum status add_row(void *user, const struct record_delivery *row)
{
	struct api_state_list *l = user;

	if (!api_selects(&l->selection, "hook", row->hook))
		return STATUS_OK;
	enum status status = api_state_list_add(l, row->id);
	if (status == STATUS_OK)
		add_delivery(&l->out, row, state_names[l->at_state]);
	return status;
}

static bool allows(const struct query_string_pair *pair)
{
	if (strcmp(pair->key, "state") == 0)
		return api_state_list_has(state_names, N_STATES, pair->value);
	return strcmp(pair->key, "hook") == 0;
}

static enum status read_state(struct api_state_list *l, size_t state, int64_t before,
			      char error[STORE_ERROR_SIZE])
{
	const struct api *api = l->call->context;
	return store_read_deliveries(identities_store(api->identities), order[state], before,
				     add_row, l, error);
}

void api_delivery_list(struct call *call)
{
	static const struct api_state_list_kind kind = {
		.path = "/v1/deliveries",
		.member = "deliveries",
		.detail = "The query may have state (waiting, dead, done), hook, limit from 1 to "
			  "1000, and cursor, as a Link field gives it.",
		.allows = allows,
		.names = state_names,
		.n = N_STATES,
		.read = read_state,
	};
	api_state_list_answer(call, &kind);
}

static void on_retried(void *user, enum status status, const char *error)
{
	struct call *call = user;

	if (status == STATUS_OK)
		api_answer_nothing(call, NULL);
	else
		api_fail_change(call, error);
}

void api_delivery_retry(struct call *call)
{
	static const struct problem unknown = { .status = 404,
						.code = "unknown_delivery",
						.detail = "There is no delivery of this id." };
	static const struct problem delivered = {
		.status = 409,
		.code = "delivered",
		.detail = "It was delivered, or is under way just now.",
	};
	const struct api *api = call->context;
	struct record_audit audit = api_alert_audit(call, "delivery.retry", call->params[0]);
	char error[STORE_ERROR_SIZE];

	enum status status = outbox_retry(alerting_outbox(api->alerting), api_path_id(call), &audit,
					  on_retried, call, error);
	if (status == STATUS_NOT_FOUND)
		call_answer_problem(call, &unknown);
	else if (status == STATUS_CONFLICT)
		call_answer_problem(call, &delivered);
	else if (status != STATUS_OK)
		call_answer_not_stored(call);
}
