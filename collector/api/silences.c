/* GET and POST /v1/silences, DELETE /v1/silences/{id}. */
#include <inttypes.h>
#include <string.h>

#include "collector/alerts/mute.h"
#include "collector/api/alerts.h"
#include "collector/api/servers.h"
#include "collector/base/pattern.h"
#include "collector/http/call.h"
#include "collector/http/problem.h"
#include "collector/model/record_alert.h"
#include "collector/model/record_identity.h"
#include "collector/model/view.h"
#include "collector/query/server_table.h"
#include "proto/json/write.h"

static void add_matcher(struct buffer *out, const char *name, const char *pattern)
{
	if (*pattern)
		json_put_text(out, name, pattern);
}

static void add_silence(struct buffer *out, const struct record_silence *silence,
			struct arena *arena)
{
	json_open_object(out, NULL);
	json_put_id(out, "id", silence->id);
	json_open_object(out, "matchers");
	if (*silence->organization && *silence->site)
		json_put_text(out, "sites",
			      arena_printf(arena, "%s/%s", silence->organization, silence->site));
	add_matcher(out, "server", silence->server);
	add_matcher(out, "site", silence->site);
	add_matcher(out, "organization", silence->organization);
	add_matcher(out, "condition", silence->condition);
	json_close_object(out);
	json_put_text(out, "comment", silence->comment);
	json_put_time(out, "starts_at", silence->starts_ms);
	json_put_time(out, "ends_at", silence->ends_ms);
	json_put_text(out, "by", silence->by);
	json_close_object(out);
}

/* The type is that of api_list_kind's read. NOLINTNEXTLINE(readability-non-const-parameter) */
static enum status read_silences(struct api_list *list, char error[STORE_ERROR_SIZE])
{
	const struct api *api = list->call->context;
	const struct alerts *alerts = alerting_alerts(api->alerting);
	int64_t now_ms = pipeline_now_ms(api->pipeline);
	size_t n = alerts_count_silences(alerts);
	size_t at = 0;
	(void)error;

	for (; at < n && list->n < list->limit; at++) {
		const struct record_silence *silence = alerts_silence(alerts, at);
		if (silence->id <= list->place || silence->ends_ms <= now_ms)
			continue; /* silences that have ended are cleared away later */
		api_list_add(list, "%" PRId64, silence->id);
		add_silence(&list->out, silence, &list->call->arena);
	}
	list->more = list->n > 0 && at < n;
	return STATUS_OK;
}

/* The lowest ids first. */
static const struct problem *begin_silences(struct api_list *list)
{
	const struct problem *problem = api_list_begin_highest(list);
	if (!list->cursor)
		list->place = 0;
	return problem;
}

void api_silence_list(struct call *call)
{
	static const struct api_list_kind kind = {
		.member = "silences",
		.query = API_LIST_ANY_PAGE,
		.begin = begin_silences,
		.read = read_silences,
		.is_in_memory = true,
		.begins_line = true,
	};
	api_list_answer(call, &kind, NULL);
}

/* A silence that is being made; in the call's arena. */
struct creation {
	struct call *call;
	struct record_silence silence;
	bool is_dry_run;
	bool allows_empty;
};

/* A word that is no condition would silence nothing, and nobody would notice. */
static bool may_be_condition(const char *pattern)
{
	bool may = *pattern == '\0';

	for (int i = 0; !may && i < CONDITION_COUNT; i++)
		may = pattern_matches(pattern, condition_name((enum condition)i));
	return may;
}

/* A place as routes have it, "ORGANIZATION/SITE": the first '/' parts the two patterns. */
static void read_place(struct json_reading *in, const struct json_place *at,
		       struct record_silence *out)
{
	const char *place = NULL;

	json_get_name(in, at, "sites", &place);
	if (in->status != STATUS_OK || !place)
		return;
	const char *slash = strchr(place, '/');
	if (!slash || slash == place || slash[1] == '\0') {
		json_refuse(in, at, "sites", STATUS_INVALID,
			    "expected ORGANIZATION/SITE, such as ACME/HQ or ACME/*");
		return;
	}
	out->organization = arena_strndup(in->arena, place, (size_t)(slash - place));
	out->site = slash + 1;
}

static bool read_body(struct call *call, int64_t now_ms, struct creation *creation)
{
	struct record_silence *out = &creation->silence;
	struct json_reading in;
	struct json_place root;
	struct json_place matchers;

	*out = (struct record_silence){ 0, "", "", "", "", "", "", now_ms, now_ms };
	api_begin_body(call, &in, &root);
	json_require(&in, &root, "matchers");
	json_require(&in, &root, "ends_at");
	if (json_get_object(&in, &root, "matchers", &matchers)) {
		json_get_name(&in, &matchers, "server", &out->server);
		json_get_name(&in, &matchers, "organization", &out->organization);
		json_get_name(&in, &matchers, "site", &out->site);
		json_get_name(&in, &matchers, "condition", &out->condition);
		read_place(&in, &matchers, out);
		if (in.status == STATUS_OK && !may_be_condition(out->condition))
			json_refuse(&in, &matchers, "condition", STATUS_INVALID,
				    "expected a condition such as exposed, or a pattern of some");
		if (in.status == STATUS_OK && !*out->server && !*out->organization && !*out->site &&
		    !*out->condition)
			json_refuse(&in, &root, "matchers", STATUS_INVALID,
				    "expected server, sites, organization, site or condition");
	}
	json_get_bool(&in, &root, "dry_run", &creation->is_dry_run);
	json_get_bool(&in, &root, "allow_empty", &creation->allows_empty);
	json_get_text(&in, &root, "comment", &out->comment);
	json_get_time(&in, &root, "starts_at", &out->starts_ms);
	json_get_time(&in, &root, "ends_at", &out->ends_ms);
	if (in.status == STATUS_OK && (out->ends_ms <= now_ms || out->ends_ms <= out->starts_ms))
		json_refuse(&in, &root, "ends_at", STATUS_INVALID,
			    "expected a time to come, after starts_at");
	return api_end_body(call, &in);
}

static void on_made(void *user, enum status status, const char *error)
{
	struct creation *creation = user;
	struct buffer out;
	(void)error; /* the pipeline was told */

	if (status != STATUS_OK) {
		call_answer_not_stored(creation->call);
		return;
	}
	buffer_init(&out);
	add_silence(&out, &creation->silence, &creation->call->arena);
	buffer_add_char(&out, '\n');
	api_answer_json(creation->call, 201, &out, NULL);
}

/* What it would match. */

/* Servers and alerts that are named; all are counted. */
#define MAX_NAMED 50

struct named_alert {
	int64_t id;
	const char *server;
	enum condition condition;
};

/* In the call's arena, with all that it leads to. */
struct matches {
	struct creation *creation;
	struct arena *arena;
	const struct record_silence *silence;
	size_t n_servers;
	const char *servers[MAX_NAMED];
	size_t n_alerts;
	struct named_alert alerts[MAX_NAMED];
	bool is_of_collector; /* it matches a trouble of the collector's own */
};

/* Some condition of a server, too: not only troubles of the collector's own. */
static bool may_be_of_servers(const char *pattern)
{
	bool takes = *pattern == '\0';

	for (int i = 0; !takes && i < CONDITION_COUNT; i++)
		takes = !condition_is_own((enum condition)i) &&
			pattern_matches(pattern, condition_name((enum condition)i));
	return takes;
}

/* Views have NULL where a report names none. */
static const char *text_of(const char *text)
{
	return text ? text : "";
}

static void see_server(struct matches *m, const struct view *view)
{
	const struct mute_subject subject = { view->server, text_of(view->organization),
					      text_of(view->site), CONDITION_COUNT };

	if (!silence_matches_server(m->silence, &subject))
		return;
	if (m->n_servers++ < MAX_NAMED)
		m->servers[m->n_servers - 1] = arena_strdup(m->arena, view->server);
}

static void see_servers(struct matches *m, const struct server_list *list)
{
	if (!may_be_of_servers(m->silence->condition))
		return;
	for (size_t i = 0; i < list->known.n; i++)
		see_server(m, list->known.rows[i].view);
	for (size_t i = 0; i < list->missing.n; i++)
		see_server(m, list->missing.rows[i].view);
}

static enum status see_alert(void *user, const struct record_alert *alert)
{
	struct matches *m = user;
	const struct mute_subject subject = { alert->server, alert->organization, alert->site,
					      alert->condition };

	if (!silence_matches(m->silence, &subject) || m->n_alerts++ >= MAX_NAMED)
		return STATUS_OK;
	m->alerts[m->n_alerts - 1] =
		(struct named_alert){ alert->id, arena_strdup(m->arena, alert->server),
				      alert->condition };
	return STATUS_OK;
}

static void see_collector(struct matches *m)
{
	for (int i = 0; i < CONDITION_COUNT; i++) {
		const struct mute_subject subject = { "", "", "", (enum condition)i };
		m->is_of_collector |= condition_is_own((enum condition)i) &&
				      silence_matches(m->silence, &subject);
	}
}

static size_t count_named(size_t n)
{
	return n < MAX_NAMED ? n : MAX_NAMED;
}

static void add_servers(struct buffer *out, const struct matches *m)
{
	json_open_object(out, "servers");
	json_put_integer(out, "count", (int64_t)m->n_servers);
	json_put_texts(out, "names", m->servers, count_named(m->n_servers));
	json_close_object(out);
}

static void add_alerts(struct buffer *out, const struct matches *m)
{
	json_open_object(out, "alerts");
	json_put_integer(out, "count", (int64_t)m->n_alerts);
	json_open_array(out, "first");
	for (size_t i = 0; i < count_named(m->n_alerts); i++) {
		json_open_object(out, NULL);
		json_put_id(out, "id", m->alerts[i].id);
		json_put_text(out, "server", m->alerts[i].server);
		json_put_text(out, "condition", condition_name(m->alerts[i].condition));
		json_close_object(out);
	}
	json_close_array(out);
	json_close_object(out);
}

static void answer_matches(struct call *call, const struct matches *m)
{
	struct buffer out;

	buffer_init(&out);
	json_open_object(&out, NULL);
	add_servers(&out, m);
	add_alerts(&out, m);
	json_put_bool(&out, "collector", m->is_of_collector);
	json_finish(&out);
	api_answer_json(call, 200, &out, NULL);
}

/* False: the call is answered; nobody wanted more, or it matches nothing. */
static bool judge_matches(const struct creation *creation, const struct matches *m)
{
	static const struct problem nothing = {
		.status = 409,
		.code = "matches_nothing",
		.detail = "It matches no server that is known or expected, and no open alert. "
			  "With allow_empty it is made all the same.",
	};
	bool is_empty = m->n_servers == 0 && m->n_alerts == 0 && !m->is_of_collector;

	if (creation->is_dry_run)
		answer_matches(creation->call, m);
	else if (is_empty && !creation->allows_empty)
		call_answer_problem(creation->call, &nothing);
	else
		return true;
	return false;
}

static enum status find_alerts(const struct store_connection *reader, void *user,
			       char error[STORE_ERROR_SIZE])
{
	return api_each_open_alert(reader, see_alert, user, error);
}

static void make_silence(struct creation *creation)
{
	static const struct problem too_many = {
		.status = 409,
		.code = "too_many_silences",
		.detail = "There are as many silences as there may be. End one first.",
	};
	struct call *call = creation->call;
	const struct api *api = call->context;
	struct record_audit audit = api_audit(call, "silence.add", RECORD_KIND_ALERT, "");

	creation->silence.by = audit.who;
	enum status status =
		alerting_add_silence(api->alerting, &creation->silence, &audit, on_made, creation);
	api_answer_refused(call, status, status == STATUS_LIMIT ? &too_many : NULL);
}

static void on_alerts_found(struct call *call, void *user, enum status status)
{
	struct matches *m = user;
	struct server_list list;
	(void)status; /* there may be none */

	if (!api_list_servers(call, &list))
		return;
	see_servers(m, &list);
	see_collector(m);
	if (judge_matches(m->creation, m))
		make_silence(m->creation);
}

void api_silence_post(struct call *call)
{
	const struct api *api = call->context;
	struct creation *creation = arena_alloc(&call->arena, sizeof *creation);
	struct matches *m = arena_alloc(&call->arena, sizeof *m);

	*creation = (struct creation){ .call = call };
	*m = (struct matches){ .creation = creation,
			       .arena = &call->arena,
			       .silence = &creation->silence };
	if (api_is_json(call) && read_body(call, pipeline_now_ms(api->pipeline), creation))
		api_ask(call, &(struct api_question){ find_alerts, on_alerts_found, NULL, m,
						      STORE_PAGE });
}

void api_silence_delete(struct call *call)
{
	static const struct problem unknown = { .status = 404,
						.code = "unknown_silence",
						.detail = "There is no silence of this id." };
	const struct api *api = call->context;
	struct record_audit audit =
		api_audit(call, "silence.end", RECORD_KIND_ALERT, call->params[0]);

	enum status status = alerting_end_silence(api->alerting, api_path_id(call), &audit,
						  api_answer_ended, call);
	api_answer_refused(call, status, status == STATUS_NOT_FOUND ? &unknown : NULL);
}
