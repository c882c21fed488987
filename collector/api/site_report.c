/*
 * GET /v1/sites/{org}/{site}/report: the site as a page to print, for people who have no login. Its
 * servers are looked up here; what changed of each is read, and the page is written, on the store's
 * other thread.
 */
#include <string.h>

#include "collector/api/handler.h"
#include "collector/api/servers.h"
#include "collector/api/trend.h"
#include "collector/model/event_detail.h"
#include "collector/model/record_report.h"
#include "collector/query/server_row.h"
#include "collector/query/server_select.h"
#include "collector/query/site_paper.h"
#include "proto/base/timestamp.h"
#include "proto/json/slice.h"
#include "proto/json/write.h"

/* Servers of a site that one page may have; past it 422. */
#define MAX_SERVERS 2000

/* It loads nothing, and what it shows comes from reports. */
#define PAPER_FIELDS                                                                               \
	"Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; base-uri "        \
	"'none'; "                                                                                 \
	"form-action 'none'; frame-ancestors 'none'\r\n"                                           \
	"Referrer-Policy: no-referrer\r\n"

struct writing {
	struct site_paper paper;
	struct api_trend trend;
	struct record_trend now;
	struct buffer views; /* of its servers, an array as /v1/servers has it */
	const char **keys;
	struct buffer out;
	struct arena *arena;
};

/* The verdict that a member of a change tells, or NULL. */
static const char *verdict_in(const struct record_event *event, const char *member)
{
	enum verdict verdict;

	return event_detail_verdict(event->detail, member, &verdict) ? verdict_name(verdict) : NULL;
}

/* What changed about a server: the latest change comes first. */
static enum status read_change(void *user, const struct record_event *event,
			       struct store_history_place place)
{
	struct site_paper_server *server = user;
	(void)place;

	if (strcmp(event->kind, "verdict") != 0)
		return STATUS_OK;
	if (server->n_changes++ == 0)
		server->changed_ms = event->at_ms;
	server->before = verdict_in(event, "before");
	server->is_new = server->before == NULL;
	if (server->is_new)
		server->before = verdict_in(event, "after");
	return STATUS_OK;
}

static void read_view(const struct json_slice *view, struct arena *arena,
		      struct site_paper_server *out)
{
	struct json_reading in;
	struct json_place at;

	*out = (struct site_paper_server){ .name = "?", .organization = "", .site = "" };
	out->since_ms = out->reported_ms = out->changed_ms = TIMESTAMP_NONE;
	out->verdict = "";
	json_begin(&in, view->at, view->size, view->size, arena, &at);
	json_get_text(&in, &at, "server", &out->name);
	json_get_text(&in, &at, "organization", &out->organization);
	json_get_text(&in, &at, "site", &out->site);
	json_get_text(&in, &at, "verdict", &out->verdict);
	json_get_bool(&in, &at, "silent", &out->silent);
	json_get_time(&in, &at, "since", &out->since_ms);
	json_get_time(&in, &at, "reported_at", &out->reported_ms);
	json_get_integer(&in, &at, "interval_s", 0, INT32_MAX, &out->interval_s);
	json_get_text(&in, &at, "build", &out->build);
	json_get_text(&in, &at, "mta", &out->mta);
	json_get_text(&in, &at, "os", &out->os);
	findings_read(&in, &at, &out->findings);
	json_end(&in);
}

static enum status read_servers(const struct store_connection *reader, struct writing *w,
				char error[STORE_ERROR_SIZE])
{
	const char *at = w->views.bytes;
	enum status status = STATUS_OK;
	struct json_slice view;

	for (size_t i = 0; status == STATUS_OK && json_slice_next(&at, &view); i++) {
		struct site_paper_server *server = &w->paper.servers[i];
		read_view(&view, w->arena, server);
		if (server->reported_ms != TIMESTAMP_NONE) /* else it has no history */
			status = store_read_history(reader, w->keys[i], w->paper.since_ms,
						    STORE_HISTORY_END, STORE_MAX_ROWS_PER_SERVER,
						    read_change, server, error);
	}
	return status;
}

static size_t count_rows(const struct api_trend_row *row)
{
	size_t n = 0;

	for (; row; row = row->next)
		n++;
	return n;
}

static void take_counts(struct writing *w)
{
	const struct api_trend_row *row = w->trend.rows.first;
	size_t n = count_rows(row);

	w->paper.trend = arena_alloc_array(w->arena, n + 1, sizeof *w->paper.trend);
	for (size_t i = 0; i <= n; i++) {
		const struct record_trend *of = i < n ? &row->row : &w->now;
		w->paper.trend[i] = (struct site_paper_count){
			.at_ms = of->at_ms,
			.n = of->by_verdict[VERDICT_FAILING] + of->by_verdict[VERDICT_EXPOSED] +
			     of->by_verdict[VERDICT_AT_RISK],
		};
		row = i < n ? row->next : NULL;
	}
	w->paper.n_trend = n + 1;
}

static void take_gaps(struct writing *w)
{
	const struct api_trend_row *at = w->trend.fleet.first;
	struct site_paper_gap gap;

	w->paper.gaps = arena_alloc_array(w->arena, count_rows(at), sizeof *w->paper.gaps);
	while (api_trend_next_gap(&at, w->paper.at_ms, &gap.from_ms, &gap.to_ms))
		w->paper.gaps[w->paper.n_gaps++] = gap;
}

static enum status write_paper(const struct store_connection *reader, void *user,
			       char error[STORE_ERROR_SIZE])
{
	struct writing *w = user;
	enum status status = api_trend_read(reader, &w->trend, error);

	if (status == STATUS_OK)
		status = read_servers(reader, w, error);
	if (status != STATUS_OK)
		return status;
	take_counts(w);
	take_gaps(w);
	w->paper.organization =
		w->paper.servers[0].organization; /* in the case that it has there */
	w->paper.site = w->paper.servers[0].site;
	site_paper_write(&w->paper, w->arena, &w->out);
	return STATUS_OK;
}

static void drop(void *user)
{
	struct writing *w = user;

	buffer_deinit(&w->views);
	buffer_deinit(&w->out);
}

/* "ACME-HQ-2026-11-22.html", whatever the names are. */
static const char *file_name(const struct writing *w)
{
	char day[TIMESTAMP_TEXT_SIZE];
	char *name = arena_printf(w->arena, "%s-%s-%.10s", w->paper.organization, w->paper.site,
				  timestamp_format(w->paper.at_ms, day));

	for (char *at = name; *at; at++) {
		if (!strchr("-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz",
			    *at))
			*at = '_';
	}
	return name;
}

static void answer(struct call *call, void *user, enum status status)
{
	struct writing *w = user;
	struct answer page = {
		.status = 200,
		.content_type = "text/html; charset=utf-8",
		.fields = arena_printf(&call->arena,
				       PAPER_FIELDS
				       "Content-Disposition: inline; filename=\"%s.html\"\r\n",
				       file_name(w)),
	};
	(void)status; /* a site of which nothing was counted has one */

	page.body = buffer_take(&w->out, &page.size);
	drop(w);
	call_answer(call, &page);
}

/* The address under which it was asked for, or NULL. */
static const char *url_of(struct call *call)
{
	const char *host = http_field(call->request, "Host");

	return host && *host ? arena_printf(&call->arena, "%s://%s",
					    call_is_encrypted(call) ? "https" : "http", host)
			     : NULL;
}

static void take_views(const struct api *api, struct writing *w, const struct server_page *page)
{
	w->paper.n = page->n;
	w->paper.servers = arena_alloc_array(w->arena, page->n, sizeof *w->paper.servers);
	w->keys = arena_alloc_array(w->arena, page->n, sizeof *w->keys);
	json_open_array(&w->views, NULL);
	for (size_t i = 0; i < page->n; i++) {
		w->keys[i] = arena_strdup(w->arena, page->views[i]->key);
		server_row_write(page->views[i], alerting_remarks(api->alerting), w->paper.at_ms,
				 &w->views);
	}
	json_close_array(&w->views);
}

/* The servers of the site, the worst first. False: there is no page of them, and that is said. */
static bool find_servers(struct call *call, struct server_page *out)
{
	static const struct problem too_large = {
		.status = 422,
		.code = "site_too_large",
		.detail = "The site has more than 2000 servers, too many for one page. "
			  "/v1/servers?site= lists them.",
	};
	const struct server_filter filter = {
		.any_verdict = true,
		.any_silent = true,
		.sites = { api_path_name(call, 1) },
		.n_sites = 1,
		.organizations = { api_path_name(call, 0) },
		.n_organizations = 1,
		.limit = MAX_SERVERS,
	};
	struct server_list list;

	if (!api_list_servers(call, &list))
		return false;
	server_select(&filter, &list, &call->arena, out);
	if (out->n == 0)
		call_answer_problem(call, &api_unknown_site);
	else if (out->more)
		call_answer_problem(call, &too_large);
	return out->n > 0 && !out->more;
}

void api_site_report_get(struct call *call)
{
	static const struct problem not_past = {
		.status = 400,
		.code = "invalid_query",
		.detail = "The time of since is not in the past.",
	};
	struct writing *w = arena_alloc(&call->arena, sizeof *w);
	struct server_page page;

	*w = (struct writing){ .arena = &call->arena };
	if (!api_trend_begin(call, api_path_name(call, 0), api_path_name(call, 1), &w->trend) ||
	    !find_servers(call, &page) || !api_trend_count_now(call, &w->trend, &w->now))
		return;
	if (w->trend.since_ms >= w->now.at_ms) {
		call_answer_problem(call, &not_past);
		return;
	}
	w->paper.collector = url_of(call);
	w->paper.at_ms = w->now.at_ms;
	w->paper.since_ms = w->trend.since_ms;
	take_views(call->context, w, &page);
	api_ask(call, &(struct api_question){ write_paper, answer, drop, w, STORE_PAGE });
}
