/* GET /v1/deliveries, POST /v1/deliveries/{id}/retry. */
#include <inttypes.h>
#include <string.h>

#include "collector/api_alerts.h"
#include "collector/json_add.h"
#include "collector/problem.h"
#include "proto/timestamp.h"

static const enum record_delivery_state order[] = { RECORD_DELIVERY_WAITING, RECORD_DELIVERY_DEAD,
						    RECORD_DELIVERY_DONE };
#define N_STATES (sizeof order / sizeof *order)

static const char *state_name(enum record_delivery_state state)
{
	switch (state) {
	case RECORD_DELIVERY_WAITING:
		return "waiting";
	case RECORD_DELIVERY_DEAD:
		return "dead";
	default:
		return "done";
	}
}

/* A list on its way. */
struct listing {
	struct call *call;
	struct api_selection selection;
	size_t at_state; /* in order[] */
	int64_t before;  /* ids below it */
	size_t n;
	int64_t last; /* the id that was shown last, and its place in order[] */
	size_t last_state;
	bool more;
	struct buffer out;
};

static void add_delivery(struct buffer *out, const struct record_delivery *row)
{
	bool waits = row->state == RECORD_DELIVERY_WAITING;

	buffer_printf(out, "{\"id\":\"%" PRId64 "\",\"hook\":", row->id);
	json_add_string(out, row->hook);
	buffer_printf(out, ",\"state\":\"%s\",\"made_at\":", state_name(row->state));
	json_add_time(out, row->made_ms);
	buffer_add_text(out, ",\"next_at\":");
	json_add_time(out, waits ? row->next_ms : TIMESTAMP_NONE);
	buffer_add_text(out, ",\"ended_at\":");
	json_add_time(out, row->ended_ms);
	buffer_printf(out, ",\"attempts\":%" PRId64 ",\"result\":", row->attempts);
	json_add_string(out, *row->result ? row->result : NULL);
	buffer_add_char(out, '}');
}

static enum status add_row(void *user, const struct record_delivery *row)
{
	struct listing *l = user;

	if (!api_selects(&l->selection, "hook", row->hook))
		return STATUS_OK;
	if (l->n == l->selection.page.limit) {
		l->more = true;
		return STATUS_LIMIT; /* enough */
	}
	buffer_add_text(&l->out, l->n++ ? ",\n" : "");
	add_delivery(&l->out, row);
	l->last = row->id;
	l->last_state = l->at_state;
	return STATUS_OK;
}

static bool allows(const struct query_pair *pair)
{
	if (strcmp(pair->key, "state") == 0)
		return strcmp(pair->value, "waiting") == 0 || strcmp(pair->value, "dead") == 0 ||
		       strcmp(pair->value, "done") == 0;
	return strcmp(pair->key, "hook") == 0;
}

static bool read_query(struct listing *l)
{
	static const char detail[] = "The query may have state (waiting, dead, done), hook, limit "
				     "from 1 to 1000, and cursor, as a Link field gives it.";
	static const struct problem invalid = { .status = 400,
						.code = "invalid_query",
						.detail = detail };

	if (!api_read_selection(l->call, allows, detail, &l->selection))
		return false;
	if (api_read_place(l->selection.page.cursor, N_STATES, &l->at_state, &l->before))
		return true;
	problem_answer(l->call, &invalid);
	return false;
}

void api_delivery_list(struct call *call)
{
	const struct api *api = call->context;
	struct listing l = { .call = call };
	char error[STORE_ERROR_SIZE];
	enum status status = STATUS_OK;
	const char *next = NULL;

	if (!read_query(&l))
		return;
	buffer_init(&l.out);
	buffer_add_text(&l.out, "{\"deliveries\":[\n");
	for (; status == STATUS_OK && l.at_state < N_STATES; l.at_state++, l.before = INT64_MAX) {
		if (api_selects(&l.selection, "state", state_name(order[l.at_state])))
			status = store_read_deliveries(identities_store(api->identities),
						       order[l.at_state], l.before, add_row, &l,
						       error);
	}
	if (status != STATUS_OK && status != STATUS_LIMIT) {
		buffer_deinit(&l.out);
		pipeline_fail(api->pipeline, error);
		problem_answer_not_stored(call);
		return;
	}
	buffer_add_text(&l.out, "]}\n");
	if (l.more)
		next = api_selection_next(
			call, "/v1/deliveries", &l.selection,
			arena_printf(&call->arena, "%zu.%" PRId64, l.last_state, l.last));
	api_answer_json(call, 200, &l.out, next);
}

static void on_retried(void *user, enum status status, const char *error)
{
	struct call *call = user;
	const struct api *api = call->context;

	if (status == STATUS_OK) {
		api_answer_nothing(call, NULL);
		return;
	}
	pipeline_fail(api->pipeline, error);
	problem_answer_not_stored(call);
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
		problem_answer(call, &unknown);
	else if (status == STATUS_CONFLICT)
		problem_answer(call, &delivered);
	else if (status != STATUS_OK)
		problem_answer_not_stored(call);
}
