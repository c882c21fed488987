/* GET /v1/servers and /v1/sites, with at=. */
#include <stdlib.h>

#include "collector/api/handler.h"
#include "collector/api/list.h"
#include "collector/api/past.h"
#include "collector/api/servers.h"
#include "collector/fleet/past_site.h"
#include "collector/http/call.h"
#include "collector/query/past_list.h"
#include "collector/query/server_row.h"
#include "collector/query/server_select.h"
#include "collector/query/site_tally.h"
#include "proto/json/write.h"

/* Reports that one question reads. */
#define REPORTS 50

static const char who_was_missing[] =
	"Which servers were expected then and had never reported is not kept.";

/* A list under way. */
struct past_page {
	struct api_past *past;
	const struct server_filter *filter;
	struct past_list list;
	struct server_page page;
	struct view **views; /* of the page, with what their reports tell; NULL: as they were */
	size_t next;
	size_t n_without;
};

static void fill_list(struct past_list *list, const struct api_past *past)
{
	past_list_init(list, &past->call->arena);
	for (size_t i = 0; i < past->n; i++) {
		if (past->subjects[i].then.is_known)
			past_list_add(list, api_past_view(past, &past->subjects[i]));
	}
}

static void drop_page(void *user)
{
	struct past_page *p = user;

	for (size_t i = 0; i < p->page.n; i++)
		view_unref(p->views[i]);
	past_list_deinit(&p->list);
}

static enum status read_row(const struct store_connection *reader, struct past_page *p, size_t i,
			    char error[STORE_ERROR_SIZE])
{
	const struct past_subject *subject = api_past_find(p->past, p->page.views[i]->key);
	struct snapshot *report;
	enum status status = past_site_read_report(reader, subject->key, p->past->at_ms,
						   &subject->then, &report, error);

	p->n_without += status == STATUS_OK && !report;
	if (report) {
		const struct view_verdict verdict = api_past_verdict(p->past, subject);
		p->views[i] = view_make(report, &verdict);
	}
	snapshot_unref(report);
	return status;
}

static void choose_rows(struct past_page *p)
{
	struct arena *arena = &p->past->call->arena;

	fill_list(&p->list, p->past);
	const struct server_list list = past_list_all(&p->list);
	server_select(p->filter, &list, arena, &p->page);
	p->views = arena_alloc_array(arena, p->page.n, sizeof(struct view *));
}

/* On the reading thread, as all that takes a while for a large fleet. */
static enum status read_rows(const struct store_connection *reader, void *user,
			     char error[STORE_ERROR_SIZE])
{
	struct past_page *p = user;
	enum status status = STATUS_OK;

	if (!p->views)
		choose_rows(p);
	for (size_t i = 0; status == STATUS_OK && i < REPORTS && p->next < p->page.n; i++)
		status = read_row(reader, p, p->next++, error);
	return status;
}

/* Of the sites that are asked for; what else is asked for does not count here. */
static bool is_asked_for(const struct server_filter *f, const struct past_subject *subject)
{
	size_t n_organizations = f->n_organizations ? f->n_organizations : 1;
	size_t n_sites = f->n_sites ? f->n_sites : 1;

	for (size_t i = 0; i < n_organizations * n_sites; i++) {
		if (api_past_touches(subject, f->organizations[i / n_sites], f->sites[i % n_sites]))
			return true; /* NULL where none is named */
	}
	return false;
}

static struct api_past_changes changes_of(const struct past_page *p)
{
	struct api_past_changes changes = api_past_no_changes;

	for (size_t i = 0; i < p->past->n; i++) {
		if (is_asked_for(p->filter, &p->past->subjects[i]))
			api_past_count_change(&changes, &p->past->subjects[i]);
	}
	return changes;
}

static void write_page(const struct past_page *p, struct buffer *out)
{
	const struct api_past *past = p->past;
	const struct api_past_changes changes = changes_of(p);
	const char *not_kept[2] = { who_was_missing };

	if (p->n_without > 0)
		not_kept[1] = arena_printf(
			&past->call->arena,
			"The reports of then are not kept any more for %zu of these servers: %s.",
			p->n_without, api_past_kept_reports(past));
	json_open_object(out, NULL);
	json_put_time(out, "as_of", past->at_ms);
	api_past_write(past, &changes, not_kept, 1 + (p->n_without > 0), out);
	server_tally_write(&p->page.tally, out);
	json_put_integer(out, "matched", (int64_t)p->page.n_matched);
	json_open_array(out, "servers");
	for (size_t i = 0; i < p->page.n; i++) {
		json_put_line(out);
		server_row_write(p->views[i] ? p->views[i] : p->page.views[i], NULL, past->at_ms,
				 out);
	}
	json_close_array(out);
	json_finish(out);
}

static const char *link_of(struct call *call, const struct past_page *p)
{
	if (!p->page.more)
		return NULL;
	return api_link_next(
		call, "/v1/servers", server_filter_write(call->request->query, &call->arena),
		p->filter->limit, server_cursor_write(p->filter, &p->page.next, &call->arena));
}

static void ask_rows(struct past_page *p);

static void on_rows(struct call *call, void *user, enum status status)
{
	struct past_page *p = user;
	struct buffer out;
	(void)status; /* servers without reports are listed, too */

	if (p->next < p->page.n) {
		ask_rows(p);
		return;
	}
	buffer_init(&out);
	write_page(p, &out);
	const char *fields = link_of(call, p);
	drop_page(p);
	api_past_answer(call, &out, fields);
}

static void ask_rows(struct past_page *p)
{
	api_ask(p->past->call,
		&(struct api_question){ read_rows, on_rows, drop_page, p, STORE_PAGE });
}

static void on_servers(struct api_past *past, void *user)
{
	struct past_page *p = arena_alloc(&past->call->arena, sizeof *p);

	*p = (struct past_page){ .past = past, .filter = user };
	ask_rows(p);
}

void api_past_list_servers(struct call *call, const struct server_filter *filter)
{
	static const struct problem invalid = {
		.status = 400,
		.code = "invalid_query",
		.detail =
			"at: of the past there is no filter for drift, adapters or owners, and no "
			"order by report or build.",
	};
	struct server_filter *kept = arena_alloc(&call->arena, sizeof *kept);

	if (filter->drift != 0 || filter->adapters != 0 || filter->n_owners > 0 ||
	    filter->sort == SERVER_SORT_REPORTED || filter->sort == SERVER_SORT_BUILD) {
		call_answer_problem(call, &invalid);
		return;
	}
	*kept = *filter;
	api_past_gather(call, filter->at_ms, on_servers, kept);
}

/* Sites under way. */
struct past_sites {
	struct api_past *past;
	struct buffer out;
};

static void write_sites(const struct api_past *past, const struct site_tally *sites, size_t n,
			struct buffer *out)
{
	struct api_past_changes changes = api_past_no_changes;
	const char *const not_kept[] = { who_was_missing };

	for (size_t i = 0; i < past->n; i++)
		api_past_count_change(&changes, &past->subjects[i]);
	json_open_object(out, NULL);
	json_put_time(out, "as_of", past->at_ms);
	api_past_write(past, &changes, not_kept, 1, out);
	json_open_array(out, "sites");
	for (size_t i = 0; i < n; i++) {
		json_put_line(out);
		site_tally_write(&sites[i], NULL, out);
	}
	json_close_array(out);
	json_finish(out);
}

/* On the reading thread, too. */
static enum status count_sites(const struct store_connection *reader, void *user,
			       /* NOLINTNEXTLINE(readability-non-const-parameter): a callback's. */
			       char error[STORE_ERROR_SIZE])
{
	struct past_sites *p = user;
	struct past_list list;
	struct site_tally *sites;
	size_t n;
	(void)reader;
	(void)error;

	fill_list(&list, p->past);
	const struct server_list all = past_list_all(&list);
	site_tally_make(&all, &p->past->call->arena, &sites, &n);
	write_sites(p->past, sites, n, &p->out);
	past_list_deinit(&list);
	return STATUS_OK;
}

static void drop_sites(void *user)
{
	struct past_sites *p = user;

	buffer_deinit(&p->out);
}

static void on_counted(struct call *call, void *user, enum status status)
{
	struct past_sites *p = user;
	(void)status;

	api_past_answer(call, &p->out, NULL);
}

static void on_sites(struct api_past *past, void *user)
{
	struct past_sites *p = arena_alloc(&past->call->arena, sizeof *p);
	(void)user;

	p->past = past;
	buffer_init(&p->out);
	api_ask(past->call,
		&(struct api_question){ count_sites, on_counted, drop_sites, p, STORE_PAGE });
}

void api_past_list_sites(struct call *call, int64_t at_ms)
{
	api_past_gather(call, at_ms, on_sites, NULL);
}
