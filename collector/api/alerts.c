/* GET /v1/alerts, and POST and DELETE /v1/alerts/{id}/acknowledge. */
#include <inttypes.h>
#include <string.h>

#include "collector/api/alerts.h"
#include "collector/http/event_stream.h"
#include "collector/http/call.h"
#include "collector/http/problem.h"
#include "collector/model/acknowledgements.h"
#include "collector/model/notification.h"
#include "collector/model/record_alert.h"
#include "collector/model/record_identity.h"
#include "proto/base/timestamp.h"
#include "proto/json/write.h"

/* Whatever the order: firing ones first, then those that may, then what is over. */
static const enum record_alert_state order[] = { RECORD_ALERT_FIRING, RECORD_ALERT_PENDING,
						 RECORD_ALERT_RESOLVED };
static const char *const state_names[] = { "firing", "pending", "resolved" };
#define N_STATES (sizeof order / sizeof *order)

static const char *state_name(enum record_alert_state state)
{
	size_t i = 0;
	while (i < N_STATES - 1 && order[i] != state)
		i++;
	return state_names[i];
}

static void put_text(struct buffer *out, const char *name, const char *text)
{
	json_put_text(out, name, *text ? text : NULL);
}

/* Now; or, of one that is over, until its end. */
static bool is_looked_after(const struct record_alert *alert, int64_t now_ms)
{
	bool over = alert->state == RECORD_ALERT_RESOLVED;
	return alerts_is_acknowledged(alert, over ? alert->resolved_ms : now_ms);
}

static void add_acknowledgement(struct buffer *out, const struct record_alert *alert,
				int64_t now_ms)
{
	if (!is_looked_after(alert, now_ms)) {
		json_put_null(out, "acknowledged");
		return;
	}
	json_open_object(out, "acknowledged");
	json_put_text(out, "by", alert->acknowledged_by);
	json_put_text(out, "comment", alert->comment);
	json_put_time(out, "at", alert->acknowledged_ms);
	json_put_time(out, "until", alert->acknowledged_until_ms);
	json_close_object(out);
}

/*
 * Who silences all by a thousand silences has a page of a thousand alerts say so a million times.
 */
#define MAX_SILENCED_BY 32

static void add_silences(struct buffer *out, const struct alerts *alerts,
			 const struct record_alert *alert, int64_t now_ms)
{
	const struct record_silence *silence;
	size_t at = 0;
	size_t n = 0;

	json_open_array(out, "silenced_by");
	while (n++ < MAX_SILENCED_BY && (silence = alerts_next_silence(alerts, alert, now_ms, &at)))
		json_put_id(out, NULL, silence->id);
	json_close_array(out);
}

/* A silence that is one of many is told with these, and not by itself. */
static void add_surroundings(struct buffer *out, const struct alerts *alerts,
			     const struct record_alert *alert)
{
	const struct record_alert *around =
		alert->state == RECORD_ALERT_FIRING ? alerts_surroundings_of(alerts, alert) : NULL;

	if (around)
		json_put_id(out, "inside", around->id);
	else
		json_put_null(out, "inside");
}

static const char *notified_name(enum record_alert_notified notified)
{
	static const char *const names[] = { "nothing", "firing", "resolved" };
	return names[notified];
}

/* The worst degree that it has had. */
static enum condition worst_of(const struct record_alert *alert)
{
	enum condition worst = alert->condition;

	for (int i = (int)alert->condition; i >= 0; i--) {
		if (alert->degrees & CONDITION_BIT(i))
			worst = (enum condition)i;
	}
	return worst;
}

static void add_options(struct buffer *out, const struct record_alert *alert, struct arena *arena)
{
	size_t n;
	const struct notification_option *options = alerts_options(alert, &n, arena);

	notification_write_options(options, n, out);
}

static void add_event(struct buffer *out, const struct record_alert *alert)
{
	if (alert->event)
		json_put_integer(out, "event", alert->event);
	else
		json_put_null(out, "event");
	json_put_time(out, "event_at", alert->event_ms);
}

void api_alert_add(struct alerting *alerting, const struct record_alert *alert, int64_t now_ms,
		   struct arena *arena, struct buffer *out)
{
	const struct alerts *alerts = alerting_alerts(alerting);

	json_open_object(out, NULL);
	json_put_id(out, "id", alert->id);
	json_put_text(out, "server", alert->server);
	put_text(out, "organization", alert->organization);
	put_text(out, "site", alert->site);
	put_text(out, "condition", condition_name(alert->condition));
	put_text(out, "opened_as", condition_name(alert->opened));
	put_text(out, "worst", condition_name(worst_of(alert)));
	put_text(out, "state", state_name(alert->state));
	json_put_time(out, "since", alert->since_ms);
	json_put_time(out, "fired_at", alert->fired_ms);
	json_put_time(out, "resolved_at", alert->resolved_ms);
	put_text(out, "verdict", alert->verdict);
	put_text(out, "reason", alert->reason);
	json_put_text(out, "text", alert->text);
	put_text(out, "now", alert->now_text);
	put_text(out, "remedy", alert->remedy);
	add_options(out, alert, arena);
	add_event(out, alert);
	put_text(out, "url", alerts_url(alerts, alert, arena));
	put_text(out, "cause", alert->cause);
	json_put_bool(out, "flapping", alert->flapping);
	add_acknowledgement(out, alert, now_ms);
	acknowledgements_write(alert->acknowledgements, out);
	add_silences(out, alerts, alert, now_ms);
	json_put_text(out, "maintenance", alerts_maintenance_of(alerts, alert, now_ms));
	add_surroundings(out, alerts, alert);
	struct remark_pair remarks = alerts_remarks(alerts, alert);
	remark_pair_write(&remarks, out);
	json_open_object(out, "deliveries");
	json_put_text(out, "told", notified_name(alert->notified));
	json_put_time(out, "told_at", alert->notified_ms);
	json_close_object(out);
	json_close_object(out);
}

void api_alert_tell(const struct api *api, const struct record_alert *alert)
{
	struct buffer data;
	struct arena arena;

	if (event_stream_skip(api->events))
		return;
	arena_init(&arena);
	buffer_init(&data);
	api_alert_add(api->alerting, alert, pipeline_now_ms(api->pipeline), &arena, &data);
	event_stream_add(api->events, "alert", &data);
	arena_deinit(&arena);
}

static const char *yes_or_no(bool value)
{
	return value ? "true" : "false";
}

/* What `sort` may be: in the order of enum store_alert_order. */
static const char *const sort_names[] = { "worst", "newest", "server", "site" };
#define N_SORTS (sizeof sort_names / sizeof *sort_names)

/* Alerts that are shown before control returns to the loop. */
#define AT_ONCE 250

/* A row of the page, until it is shown; in the call's arena. */
struct kept {
	const struct record_alert *alert;
	struct kept *next;
};

/* What is asked for, and what was found. */
struct listing {
	int64_t now_ms;
	enum store_alert_order order;
	size_t state;     /* in which `name` is the place to go on from */
	const char *name; /* as in struct store_alert_place */
	struct kept *first;
	struct kept **last;
};

static const char *name_of(const struct listing *listing, const struct record_alert *alert,
			   struct arena *arena)
{
	switch (listing->order) {
	case STORE_ALERTS_WORST:
		return condition_name(alert->condition);
	case STORE_ALERTS_SERVER:
		return alert->server;
	case STORE_ALERTS_SITE:
		return arena_printf(arena, "%s/%s", alert->site, alert->organization);
	case STORE_ALERTS_NEWEST:
		break;
	}
	return "";
}

static void keep_alert(struct listing *listing, const struct record_alert *alert,
		       struct arena *arena)
{
	struct kept *kept = arena_alloc(arena, sizeof *kept);

	kept->alert = alerts_copy_row(alert, arena);
	*listing->last = kept;
	listing->last = &kept->next;
}

static enum status add_row(void *user, const struct record_alert *alert)
{
	struct api_list *list = user;
	struct listing *listing = list->user;
	int64_t now_ms = listing->now_ms;

	if (!api_list_selects(list, "condition", condition_name(alert->condition)) ||
	    !api_list_selects(list, "organization", alert->organization) ||
	    !api_list_selects(list, "site", alert->site) ||
	    !api_list_selects(list, "cause", alert->cause) ||
	    !api_list_selects(list, "server", alert->server) ||
	    !api_list_selects(list, "acknowledged", yes_or_no(is_looked_after(alert, now_ms))))
		return STATUS_OK;
	enum status status = api_list_add(list, "%zu.%" PRId64 ".%s", list->state, alert->id,
					  name_of(listing, alert, list->arena));
	if (status == STATUS_OK)
		keep_alert(listing, alert, list->arena);
	return status;
}

/* Shows the next few. */
static bool show_alerts(struct api_list *list)
{
	const struct api *api = list->call->context;
	struct listing *listing = list->user;

	for (size_t i = 0; i < AT_ONCE && listing->first; i++) {
		json_put_line(&list->out);
		api_alert_add(api->alerting, listing->first->alert, listing->now_ms, list->arena,
			      &list->out);
		listing->first = listing->first->next;
	}
	return listing->first != NULL;
}

static bool read_sort(const struct api_list *list, const char *name)
{
	struct listing *listing = list->user;
	size_t i = 0;

	while (i < N_SORTS && strcmp(sort_names[i], name) != 0)
		i++;
	if (i == N_SORTS || query_string_count(&list->query, "sort") > 1)
		return false;
	listing->order = (enum store_alert_order)i;
	return true;
}

static bool allows(const struct api_list *list, const struct query_string_pair *pair)
{
	enum condition condition = CONDITION_COUNT;

	if (strcmp(pair->key, "condition") == 0)
		return condition_from_name(pair->value, &condition);
	if (strcmp(pair->key, "acknowledged") == 0)
		return strcmp(pair->value, "true") == 0 || strcmp(pair->value, "false") == 0;
	if (strcmp(pair->key, "sort") == 0)
		return read_sort(list, pair->value);
	return strcmp(pair->key, "organization") == 0 || strcmp(pair->key, "site") == 0 ||
	       strcmp(pair->key, "server") == 0 || strcmp(pair->key, "cause") == 0 ||
	       api_list_allows_state(list, pair);
}

static enum status read_state(struct api_list *list, size_t state, char error[STORE_ERROR_SIZE])
{
	const struct listing *listing = list->user;
	bool goes_on = list->cursor && state == listing->state;
	const struct store_alert_place from = { goes_on ? listing->name : "", list->place };

	return store_read_alerts(list->reader, order[state], listing->order, &from, add_row, list,
				 error);
}

/* A cursor is "STATE.ID.NAME". */
static const struct problem *begin_list(struct api_list *list)
{
	struct listing *listing = list->user;
	const char *cursor = list->cursor;

	if (cursor) {
		size_t n = strcspn(cursor, ".");
		n += cursor[n] ? 1 + strcspn(cursor + n + 1, ".") : 0;
		listing->name = cursor[n] ? cursor + n + 1 : "";
		list->cursor = arena_strndup(list->arena, cursor, n);
	}
	const struct problem *problem = api_list_begin_states(list);
	listing->state = list->state;
	return problem;
}

void api_alert_list(struct call *call)
{
	static const struct api_list_kind kind = {
		.member = "alerts",
		.query = "The query may have state (pending, firing, resolved), condition, "
			 "organization, site, "
			 "server, cause, acknowledged (true, false), sort (worst, newest, server, "
			 "site), "
			 "limit from 1 to 1000, and cursor, as a Link field gives it.",
		.allows = allows,
		.begin = begin_list,
		.read = api_list_read_states,
		.show = show_alerts,
		.states = state_names,
		.n_states = N_STATES,
		.read_state = read_state,
		.begins_line = true,
	};
	const struct api *api = call->context;
	struct listing *listing = arena_alloc(&call->arena, sizeof *listing);

	*listing = (struct listing){ .now_ms = pipeline_now_ms(api->pipeline), .name = "" };
	listing->last = &listing->first;
	api_list_answer(call, &kind, listing);
}

/* An acknowledgement, or its end. */

static const struct problem unknown = { .status = 404,
					.code = "unknown_alert",
					.detail =
						"There is no alert of this id that is not over." };

/* An alert that is to be shown; in the call's arena. */
struct showing {
	int64_t id;
	struct arena *arena;
	const struct record_alert *alert;
};

static enum status keep_one(void *user, const struct record_alert *alert)
{
	struct showing *s = user;

	s->alert = alerts_copy_row(alert, s->arena);
	return STATUS_OK;
}

static enum status read_one(const struct store_connection *reader, void *user,
			    char error[STORE_ERROR_SIZE])
{
	struct showing *s = user;
	return store_read_alert(reader, s->id, keep_one, s, error);
}

static void show_one(struct call *call, void *user, enum status status)
{
	const struct api *api = call->context;
	const struct showing *s = user;
	struct buffer out;

	if (status != STATUS_OK) { /* it was over, and went meanwhile */
		call_answer_problem(call, &unknown);
		return;
	}
	buffer_init(&out);
	api_alert_add(api->alerting, s->alert, pipeline_now_ms(api->pipeline), s->arena, &out);
	buffer_add_char(&out, '\n');
	api_answer_json(call, 200, &out, NULL);
}

static void on_acknowledged(void *user, enum status status, const char *error)
{
	struct call *call = user;
	struct showing *s = arena_alloc(&call->arena, sizeof *s);
	(void)error; /* the pipeline was told */

	*s = (struct showing){ .id = api_path_id(call), .arena = &call->arena };
	if (status == STATUS_OK)
		api_ask(call, &(struct api_question){ read_one, show_one, NULL, s, STORE_LOOK_UP });
	else
		call_answer_not_stored(call);
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

void api_acknowledge_post(struct call *call)
{
	const struct api *api = call->context;
	int64_t now_ms = pipeline_now_ms(api->pipeline);
	int64_t until_ms = TIMESTAMP_NONE;
	const char *comment = "";

	if (!api_is_json(call) || !read_body(call, now_ms, &comment, &until_ms))
		return;
	struct record_audit audit =
		api_audit(call, "alert.acknowledge", RECORD_KIND_ALERT, call->params[0]);
	enum status status = alerting_acknowledge(api->alerting, api_path_id(call), audit.who,
						  comment, until_ms, &audit, on_acknowledged, call);
	api_answer_refused(call, status, status == STATUS_NOT_FOUND ? &unknown : NULL);
}

void api_acknowledge_delete(struct call *call)
{
	const struct api *api = call->context;
	struct record_audit audit =
		api_audit(call, "alert.unacknowledge", RECORD_KIND_ALERT, call->params[0]);
	enum status status = alerting_acknowledge(api->alerting, api_path_id(call), NULL, "",
						  TIMESTAMP_NONE, &audit, api_answer_ended, call);
	api_answer_refused(call, status, status == STATUS_NOT_FOUND ? &unknown : NULL);
}

enum status api_each_open_alert(const struct store_connection *reader, store_each_alert *visit,
				void *visitor, char error[STORE_ERROR_SIZE])
{
	const struct store_alert_place from = { "", INT64_MAX };
	enum status status = store_read_alerts(reader, RECORD_ALERT_FIRING, STORE_ALERTS_WORST,
					       &from, visit, visitor, error);

	if (status != STATUS_OK)
		return status;
	return store_read_alerts(reader, RECORD_ALERT_PENDING, STORE_ALERTS_WORST, &from, visit,
				 visitor, error);
}
