#include "collector/view.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "collector/json_add.h"
#include "proto/mem.h"
#include "proto/report_json.h"
#include "proto/text.h"
#include "proto/verdict_json.h"

/* The file whose version is the build that the rule goes by (EXPOSURE: build numbers). */
#define BUILD_FILE "Emsmta.exe"

static const char *or_null(const char *name)
{
	return name && *name ? name : NULL;
}

/* The members that come straight from the latest report. */
static struct view *begin(struct snapshot *snapshot, bool silent, int64_t since_ms)
{
	struct view *view = mem_alloc(sizeof *view);
	const struct report *report = &snapshot->report;

	arena_init(&view->arena);
	view->references = 1;
	view->snapshot = snapshot_ref(snapshot);
	view->key = snapshot->key;
	view->server = arena_strndup(&view->arena, report->host.name,
				     text_short_name_length(report->host.name));
	view->organization = or_null(report->exchange.organization);
	view->site = or_null(report->exchange.site);
	view->exchange_server = report_server_name(report);
	view->silent = silent;
	view->since_ms = since_ms;
	view->reported_at_ms = snapshot->at_ms;
	view->interval_s = report->interval_s;
	return view;
}

static void add_path(const struct site_path *path, struct buffer *out)
{
	buffer_add_text(out, "{\"peer\":");
	json_add_string(out, path->peer);
	buffer_add_text(out, ",\"grade\":");
	json_add_string(out, grade_name(path->grade));
	buffer_add_text(out, ",\"proven\":");
	json_add_string(out, grade_name(path->proven));
	buffer_add_text(out, ",\"for_s\":");
	if (path->for_s == REPORT_ABSENT)
		buffer_add_text(out, "null");
	else
		json_add_number(out, path->for_s);
	buffer_add_text(out, ",\"error\":");
	json_add_string(out, probe_error_name(path->error));
	buffer_printf(out, ",\"falls_short\":%s,\"conclusive\":%s,\"borrowed\":%s}",
		      path->falls_short ? "true" : "false", path->conclusive ? "true" : "false",
		      path->borrowed ? "true" : "false");
}

static void add_adapters(const struct site_server *server, struct buffer *out)
{
	buffer_add_char(out, '[');
	for (size_t i = 0; i < server->n_adapters; i++) {
		const struct site_adapter *adapter = &server->adapters[i];
		buffer_add_text(out, i > 0 ? ",{\"id\":" : "{\"id\":");
		json_add_string(out, adapter->facts->id);
		buffer_add_text(out, ",\"state\":");
		json_add_string(out, adapter_state_name(adapter->state));
		buffer_printf(out, ",\"link_down\":%s,\"paths\":[",
			      adapter->link_down_isolates ? "true" : "false");
		for (size_t j = 0; j < adapter->n_paths; j++) {
			if (j > 0)
				buffer_add_char(out, ',');
			add_path(&adapter->paths[j], out);
		}
		buffer_add_text(out, "]}");
	}
	buffer_add_char(out, ']');
}

/* Moves a text from the heap into the view. */
static const char *keep(struct view *view, char *text)
{
	const char *kept = arena_strdup(&view->arena, text);
	free(text);
	return kept;
}

struct view *view_make(struct snapshot *snapshot, bool silent, int64_t since_ms,
		       const struct assessment *assessment, const struct site_server *adapters)
{
	struct view *view = begin(snapshot, silent, since_ms);
	struct buffer text;

	view->verdict = assessment->verdict;
	view->verdict_json = keep(view, verdict_json_write(&snapshot->report, silent, assessment));
	buffer_init(&text);
	add_adapters(adapters, &text);
	size_t size = 0;
	view->adapters_json = keep(view, buffer_take(&text, &size));
	return view;
}

struct view *view_restore(struct snapshot *snapshot, bool silent, int64_t since_ms,
			  enum verdict verdict, const char *verdict_json, const char *adapters_json)
{
	struct view *view = begin(snapshot, silent, since_ms);

	view->verdict = verdict;
	view->verdict_json = arena_strdup(&view->arena, verdict_json);
	view->adapters_json = arena_strdup(&view->arena, adapters_json);
	return view;
}

struct view *view_ref(struct view *view)
{
	view->references++;
	return view;
}

void view_unref(struct view *view)
{
	if (!view)
		return;
	assert(view->references > 0);
	if (--view->references > 0)
		return;
	snapshot_unref(view->snapshot);
	arena_deinit(&view->arena);
	free(view);
}

bool view_shows_the_same(const struct view *a, const struct view *b)
{
	return a->snapshot == b->snapshot && a->silent == b->silent && a->since_ms == b->since_ms &&
	       strcmp(a->verdict_json, b->verdict_json) == 0 &&
	       strcmp(a->adapters_json, b->adapters_json) == 0;
}

static const char *build_of(const struct report *report)
{
	const struct report_file *file = report_find_file(report, BUILD_FILE);
	if (file && file->state == FILE_STATE_VERSIONED && file->version)
		return file->version;
	return report->exchange.build;
}

/* The object without its closing brace. */
static void add_open_object(const struct view *view, int64_t now_ms, struct buffer *out)
{
	const struct report *report = &view->snapshot->report;

	buffer_add(out, view->verdict_json, strlen(view->verdict_json) - 1);
	buffer_add_text(out, ",\"exchange_server\":");
	json_add_string(out, view->exchange_server);
	buffer_add_text(out, ",\"since\":");
	json_add_time(out, view->since_ms);
	buffer_add_text(out, ",\"reported_at\":");
	json_add_time(out, view->reported_at_ms);
	buffer_add_text(out, ",\"age_s\":");
	json_add_number(out, (now_ms - view->reported_at_ms) / 1000);
	buffer_add_text(out, ",\"interval_s\":");
	json_add_number(out, view->interval_s);
	buffer_add_text(out, ",\"os\":");
	json_add_string(out, report->host.os);
	buffer_add_text(out, ",\"build\":");
	json_add_string(out, build_of(report));
	buffer_add_text(out, ",\"mta\":");
	json_add_string(out, report->mta.known ? service_state_name(report->mta.service) : NULL);
}

void view_add(const struct view *view, int64_t now_ms, struct buffer *out)
{
	add_open_object(view, now_ms, out);
	buffer_add_char(out, '}');
}

void view_add_detail(const struct view *view, int64_t now_ms, struct buffer *out)
{
	char *report = report_json_write(&view->snapshot->report);

	add_open_object(view, now_ms, out);
	buffer_add_text(out, ",\"adapters\":");
	buffer_add_text(out, view->adapters_json);
	buffer_add_text(out, ",\"report\":");
	buffer_add_text(out, report);
	buffer_add_char(out, '}');
	free(report);
}
