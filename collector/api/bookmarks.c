/*
 * GET /v1/bookmarks, PUT and DELETE /v1/bookmarks/{name}: queries of the list of servers that the
 * caller keeps by a name; a session's are those of its token, or of the user whom a proxy names.
 *
 * The audit log has no lines of them: a viewer could fill it, and what it says of others would go.
 */
#include <string.h>

#include "collector/api/handler.h"
#include "collector/api/list.h"
#include "collector/http/call.h"
#include "collector/http/problem.h"
#include "collector/query/server_filter.h"
#include "proto/base/printable.h"
#include "proto/json/write.h"

/* Of one person. */
#define MAX_BOOKMARKS 100

/* Bytes of a name. */
#define MAX_NAME 100

static void write_bookmark(const struct record_bookmark *bookmark, struct buffer *out)
{
	json_open_object(out, NULL);
	json_put_text(out, "name", bookmark->name);
	json_put_text(out, "query", bookmark->query);
	json_put_time(out, "made_at", bookmark->made_ms);
	json_close_object(out);
}

static enum status add_bookmark(void *user, const struct record_bookmark *bookmark)
{
	struct api_list *list = user;
	enum status status = api_list_add(list, "%s", bookmark->name);

	if (status == STATUS_OK)
		write_bookmark(bookmark, &list->out);
	return status;
}

static enum status read_bookmarks(struct api_list *list, char error[STORE_ERROR_SIZE])
{
	return store_read_bookmarks(list->reader, list->user, add_bookmark, list, error);
}

void api_bookmark_list(struct call *call)
{
	static const struct api_list_kind kind = { .member = "bookmarks", .read = read_bookmarks };
	api_list_answer(call, &kind, (void *)api_who(call));
}

/* One that is put or goes; in the call's arena. */
struct pending_bookmark {
	struct call *call;
	struct record_bookmark bookmark;
	size_t n; /* that the person has under other names */
	bool is_known;
	bool goes;
};

static enum status see_bookmark(void *user, const struct record_bookmark *known)
{
	struct pending_bookmark *p = user;
	bool is_it = strcmp(known->name, p->bookmark.name) == 0;

	p->is_known |= is_it;
	p->n += !is_it;
	return STATUS_OK;
}

static enum status count_bookmarks(const struct store_connection *reader, void *user,
				   char error[STORE_ERROR_SIZE])
{
	const struct pending_bookmark *p = user;
	return store_read_bookmarks(reader, p->bookmark.person, see_bookmark, user, error);
}

static void on_stored(void *user, enum status status, const char *error)
{
	const struct pending_bookmark *p = user;
	struct buffer out;

	if (status != STATUS_OK) {
		api_fail_change(p->call, error);
	} else if (p->goes) {
		api_answer_nothing(p->call, NULL);
	} else {
		buffer_init(&out);
		write_bookmark(&p->bookmark, &out);
		buffer_add_char(&out, '\n');
		api_answer_json(p->call, 200, &out, NULL);
	}
}

static void on_counted(struct call *call, void *user, enum status status)
{
	static const struct problem too_many = {
		.status = 409,
		.code = "too_many_bookmarks",
		.detail = "You have 100 bookmarks, which is as many as there may be.",
	};
	static const struct problem unknown = { .status = 404,
						.code = "unknown_bookmark",
						.detail = "You have no bookmark of this name." };
	const struct api *api = call->context;
	struct pending_bookmark *p = user;
	struct store_change change = { .done = on_stored, .user = p };
	(void)status; /* there may be none */

	if (p->goes)
		change.dropped_bookmark = &p->bookmark;
	else
		change.bookmark = &p->bookmark;
	if (p->goes && !p->is_known)
		call_answer_problem(call, &unknown);
	else if (!p->goes && p->n >= MAX_BOOKMARKS)
		call_answer_problem(call, &too_many);
	else if (!pipeline_is_ready(api->pipeline) ||
		 store_submit(api->store, &change) != STATUS_OK)
		call_answer_not_stored(call);
}

static struct pending_bookmark *begin(struct call *call, bool goes)
{
	const struct api *api = call->context;
	struct pending_bookmark *p = arena_alloc(&call->arena, sizeof *p);

	*p = (struct pending_bookmark){
		.call = call,
		.bookmark = { api_who(call), call->params[0], "", pipeline_now_ms(api->pipeline) },
		.goes = goes,
	};
	return p;
}

static void count_first(struct pending_bookmark *p)
{
	api_ask(p->call,
		&(struct api_question){ count_bookmarks, on_counted, NULL, p, STORE_LOOK_UP });
}

/* The query without its page, as it is kept. */
static bool read_body(struct pending_bookmark *p)
{
	struct call *call = p->call;
	struct json_reading in;
	struct json_place root;
	struct server_filter ignored;
	const char *query = "";

	api_begin_body(call, &in, &root);
	json_require(&in, &root, "query");
	json_get_text(&in, &root, "query", &query);
	const char *wrong =
		in.status == STATUS_OK ? server_filter_read(query, &call->arena, &ignored) : NULL;
	if (wrong)
		json_refuse(&in, &root, "query", STATUS_INVALID, wrong);
	if (!api_end_body(call, &in))
		return false;
	p->bookmark.query = server_filter_write(query, &call->arena);
	return true;
}

/* One line that can be seen. Otherwise the call is answered. */
static bool has_good_name(const struct pending_bookmark *p)
{
	static const struct problem bad = {
		.status = 422,
		.code = "invalid_member",
		.detail = "The name of a bookmark has 1 to 100 bytes, and is one line of plain "
			  "text.",
	};
	const char *name = p->bookmark.name;
	char shown[MAX_NAME + 2];

	if (*name && strlen(name) <= MAX_NAME &&
	    strcmp(printable(shown, sizeof shown, name), name) == 0)
		return true;
	call_answer_problem(p->call, &bad);
	return false;
}

void api_bookmark_put(struct call *call)
{
	struct pending_bookmark *p = begin(call, false);

	if (api_is_json(call) && has_good_name(p) && read_body(p))
		count_first(p);
}

void api_bookmark_delete(struct call *call)
{
	count_first(begin(call, true));
}
