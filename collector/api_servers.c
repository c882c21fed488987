#include "collector/api.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "collector/buffer.h"
#include "collector/expected.h"
#include "collector/json_add.h"
#include "collector/log.h"
#include "collector/problem.h"
#include "collector/server_filter.h"
#include "collector/view.h"
#include "proto/timestamp.h"

static const struct problem unreadable = {
	.status = 503,
	.code = "not_readable",
	.detail = "The store cannot be read at this moment.",
};

/* What a query has selected. */
struct selection {
	struct server_filter filter;
	struct server_tally tally; /* of the whole fleet */
	const struct view **page;  /* the first ones, worst first */
	size_t n_page;
	size_t n_matched;
};

static void add_counts(struct buffer *out, const struct server_tally *tally)
{
	buffer_add_text(out, ",\"counts\":{");
	for (size_t i = 0; i < VERDICT_COUNT; i++)
		buffer_printf(out, "\"%s\":%zu,", verdict_name((enum verdict)i),
			      tally->by_verdict[i]);
	buffer_printf(out, "\"not_monitored\":%zu,\"silent\":%zu}", tally->not_monitored,
		      tally->silent);
}

static void add_list(struct buffer *out, const struct selection *s, int64_t now_ms)
{
	buffer_add_text(out, "{\"as_of\":");
	json_add_time(out, now_ms);
	add_counts(out, &s->tally);
	buffer_printf(out, ",\"matched\":%zu,\"servers\":[", s->n_matched);
	for (size_t i = 0; i < s->n_page; i++) {
		buffer_add_text(out, i ? ",\n" : "\n");
		view_add(s->page[i], now_ms, out);
	}
	buffer_add_text(out, "]}\n");
}

/* The etag of what is shown at one path and query: the same while that is, but for the time. */
static const char *make_etag(const struct api *api, uint64_t tag, struct arena *arena)
{
	return arena_printf(arena, "W/\"%016" PRIx64 "-%016" PRIx64 "\"", api->epoch, tag);
}

static uint64_t tag_of_selection(const struct selection *s)
{
	uint64_t tag = s->n_matched;

	for (size_t i = 0; i < VERDICT_COUNT; i++)
		tag = tag * 31 + s->tally.by_verdict[i];
	tag = tag * 31 + s->tally.silent;
	tag = tag * 31 + s->tally.not_monitored;
	for (size_t i = 0; i < s->n_page; i++)
		tag = tag * UINT64_C(0x100000001b3) + view_tag(s->page[i]);
	return tag;
}

static void answer_json(struct call *call, struct buffer *out, const char *etag)
{
	struct answer answer = { .status = 200, .content_type = "application/json", .etag = etag };
	answer.body = buffer_take(out, &answer.size);
	call_answer(call, &answer);
}

/* Answers the call and returns false where the query is none of ours. */
static bool read_filter(struct call *call, struct server_filter *out)
{
	struct problem problem = { .status = 400, .code = "invalid_query" };

	problem.detail = server_filter_read(call->request->query, &call->arena, out);
	if (problem.detail)
		problem_answer(call, &problem);
	return !problem.detail;
}

/* Everybody that there is, or should be; false: the call is answered. */
static bool list_servers(struct call *call, struct server_list *out)
{
	const struct api *api = call->context;
	char error[STORE_ERROR_SIZE];

	*out = (struct server_list){ .fleet = pipeline_fleet(api->pipeline) };
	if (expected_missing(api->expected, out->fleet, &out->missing, &out->n_missing, error) ==
	    STATUS_OK)
		return true;
	log_error("%s", error);
	problem_answer(call, &unreadable);
	return false;
}

/* The expected server of that name that has not reported, or NULL. */
static const struct view *find_missing(const struct server_list *list, const char *host_name)
{
	char key[SNAPSHOT_KEY_SIZE];

	snapshot_key(host_name, key);
	for (size_t i = 0; i < list->n_missing; i++) {
		if (strcmp(list->missing[i]->key, key) == 0)
			return list->missing[i];
	}
	return NULL;
}

static void answer_missing(struct call *call, const struct view *view)
{
	const struct api *api = call->context;
	struct buffer out;

	buffer_init(&out);
	view_add_open(view, pipeline_now_ms(api->pipeline), &out);
	buffer_add_text(&out, ",\"adapters\":[],\"report\":null,\"removed\":null}\n");
	answer_json(call, &out, make_etag(api, view_tag(view), &call->arena));
}

void api_server_list(struct call *call)
{
	const struct api *api = call->context;
	struct selection s = { .n_matched = 0 };
	struct server_list list;
	struct buffer out;

	if (!read_filter(call, &s.filter) || !list_servers(call, &list))
		return;
	s.page = server_filter_select(&s.filter, &list, &call->arena, &s.n_page, &s.n_matched,
				      &s.tally);
	const char *etag = make_etag(api, tag_of_selection(&s), &call->arena);
	if (call_has_etag(call, etag)) {
		call_answer_not_modified(call, etag);
		return;
	}
	buffer_init(&out);
	add_list(&out, &s, pipeline_now_ms(api->pipeline));
	answer_json(call, &out, etag);
}

/* It was removed, and has not come back. */
static void answer_gone(struct call *call, const struct record_removal *removal)
{
	char at[TIMESTAMP_TEXT_SIZE];
	struct problem gone = { .status = 410, .code = "removed_server" };

	gone.detail = arena_printf(&call->arena, "This server was removed at %s by %s%s%s.",
				   timestamp_format(removal->at_ms, at), removal->by,
				   *removal->reason ? ": " : "", removal->reason);
	problem_answer(call, &gone);
}

/* {"at", "by", "reason"} of the removal from which it has come back, else null. */
static void add_removal(struct buffer *out, const struct record_removal *removal)
{
	buffer_add_text(out, ",\"removed\":");
	if (!removal) {
		buffer_add_text(out, "null");
		return;
	}
	buffer_add_text(out, "{\"at\":");
	json_add_time(out, removal->at_ms);
	buffer_add_text(out, ",\"by\":");
	json_add_string(out, removal->by);
	buffer_add_text(out, ",\"reason\":");
	json_add_string(out, removal->reason);
	buffer_add_char(out, '}');
}

void api_server_get(struct call *call)
{
	static const struct problem unknown = { .status = 404,
						.code = "unknown_server",
						.detail = "No server of this name has reported." };
	const struct api *api = call->context;
	const struct view *view = fleet_find(pipeline_fleet(api->pipeline), call->params[0]);
	const struct record_removal *removal =
		fleet_find_removal(pipeline_fleet(api->pipeline), call->params[0]);
	const char *etag = "";
	struct server_list list;
	char error[FLEET_ERROR_SIZE];
	struct buffer out;

	if (view)
		etag = make_etag(api, fleet_detail_tag(pipeline_fleet(api->pipeline), view),
				 &call->arena);
	if (!view && !list_servers(call, &list))
		return;
	const struct view *missing = view ? NULL : find_missing(&list, call->params[0]);
	if (missing) {
		answer_missing(call, missing);
	} else if (!view && removal) {
		answer_gone(call, removal);
	} else if (!view) {
		problem_answer(call, &unknown);
	} else if (call_has_etag(call, etag)) {
		call_answer_not_modified(call, etag);
	} else {
		buffer_init(&out);
		if (fleet_add_detail(pipeline_fleet(api->pipeline), view,
				     pipeline_now_ms(api->pipeline), &out, error) != STATUS_OK) {
			log_error("%s", error);
			problem_answer(call, &unreadable);
			buffer_deinit(&out);
			return;
		}
		out.size--; /* the closing brace */
		add_removal(&out, removal);
		buffer_add_text(&out, "}\n");
		answer_json(call, &out, etag);
	}
}
