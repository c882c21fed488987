/* GET and POST /v1/silences, DELETE /v1/silences/{id}. */
#include <inttypes.h>

#include "collector/api/alerts.h"
#include "collector/base/pattern.h"
#include "collector/http/call.h"
#include "collector/http/problem.h"
#include "collector/model/record_alert.h"
#include "collector/model/record_identity.h"
#include "proto/json/write.h"

static void add_matcher(struct buffer *out, const char *name, const char *pattern)
{
	if (*pattern)
		json_put_text(out, name, pattern);
}

static void add_silence(struct buffer *out, const struct record_silence *silence)
{
	json_open_object(out, NULL);
	json_put_id(out, "id", silence->id);
	json_open_object(out, "matchers");
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
		add_silence(&list->out, silence);
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
		.begins_line = true,
	};
	api_list_answer(call, &kind, NULL);
}

/* A word that is no condition would silence nothing, and nobody would notice. */
static bool may_be_condition(const char *pattern)
{
	bool may = *pattern == '\0';

	for (int i = 0; !may && i < CONDITION_COUNT; i++)
		may = pattern_matches(pattern, condition_name((enum condition)i));
	return may;
}

static bool read_body(struct call *call, int64_t now_ms, struct record_silence *out)
{
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
		if (in.status == STATUS_OK && !may_be_condition(out->condition))
			json_refuse(&in, &matchers, "condition", STATUS_INVALID,
				    "expected a condition such as exposed, or a pattern of some");
		if (in.status == STATUS_OK && !*out->server && !*out->organization && !*out->site &&
		    !*out->condition)
			json_refuse(&in, &root, "matchers", STATUS_INVALID,
				    "expected server, organization, site or condition");
	}
	json_get_text(&in, &root, "comment", &out->comment);
	json_get_time(&in, &root, "starts_at", &out->starts_ms);
	json_get_time(&in, &root, "ends_at", &out->ends_ms);
	if (in.status == STATUS_OK && (out->ends_ms <= now_ms || out->ends_ms <= out->starts_ms))
		json_refuse(&in, &root, "ends_at", STATUS_INVALID,
			    "expected a time to come, after starts_at");
	return api_end_body(call, &in);
}

/* One that is being made; in the call's arena. */
struct making {
	struct call *call;
	struct record_silence silence;
};

static void on_made(void *user, enum status status, const char *error)
{
	struct making *making = user;
	struct buffer out;
	(void)error; /* the pipeline was told */

	if (status != STATUS_OK) {
		call_answer_not_stored(making->call);
		return;
	}
	buffer_init(&out);
	add_silence(&out, &making->silence);
	buffer_add_char(&out, '\n');
	api_answer_json(making->call, 201, &out, NULL);
}

void api_silence_post(struct call *call)
{
	static const struct problem too_many = {
		.status = 409,
		.code = "too_many_silences",
		.detail = "There are as many silences as there may be. End one first.",
	};
	const struct api *api = call->context;
	int64_t now_ms = pipeline_now_ms(api->pipeline);
	struct making *making = arena_alloc(&call->arena, sizeof *making);

	making->call = call;
	if (!api_is_json(call) || !read_body(call, now_ms, &making->silence))
		return;
	struct record_audit audit = api_audit(call, "silence.add", RECORD_KIND_ALERT, "");
	making->silence.by = audit.who;
	enum status status =
		alerting_add_silence(api->alerting, &making->silence, &audit, on_made, making);
	api_answer_refused(call, status, status == STATUS_LIMIT ? &too_many : NULL);
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
