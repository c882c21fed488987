/* GET /v1/servers/{name}/history */
#include <inttypes.h>
#include <string.h>

#include "collector/api/list.h"
#include "collector/http/call.h"
#include "collector/model/record_report.h"
#include "proto/base/number.h"
#include "proto/base/timestamp.h"

/* What is asked for: of a server, or of one that was removed. */
struct asked {
	int64_t since_ms;
	struct store_history_place before;
	const char *key;
};

static bool allows(const struct api_list *list, const struct query_string_pair *pair)
{
	return strcmp(pair->key, "since") == 0 && query_string_count(&list->query, "since") == 1;
}

static enum status add_change(void *user, const struct record_event *event,
			      struct store_history_place place)
{
	struct api_list *list = user;
	struct buffer *out = &list->out;

	enum status status = api_list_add(list, "%" PRId64 ".%" PRId64, place.at_ms, place.number);
	if (status != STATUS_OK)
		return status;
	json_open_object(out, NULL);
	json_put_time(out, "at", event->at_ms);
	json_put_text(out, "kind", event->kind);
	json_put_json(out, "detail", event->detail);
	json_close_object(out);
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

static bool read_since(const struct query_string *query, int64_t *out)
{
	*out = INT64_MIN;
	for (size_t i = 0; i < query->n; i++) {
		if (strcmp(query->pairs[i].key, "since") == 0)
			return timestamp_parse(query->pairs[i].value, out) == STATUS_OK;
	}
	return true;
}

static const struct problem *begin_list(struct api_list *list)
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
	const struct api *api = list->call->context;
	const struct fleet *fleet = pipeline_fleet(api->pipeline);
	const char *name = list->call->params[0];
	const struct view *view = fleet_find(fleet, name);
	const struct record_removal *removal = fleet_find_removal(fleet, name);
	struct asked *asked = list->user;

	if (!read_cursor(list->cursor, &asked->before) ||
	    !read_since(&list->query, &asked->since_ms))
		return &invalid;
	if (!view && !removal)
		return &unknown;
	asked->key = arena_strdup(list->arena, view ? view->key : removal->key);
	json_put_text(&list->out, "server", view ? view->server : removal->server);
	return NULL;
}

static enum status read_changes(struct api_list *list, char error[STORE_ERROR_SIZE])
{
	const struct asked *asked = list->user;

	return store_read_history(list->reader, asked->key, asked->since_ms, asked->before,
				  list->limit + 1, add_change, list, error);
}

void api_history_get(struct call *call)
{
	static const struct api_list_kind kind = {
		.member = "changes",
		.query = API_LIST_ANY_PAGE,
		.allows = allows,
		.begin = begin_list,
		.read = read_changes,
	};
	struct asked *asked = arena_alloc(&call->arena, sizeof *asked);

	api_list_answer(call, &kind, asked);
}
