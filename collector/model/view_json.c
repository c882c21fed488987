/* The JSON of a view; declared in collector/model/view.h. */
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "collector/model/drift_marks.h"
#include "collector/model/restart.h"
#include "collector/model/view.h"
#include "proto/base/mem.h"
#include "proto/json/slice.h"
#include "proto/json/write.h"

static void add_path(const struct site_path *path, struct buffer *out)
{
	json_open_object(out, NULL);
	json_put_text(out, "peer", path->peer);
	json_put_text(out, "grade", grade_name(path->grade));
	json_put_text(out, "proven", grade_name(path->proven));
	json_put_integer_unless(out, "for_s", path->for_s, REPORT_ABSENT);
	json_put_text(out, "error", probe_error_name(path->error));
	json_put_bool(out, "falls_short", path->falls_short);
	json_put_bool(out, "conclusive", path->conclusive);
	json_put_bool(out, "borrowed", path->borrowed);
	json_close_object(out);
}

void view_add_adapters(const struct site_server *server, struct buffer *out)
{
	json_open_array(out, NULL);
	for (size_t i = 0; i < server->n_adapters; i++) {
		const struct site_adapter *adapter = &server->adapters[i];
		json_open_object(out, NULL);
		json_put_text(out, "id", adapter->id);
		json_put_text(out, "state", adapter_state_name(adapter->state));
		json_put_bool(out, "link_down", adapter->link_down_isolates);
		json_open_array(out, "paths");
		for (size_t j = 0; j < adapter->n_paths; j++)
			add_path(&adapter->paths[j], out);
		json_close_array(out);
		json_close_object(out);
	}
	json_close_array(out);
}

/* The state of that name, which stands with its quotes. */
static bool find_state(const struct json_slice *name, enum adapter_state *out)
{
	for (int i = ADAPTER_INACTIVE; i <= ADAPTER_ISOLATED; i++) {
		if (json_slice_is_name(name, adapter_state_name((enum adapter_state)i))) {
			*out = (enum adapter_state)i;
			return true;
		}
	}
	return false;
}

bool view_next_adapter_state(const char **at, enum adapter_state *out)
{
	struct json_slice adapter;
	struct json_slice name;

	while (json_slice_next(at, &adapter)) {
		if (json_slice_member(adapter.at, "state", &name) && find_state(&name, out))
			return true;
	}
	return false;
}

void view_add_reach(const struct site_server *server, struct buffer *out)
{
	json_open_array(out, NULL);
	for (size_t i = 0; i < server->n_adapters; i++) {
		json_open_object(out, NULL);
		json_put_text(out, "id", server->adapters[i].id);
		json_put_text(out, "state", adapter_state_name(server->adapters[i].state));
		json_close_object(out);
	}
	json_close_array(out);
}

static void open_verdict(const struct view *view, struct buffer *out)
{
	json_open_object(out, NULL);
	json_put_text(out, "server", view->server);
	json_put_text(out, "organization", view->organization);
	json_put_text(out, "site", view->site);
	json_put_text(out, "verdict",
		      view->not_monitored ? "not_monitored" : verdict_name(view->verdict));
	json_put_bool(out, "silent", view->silent);
	json_put_json(out, NULL, view->findings_json);
}

void view_add_verdict(const struct view *view, struct buffer *out)
{
	open_verdict(view, out);
	if (view->drift)
		json_put_json(out, "drift", view->drift);
	json_close_object(out);
}

static void add_member(const char *name, const struct json_slice *value, struct buffer *out)
{
	if (!value->at)
		return;
	json_put_name(out, name);
	buffer_add(out, value->at, value->size);
}

void view_read_stored(const char *verdict_json, char **findings, char **drift)
{
	struct json_slice reasons = { NULL, 0 };
	struct json_slice remedy = { NULL, 0 };
	struct json_slice marks = { NULL, 0 };
	struct json_slice name;
	struct json_slice value;
	struct buffer out = { 0 };

	while (json_slice_next_member(&verdict_json, &name, &value)) {
		if (json_slice_is_name(&name, "reasons"))
			reasons = value;
		else if (json_slice_is_name(&name, "remedy"))
			remedy = value;
		else if (json_slice_is_name(&name, "drift"))
			marks = value;
	}
	add_member("reasons", &reasons, &out);
	add_member("remedy", &remedy, &out);
	*findings = buffer_take_text(&out);
	*drift = marks.at ? mem_strndup(marks.at, marks.size) : NULL;
}

/* "3 min", "2 h", "40 days": as people say it. */
static void add_duration(struct buffer *out, int64_t s)
{
	if (s < 120)
		buffer_printf(out, "%" PRId64 " s", s);
	else if (s < 7200)
		buffer_printf(out, "%" PRId64 " min", s / 60);
	else if (s < 172800)
		buffer_printf(out, "%" PRId64 " h", s / 3600);
	else
		buffer_printf(out, "%" PRId64 " days", s / 86400);
}

static void add_note(const char *code, struct buffer *text, struct buffer *out)
{
	json_open_object(out, NULL);
	json_put_text(out, "code", code);
	json_put_text(out, "text", text->bytes);
	json_close_object(out);
	buffer_deinit(text);
}

static void add_note_of_clock(int64_t skew_s, struct buffer *out)
{
	struct buffer text = { 0 };

	buffer_add_text(&text, "The clock of this server is ");
	add_duration(&text, skew_s > 0 ? skew_s : -skew_s);
	buffer_printf(&text,
		      " %s the collector's: the times in its events are off by as much. "
		      "The verdict does not depend on it.",
		      skew_s > 0 ? "ahead of" : "behind");
	add_note("clock_wrong", &text, out);
}

static void add_note_of_name(const char *renamed_to, struct buffer *out)
{
	struct buffer text = { 0 };

	buffer_printf(&text,
		      "This machine was probably renamed to %s, which reports since from the same "
		      "network card. If so, remove this name: mtawatch-collector decommission.",
		      renamed_to);
	add_note("renamed", &text, out);
}

static void add_notes(const struct view *view, struct buffer *out)
{
	int64_t skew_s = view->clock_skew_s;
	bool is_wrong = skew_s != SNAPSHOT_SKEW_UNKNOWN &&
			(skew_s > VIEW_MAX_SKEW_S || skew_s < -VIEW_MAX_SKEW_S);

	drift_add_marks(view->drift, "drift", out);
	json_put_text(out, "renamed_to", view->renamed_to);
	json_put_integer_unless(out, "clock_skew_s", skew_s, SNAPSHOT_SKEW_UNKNOWN);
	json_open_array(out, "notes");
	if (view->renamed_to)
		add_note_of_name(view->renamed_to, out);
	if (is_wrong)
		add_note_of_clock(skew_s, out);
	json_close_array(out);
}

void view_add_open(const struct view *view, int64_t now_ms, struct buffer *out)
{
	open_verdict(view, out);
	json_put_text(out, "exchange_server", view->exchange_server);
	json_put_time(out, "since", view->since_ms);
	json_put_time(out, "reported_at", view->reported_at_ms);
	if (view->reported_at_ms == TIMESTAMP_NONE) {
		json_put_null(out, "age_s");
		json_put_null(out, "interval_s");
	} else {
		json_put_integer(out, "age_s", (now_ms - view->reported_at_ms) / 1000);
		json_put_integer(out, "interval_s", view->interval_s);
	}
	json_put_text(out, "os", view->os);
	json_put_text(out, "build", view->build);
	json_put_text(out, "mta", view->mta);
	json_put_text(out, "restart", restart_name(view_restart(view)));
	add_notes(view, out);
}
