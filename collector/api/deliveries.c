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

static void add_about(struct buffer *out, const struct record_about *about)
{
	if (!*about->alert) {
		json_put_null(out, "about");
		return;
	}
	json_open_object(out, "about");
	json_put_text(out, "alert", about->alert);
	json_put_text(out, "server", about->server);
	json_put_text(out, "condition", about->condition);
	json_put_integer(out, "alerts", about->n_alerts);
	json_close_object(out);
}

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
	add_about(out, &row->about);
	json_close_object(out);
}

static enum status add_row(void *user, const struct record_delivery *row)
{
	struct api_list *list = user;

	if (!api_list_selects(list, "hook", row->hook))
		return STATUS_OK;
	enum status status = api_list_add(list, "%zu.%" PRId64, list->state, row->id);
	if (status == STATUS_OK)
		add_delivery(&list->out, row, state_names[list->state]);
	return status;
}

static bool allows(const struct api_list *list, const struct query_string_pair *pair)
{
	return strcmp(pair->key, "hook") == 0 || api_list_allows_state(list, pair);
}

static enum status read_state(struct api_list *list, size_t state, char error[STORE_ERROR_SIZE])
{
	return store_read_deliveries(list->reader, order[state], list->place, add_row, list, error);
}

void api_delivery_list(struct call *call)
{
	static const struct api_list_kind kind = {
		.member = "deliveries",
		.query = "The query may have state (waiting, dead, done), hook, limit from 1 to "
			 "1000, and cursor, as a Link field gives it.",
		.allows = allows,
		.begin = api_list_begin_states,
		.read = api_list_read_states,
		.states = state_names,
		.n_states = N_STATES,
		.read_state = read_state,
		.begins_line = true,
	};
	api_list_answer(call, &kind, NULL);
}

static void on_retried(void *user, enum status status, const char *error)
{
	struct call *call = user;

	if (status == STATUS_OK)
		api_answer_nothing(call, NULL);
	else
		api_fail_change(call, error);
}

/* A delivery that is to be sent again; in the call's arena. */
struct resending {
	int64_t id;
	struct arena *arena;
	struct record_delivery row;
};

static enum status read_delivery(const struct store_connection *reader, void *user,
				 char error[STORE_ERROR_SIZE])
{
	struct resending *r = user;
	return store_read_delivery(reader, r->id, r->arena, &r->row, error);
}

static void resend(struct call *call, void *user, enum status status)
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
	const struct resending *r = user;
	struct record_audit audit =
		api_audit(call, "delivery.retry", RECORD_KIND_ALERT, call->params[0]);

	if (status == STATUS_OK)
		status = outbox_retry(alerting_outbox(api->alerting), &r->row, &audit, on_retried,
				      call);
	api_answer_refused(call, status,
			   status == STATUS_CONFLICT    ? &delivered
			   : status == STATUS_NOT_FOUND ? &unknown
							: NULL);
}

void api_delivery_retry(struct call *call)
{
	struct resending *r = arena_alloc(&call->arena, sizeof *r);

	*r = (struct resending){ .id = api_path_id(call), .arena = &call->arena };
	api_ask(call, &(struct api_question){ read_delivery, resend, NULL, r, STORE_LOOK_UP });
}
