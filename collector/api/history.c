#include <inttypes.h>
#include <stdlib.h>

#include "collector/api/handler.h"
#include "collector/http/call.h"
#include "collector/http/problem.h"
#include "collector/http/query_string.h"
#include "collector/model/record_report.h"
#include "proto/base/number.h"
#include "proto/base/timestamp.h"
#include "proto/json/write.h"

/* A page of changes under construction. */
struct list {
	struct buffer out;
	size_t n;
	size_t limit;
	struct store_history_place last; /* of the last one in it */
	bool more;
};

static enum status add_change(void *user, const struct record_event *event,
			      struct store_history_place place)
{
	struct list *list = user;
	struct buffer *out = &list->out;

	if (list->n == list->limit) {
		list->more = true;
		return STATUS_OK;
	}
	list->n++;
	json_put_line(out);
	json_open_object(out, NULL);
	json_put_time(out, "at", event->at_ms);
	json_put_text(out, "kind", event->kind);
	json_put_json(out, "detail", event->detail);
	json_close_object(out);
	list->last = place;
	return STATUS_OK;
}

/* "TIME.NUMBER" of the change before the page. False: no such cursor was ever given. */
static bool read_cursor(const char *text, struct store_history_place *out)
{
	*out = STORE_HISTORY_END;
	if (!text)
		return true;
	if (!number_take(&text, &out->at_ms) || *text != '.')
		return false;
	return number_parse(text + 1, INT64_MIN, INT64_MAX, &out->number);
}

static const char *link_next(struct call *call, const struct list *list, const char *since)
{
	const char *cursor = arena_printf(&call->arena, "%" PRId64 ".%" PRId64, list->last.at_ms,
					  list->last.number);
	struct buffer query;

	buffer_init(&query);
	if (since)
		query_string_add(&query, "since", since);
	const char *link = api_link_next(call, call->request->path, query.bytes ? query.bytes : "",
					 list->limit, cursor);
	buffer_deinit(&query);
	return link;
}

/* Whose history it is: of a server, or of one that was removed. */
struct subject {
	const char *key;
	const char *name;
};

static bool find_subject(const struct fleet *fleet, const char *name, struct subject *out)
{
	const struct view *view = fleet_find(fleet, name);
	const struct record_removal *removal = fleet_find_removal(fleet, name);

	if (view)
		*out = (struct subject){ view->key, view->server };
	else if (removal)
		*out = (struct subject){ removal->key, removal->server };
	return view || removal;
}

static void answer_page(struct call *call, const struct subject *subject, const char *since,
			int64_t since_ms, struct store_history_place before, size_t limit)
{
	const struct api *api = call->context;
	struct list list = { .limit = limit };
	char error[STORE_ERROR_SIZE];

	buffer_init(&list.out);
	json_open_object(&list.out, NULL);
	json_put_text(&list.out, "server", subject->name);
	json_open_array(&list.out, "changes");
	if (store_read_history(identities_store(api->identities), subject->key, since_ms, before,
			       limit + 1, add_change, &list, error) != STATUS_OK) {
		buffer_deinit(&list.out);
		api_answer_unreadable(call, error);
		return;
	}
	json_close_array(&list.out);
	json_finish(&list.out);
	api_answer_json(call, 200, &list.out, list.more ? link_next(call, &list, since) : NULL);
}

void api_history_get(struct call *call)
{
	static const struct problem unknown = { .status = 404,
						.code = "unknown_server",
						.detail = "No server of this name has reported." };
	static const struct problem invalid = {
		.status = 400,
		.code = "invalid_query",
		.detail = "since is a time such as 2026-11-22T10:45:23Z, and cursor is as a Link "
			  "field gives it."
	};
	const struct api *api = call->context;
	struct subject subject;
	struct store_history_place before;
	const char *since = NULL;
	int64_t since_ms = INT64_MIN;
	struct api_page page;

	if (!api_read_page_with(call, &page, "since", &since))
		return;
	if (!read_cursor(page.cursor, &before) ||
	    (since && timestamp_parse(since, &since_ms) != STATUS_OK))
		call_answer_problem(call, &invalid);
	else if (!find_subject(pipeline_fleet(api->pipeline), call->params[0], &subject))
		call_answer_problem(call, &unknown);
	else
		answer_page(call, &subject, since, since_ms, before, page.limit);
}
