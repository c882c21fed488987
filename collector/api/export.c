/*
 * GET /v1/servers.csv, for spreadsheets, and /v1/servers where CSV is asked for, for programs: all
 * that match, in pieces.
 */
#include <stdlib.h>

#include "collector/api/servers.h"
#include "collector/base/log.h"
#include "collector/base/turns.h"
#include "collector/query/inventory.h"
#include "collector/query/server_csv.h"
#include "collector/query/server_row.h"
#include "collector/query/server_select.h"
#include "proto/base/mem.h"
#include "proto/base/timestamp.h"

/* Servers of one piece. */
#define PIECE_SERVERS 500

/*
 * A piece begins where the one before ended, by a cursor: servers may come and go meanwhile, and
 * nothing is held for a reader that is slow.
 */
struct exporting {
	struct call *call;
	struct api *api;
	struct server_filter filter; /* texts in the call's arena */
	bool has_mark;               /* of byte order, by which Excel sees that it is UTF-8 */
	struct turn *turn;
};

static void free_export(struct exporting *e)
{
	turn_free(e->turn);
	free(e);
}

static void keep_place(struct exporting *e, const struct server_cursor *next)
{
	struct arena *arena = &e->call->arena;

	e->filter.has_cursor = true;
	e->filter.cursor = (struct server_cursor){
		.rank = next->rank,
		.key = arena_strdup(arena, next->key),
		.organization = arena_strdup(arena, next->organization),
		.site = arena_strdup(arena, next->site),
	};
}

static void add_server(const struct exporting *e, const struct view *view, int64_t now_ms,
		       struct buffer *out)
{
	struct remark_pair pair = server_remarks(alerting_remarks(e->api->alerting), view);

	server_csv_add(out, view, &pair, now_ms);
}

/* Adds the next servers. False: the store does not tell who should be there. */
static bool add_piece(struct exporting *e, struct buffer *out, bool *more)
{
	int64_t now_ms = pipeline_now_ms(e->api->pipeline);
	struct server_list list;
	char error[STORE_ERROR_SIZE];
	struct server_page page;
	struct arena arena;

	arena_init(&arena);
	enum status status = inventory_list(e->api->inventory, pipeline_fleet(e->api->pipeline),
					    &arena, &list, error);
	if (status == STATUS_OK) {
		server_select(&e->filter, &list, &arena, &page);
		for (size_t i = 0; i < page.n; i++)
			add_server(e, page.views[i], now_ms, out);
		*more = page.more;
		if (page.more)
			keep_place(e, &page.next);
	} else {
		log_error("%s", error);
	}
	arena_deinit(&arena);
	return status == STATUS_OK;
}

static void write_piece(void *user)
{
	struct exporting *e = user;
	struct buffer out;
	size_t size;
	bool more = false;
	bool has_room = true;

	buffer_init(&out);
	if (!e->filter.has_cursor) {
		buffer_add_text(&out, e->has_mark ? "\xEF\xBB\xBF" : "");
		server_csv_add_header(&out);
	}
	if (!add_piece(e, &out, &more)) {
		buffer_deinit(&out);
		call_break(e->call);
		return;
	}
	if (out.size > 0) {
		char *bytes = buffer_take(&out, &size);
		has_room = call_write(e->call, bytes, size);
	}
	if (!more) {
		call_end(e->call);
		free_export(e);
	} else if (has_room) {
		turn_wait(e->turn);
	}
}

/* The reader has caught up. */
static void on_more(void *user)
{
	const struct exporting *e = user;
	turn_wait(e->turn);
}

static void on_gone(void *user)
{
	free_export(user);
}

void api_export_servers(struct call *call, const struct server_filter *filter, bool has_mark)
{
	static const struct call_stream stream = { .more = on_more, .gone = on_gone };
	static const struct answer head = {
		.status = 200,
		.content_type = "text/csv; charset=utf-8; header=present",
		.fields = "Vary: Accept\r\n"
			  "Content-Disposition: attachment; filename=\"servers.csv\"\r\n",
	};
	static const struct problem not_now = {
		.status = 400,
		.code = "invalid_query",
		.detail = "at: servers of the past are to be had as application/json alone.",
	};
	struct api *api = call->context;
	struct server_list list;

	if (filter->at_ms != TIMESTAMP_NONE) {
		call_answer_problem(call, &not_now);
		return;
	}
	if (!api_list_servers(call, &list)) /* said while there still is a status to say it by */
		return;
	struct exporting *e = mem_alloc(sizeof *e);
	*e = (struct exporting){
		.call = call, .api = api, .filter = *filter, .has_mark = has_mark
	};
	e->filter.limit = PIECE_SERVERS;
	e->turn = turn_new(&api->turns, api->loop, write_piece, e);
	if (call_begin(call, &head, &stream, e))
		turn_wait(e->turn);
	else
		free_export(e);
}

void api_server_export(struct call *call)
{
	struct server_filter filter;

	if (api_read_filter(call, &filter))
		api_export_servers(call, &filter, true);
}
