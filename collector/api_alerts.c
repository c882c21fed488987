/* GET /v1/alerts, and POST and DELETE /v1/alerts/{id}/acknowledge. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "collector/api_alerts.h"
#include "collector/events.h"
#include "collector/json_add.h"
#include "collector/problem.h"
#include "proto/timestamp.h"

/* Firing ones first, then those that may, then what is over. */
static const enum record_alert_state order[] = { RECORD_ALERT_FIRING, RECORD_ALERT_PENDING,
						 RECORD_ALERT_RESOLVED };
#define N_STATES (sizeof order / sizeof *order)

static const char *state_name(enum record_alert_state state)
{
	switch (state) {
	case RECORD_ALERT_PENDING:
		return "pending";
	case RECORD_ALERT_FIRING:
		return "firing";
	default:
		return "resolved";
	}
}

static void add_member(struct buffer *out, const char *name, const char *text)
{
	buffer_printf(out, ",\"%s\":", name);
	json_add_string(out, *text ? text : NULL);
}

static void add_time(struct buffer *out, const char *name, int64_t ms)
{
	buffer_printf(out, ",\"%s\":", name);
	json_add_time(out, ms);
}

/* One that held until some time is gone with it, but for what was over before. */
static void add_acknowledgement(struct buffer *out, const struct record_alert *alert,
				int64_t now_ms)
{
	if (!alerts_is_acknowledged(
		    alert, alert->state == RECORD_ALERT_RESOLVED ? alert->resolved_ms : now_ms)) {
		buffer_add_text(out, ",\"acknowledged\":null");
		return;
	}
	buffer_add_text(out, ",\"acknowledged\":{\"by\":");
	json_add_string(out, alert->acknowledged_by);
	buffer_add_text(out, ",\"comment\":");
	json_add_string(out, alert->comment);
	add_time(out, "at", alert->acknowledged_ms);
	add_time(out, "until", alert->acknowledged_until_ms);
	buffer_add_char(out, '}');
}

static void add_silences(struct buffer *out, const struct alerts *alerts,
			 const struct record_alert *alert, int64_t now_ms)
{
	const char *comma = "";

	buffer_add_text(out, ",\"silenced_by\":[");
	for (size_t i = 0; i < alerts_count_silences(alerts); i++) {
		const struct record_silence *silence = alerts_silence(alerts, i);
		if (!alerts_is_silenced_by(silence, alert, now_ms))
			continue;
		buffer_printf(out, "%s\"%" PRId64 "\"", comma, silence->id);
		comma = ",";
	}
	buffer_add_char(out, ']');
}

static const char *told_name(enum record_alert_told told)
{
	static const char *const names[] = { "nothing", "firing", "resolved" };
	return names[told];
}

void api_alert_add(struct alerting *alerting, const struct record_alert *alert, int64_t now_ms,
		   struct arena *arena, struct buffer *out)
{
	const struct alerts *alerts = alerting_alerts(alerting);

	buffer_printf(out, "{\"id\":\"%" PRId64 "\",\"server\":", alert->id);
	json_add_string(out, alert->server);
	add_member(out, "organization", alert->organization);
	add_member(out, "site", alert->site);
	add_member(out, "condition", condition_name(alert->condition));
	add_member(out, "state", state_name(alert->state));
	add_time(out, "since", alert->since_ms);
	add_time(out, "fired_at", alert->fired_ms);
	add_time(out, "resolved_at", alert->resolved_ms);
	add_member(out, "verdict", alert->verdict);
	add_member(out, "reason", alert->reason);
	buffer_add_text(out, ",\"text\":");
	json_add_string(out, alert->text);
	add_member(out, "remedy", alert->remedy);
	add_member(out, "url", alerts_url(alerts, alert, arena));
	add_member(out, "cause", alert->cause);
	buffer_printf(out, ",\"flapping\":%s", alert->flapping ? "true" : "false");
	add_acknowledgement(out, alert, now_ms);
	add_silences(out, alerts, alert, now_ms);
	buffer_add_text(out, ",\"maintenance\":");
	json_add_string(out, alerts_maintenance_of(alerts, alert, now_ms));
	buffer_add_text(out, ",\"deliveries\":{\"told\":");
	json_add_string(out, told_name(alert->told));
	add_time(out, "told_at", alert->told_ms);
	buffer_add_text(out, "}}");
}

void api_alert_tell(const struct api *api, const struct record_alert *alert)
{
	struct buffer data;
	struct arena arena;

	arena_init(&arena);
	buffer_init(&data);
	api_alert_add(api->alerting, alert, pipeline_now_ms(api->pipeline), &arena, &data);
	events_add(api->events, "alert", &data);
	arena_deinit(&arena);
}

/* A list on its way. */
struct listing {
	struct call *call;
	struct alerting *alerting;
	struct api_selection selection;
	int64_t now_ms;
	size_t at_state; /* in order[] */
	int64_t before;  /* ids below it */
	size_t n;
	int64_t last; /* the id that was shown last, and its place in order[] */
	size_t last_state;
	bool more;
	struct buffer out;
};

static const char *yes_or_no(bool value)
{
	return value ? "true" : "false";
}

static enum status add_row(void *user, const struct record_alert *alert)
{
	struct listing *l = user;

	if (!api_selects(&l->selection, "condition", condition_name(alert->condition)) ||
	    !api_selects(&l->selection, "site", alert->site) ||
	    !api_selects(&l->selection, "server", alert->server) ||
	    !api_selects(&l->selection, "acknowledged", yes_or_no(*alert->acknowledged_by)))
		return STATUS_OK;
	if (l->n == l->selection.page.limit) {
		l->more = true;
		return STATUS_LIMIT; /* enough */
	}
	buffer_add_text(&l->out, l->n++ ? ",\n" : "");
	api_alert_add(l->alerting, alert, l->now_ms, &l->call->arena, &l->out);
	l->last = alert->id;
	l->last_state = l->at_state;
	return STATUS_OK;
}

static bool allows(const struct query_pair *pair)
{
	enum condition condition = CONDITION_COUNT;

	if (strcmp(pair->key, "state") == 0)
		return strcmp(pair->value, "pending") == 0 || strcmp(pair->value, "firing") == 0 ||
		       strcmp(pair->value, "resolved") == 0;
	if (strcmp(pair->key, "condition") == 0)
		return condition_from_name(pair->value, &condition);
	if (strcmp(pair->key, "acknowledged") == 0)
		return strcmp(pair->value, "true") == 0 || strcmp(pair->value, "false") == 0;
	return strcmp(pair->key, "site") == 0 || strcmp(pair->key, "server") == 0;
}

static bool read_query(struct listing *l)
{
	static const char detail[] = "The query may have state (pending, firing, resolved), "
				     "condition, site, server, acknowledged (true, false), limit "
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

static void answer(struct listing *l)
{
	const char *next = NULL;

	buffer_add_text(&l->out, "]}\n");
	if (l->more)
		next = api_selection_next(
			l->call, "/v1/alerts", &l->selection,
			arena_printf(&l->call->arena, "%zu.%" PRId64, l->last_state, l->last));
	api_answer_json(l->call, 200, &l->out, next);
}

static void fail(struct call *call, struct buffer *out, const char *error)
{
	const struct api *api = call->context;

	buffer_deinit(out);
	pipeline_fail(api->pipeline, error);
	problem_answer_not_stored(call);
}

void api_alert_list(struct call *call)
{
	const struct api *api = call->context;
	struct listing l = { .call = call,
			     .alerting = api->alerting,
			     .now_ms = pipeline_now_ms(api->pipeline) };
	char error[STORE_ERROR_SIZE];
	enum status status = STATUS_OK;

	if (!read_query(&l))
		return;
	buffer_init(&l.out);
	buffer_add_text(&l.out, "{\"alerts\":[\n");
	for (; status == STATUS_OK && l.at_state < N_STATES; l.at_state++, l.before = INT64_MAX) {
		if (api_selects(&l.selection, "state", state_name(order[l.at_state])))
			status = store_read_alerts(identities_store(api->identities),
						   order[l.at_state], l.before, add_row, &l, error);
	}
	if (status == STATUS_OK || status == STATUS_LIMIT)
		answer(&l);
	else
		fail(call, &l.out, error);
}

/* An acknowledgement, or its end. */

static const struct problem unknown = { .status = 404,
					.code = "unknown_alert",
					.detail =
						"There is no alert of this id that is not over." };

static enum status add_one(void *user, const struct record_alert *alert)
{
	struct listing *l = user;
	api_alert_add(l->alerting, alert, l->now_ms, &l->call->arena, &l->out);
	return STATUS_OK;
}

static void on_acknowledged(void *user, enum status status, const char *error)
{
	struct call *call = user;
	const struct api *api = call->context;
	struct listing l = { .call = call,
			     .alerting = api->alerting,
			     .now_ms = pipeline_now_ms(api->pipeline) };
	char why[STORE_ERROR_SIZE];
	(void)error; /* the pipeline was told */

	if (status != STATUS_OK) {
		problem_answer_not_stored(call);
		return;
	}
	buffer_init(&l.out);
	status = store_read_alert(identities_store(api->identities), api_path_id(call), add_one, &l,
				  why);
	buffer_add_char(&l.out, '\n');
	if (status == STATUS_OK)
		api_answer_json(call, 200, &l.out, NULL);
	else
		fail(call, &l.out, why);
}

static bool read_body(struct call *call, int64_t now_ms, const char **comment, int64_t *until_ms)
{
	struct json_reading in;
	struct json_place root;

	api_begin_body(call, &in, &root);
	json_get_text(&in, &root, "comment", comment);
	json_get_time(&in, &root, "until", until_ms);
	if (in.status == STATUS_OK && *until_ms != TIMESTAMP_NONE && *until_ms <= now_ms)
		json_refuse(&in, &root, "until", STATUS_INVALID, "expected a time to come");
	return api_end_body(call, &in);
}

static void answer_refused(struct call *call, enum status status)
{
	if (status == STATUS_NOT_FOUND)
		problem_answer(call, &unknown);
	else if (status != STATUS_OK)
		problem_answer_not_stored(call);
}

void api_acknowledge_post(struct call *call)
{
	const struct api *api = call->context;
	int64_t now_ms = pipeline_now_ms(api->pipeline);
	int64_t until_ms = TIMESTAMP_NONE;
	const char *comment = "";

	if (!api_is_json(call) || !read_body(call, now_ms, &comment, &until_ms))
		return;
	struct record_audit audit = api_alert_audit(call, "alert.acknowledge", call->params[0]);
	answer_refused(call,
		       alerting_acknowledge(api->alerting, api_path_id(call), audit.who, comment,
					    until_ms, &audit, on_acknowledged, call));
}

static void on_taken_back(void *user, enum status status, const char *error)
{
	(void)error; /* the pipeline was told */
	if (status == STATUS_OK)
		api_answer_nothing(user, NULL);
	else
		problem_answer_not_stored(user);
}

void api_acknowledge_delete(struct call *call)
{
	const struct api *api = call->context;
	struct record_audit audit = api_alert_audit(call, "alert.unacknowledge", call->params[0]);

	answer_refused(call, alerting_acknowledge(api->alerting, api_path_id(call), NULL, "",
						  TIMESTAMP_NONE, &audit, on_taken_back, call));
}
