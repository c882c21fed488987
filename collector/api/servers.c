#include "collector/api/servers.h"

#include <stdbool.h>

#include "collector/http/accept_field.h"
#include "collector/api/list.h"
#include "collector/api/past.h"
#include "collector/model/record_report.h"
#include "collector/model/server_key.h"
#include "collector/query/inventory.h"
#include "collector/http/call.h"
#include "collector/http/problem.h"
#include "collector/query/server_row.h"
#include "collector/query/server_select.h"
#include "collector/query/site_tally.h"
#include "collector/model/view.h"
#include "proto/base/buffer.h"
#include "proto/base/timestamp.h"
#include "proto/json/write.h"

static void add_list(const struct api *api, const struct server_page *page, struct buffer *out)
{
	int64_t now_ms = pipeline_now_ms(api->pipeline);

	json_open_object(out, NULL);
	json_put_time(out, "as_of", now_ms);
	server_tally_write(&page->tally, out);
	json_put_integer(out, "matched", (int64_t)page->n_matched);
	json_open_array(out, "servers");
	for (size_t i = 0; i < page->n; i++) {
		json_put_line(out);
		server_row_write(page->views[i], alerting_remarks(api->alerting), now_ms, out);
	}
	json_close_array(out);
	json_finish(out);
}

static uint64_t tag_of_page(const struct api *api, const struct server_page *page)
{
	uint64_t tag = page->n_matched * 2 + page->more;

	tag = tag * 31 + remarks_revision(alerting_remarks(api->alerting));

	for (size_t i = 0; i < VERDICT_COUNT; i++)
		tag = tag * 31 + page->tally.by_verdict[i];
	tag = tag * 31 + page->tally.n;
	tag = tag * 31 + page->tally.silent;
	tag = tag * 31 + page->tally.not_monitored;
	for (size_t i = 0; i < page->n; i++)
		tag = tag * UINT64_C(0x100000001b3) + view_tag(page->views[i]);
	return tag;
}

static void answer_page(struct call *call, const struct server_filter *filter)
{
	const struct api *api = call->context;
	const char *fields = "Vary: Accept\r\n";
	struct server_list list;
	struct server_page page;
	struct buffer out;

	if (!api_list_servers(call, &list))
		return;
	server_select(filter, &list, &call->arena, &page);
	const char *etag = api_make_etag(api, tag_of_page(api, &page), &call->arena);
	if (call_answer_not_modified(call, etag))
		return;
	if (page.more)
		fields = arena_printf(
			&call->arena, "%s%s", fields,
			api_link_next(call, "/v1/servers",
				      server_filter_write(call->request->query, &call->arena),
				      filter->limit,
				      server_cursor_write(filter, &page.next, &call->arena)));
	buffer_init(&out);
	add_list(api, &page, &out);
	api_answer_tagged(call, &out, etag, fields);
}

void api_server_list(struct call *call)
{
	struct server_filter filter;

	static const struct problem neither = {
		.status = 406,
		.code = "not_acceptable",
		.detail = "The list is to be had as application/json and as text/csv.",
	};
	const char *accept = http_field(call->request, "Accept");
	unsigned csv = accept_field_weight(accept, "text/csv");
	unsigned json = accept_field_weight(accept, "application/json");

	if (csv == 0 && json == 0)
		call_answer_problem(call, &neither);
	else if (!api_read_filter(call, &filter))
		return;
	else if (csv > json)
		api_export_servers(call, &filter, false);
	else if (filter.at_ms != TIMESTAMP_NONE)
		api_past_list_servers(call, &filter);
	else
		answer_page(call, &filter);
}

/* The expected server of that name that has not reported, or NULL. */
static const struct view *find_missing(const struct server_list *list, const char *host_name)
{
	char key[SERVER_KEY_SIZE];

	server_key(host_name, key);
	return server_table_find(&list->missing, key);
}

/* What is shown under the name of the path: a server of the fleet, or one that is missing. */
struct shown {
	const struct view *view;
	bool is_missing;
	const char *etag;
};

bool api_find_view(struct call *call, const struct view **out)
{
	const struct api *api = call->context;
	struct server_list list;

	*out = fleet_find(pipeline_fleet(api->pipeline), call->params[0]);
	if (*out)
		return true;
	if (!api_list_servers(call, &list))
		return false;
	*out = find_missing(&list, call->params[0]);
	if (!*out)
		api_answer_absent(call);
	return *out != NULL;
}

/* False: nothing is, and the call is answered. */
static bool find_shown(struct call *call, struct shown *out)
{
	const struct api *api = call->context;
	struct fleet *fleet = pipeline_fleet(api->pipeline);

	if (!api_find_view(call, &out->view))
		return false;
	out->is_missing = out->view->not_monitored;
	uint64_t tag = out->is_missing ? view_tag(out->view) : fleet_detail_tag(fleet, out->view);
	tag += api_server_notes_tag(api, out->view->key);
	tag = tag * 31 + remarks_revision(alerting_remarks(api->alerting));
	out->etag = api_make_etag(api, tag, &call->arena);
	return true;
}

static void add_missing(const struct view *view, int64_t now_ms, struct buffer *out)
{
	view_add_open(view, now_ms, out);
	json_put_texts(out, "adapters", NULL, 0);
	json_put_texts(out, "facts", NULL, 0);
	json_put_texts(out, "files", NULL, 0);
	json_put_null(out, "imported");
	json_put_null(out, "report");
}

/* Adds the detail but for its closing brace. */
static enum status add_detail(struct fleet *fleet, const struct view *view, int64_t now_ms,
			      struct buffer *out, char error[FLEET_ERROR_SIZE])
{
	enum status status = fleet_add_detail(fleet, view, now_ms, out, error);
	if (status == STATUS_OK)
		out->size--; /* the closing brace */
	return status;
}

/* The server is looked up again: meanwhile it may have become another one, or none. */
static void answer_server(struct call *call, void *user, enum status found)
{
	const struct api *api = call->context;
	int64_t now_ms = pipeline_now_ms(api->pipeline);
	enum status status = STATUS_OK;
	char error[FLEET_ERROR_SIZE];
	struct shown shown;
	struct buffer out;
	(void)found; /* there may be no other names */

	if (!find_shown(call, &shown))
		return;
	buffer_init(&out);
	if (shown.is_missing)
		add_missing(shown.view, now_ms, &out);
	else
		status = add_detail(pipeline_fleet(api->pipeline), shown.view, now_ms, &out, error);
	if (status != STATUS_OK) {
		buffer_deinit(&out);
		api_answer_unreadable(call, error);
		return;
	}
	struct remark_pair pair = server_remarks(alerting_remarks(api->alerting), shown.view);
	remark_pair_write(&pair, &out);
	api_server_notes_add(api, user, &out);
	json_finish(&out);
	api_answer_tagged(call, &out, shown.etag, NULL);
}

void api_server_get(struct call *call)
{
	struct api_server_names *names = arena_alloc(&call->arena, sizeof *names);
	struct shown shown;
	int64_t at_ms = TIMESTAMP_NONE;

	if (!api_read_time(call, "at", &at_ms))
		return;
	if (at_ms != TIMESTAMP_NONE) {
		api_past_get_server(call, at_ms);
		return;
	}
	if (!find_shown(call, &shown))
		return;
	if (call_answer_not_modified(call, shown.etag))
		return;
	names->key = arena_strdup(&call->arena, shown.view->key);
	api_ask(call, &(struct api_question){ api_server_names_read, answer_server, NULL, names,
					      STORE_LOOK_UP });
}
