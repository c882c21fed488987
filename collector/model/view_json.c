/* The JSON of a view; declared in collector/model/view.h. */
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "collector/base/json_add.h"
#include "collector/model/view.h"

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

void view_add_adapters(const struct site_server *server, struct buffer *out)
{
	buffer_add_char(out, '[');
	for (size_t i = 0; i < server->n_adapters; i++) {
		const struct site_adapter *adapter = &server->adapters[i];
		buffer_add_text(out, i > 0 ? ",{\"id\":" : "{\"id\":");
		json_add_string(out, adapter->id);
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

void view_add_verdict(const struct view *view, struct buffer *out)
{
	buffer_add_text(out, "{\"server\":");
	json_add_string(out, view->server);
	buffer_add_text(out, ",\"organization\":");
	json_add_string(out, view->organization);
	buffer_add_text(out, ",\"site\":");
	json_add_string(out, view->site);
	buffer_add_text(out, ",\"verdict\":");
	json_add_string(out, view->not_monitored ? "not_monitored" : verdict_name(view->verdict));
	buffer_add_text(out, view->silent ? ",\"silent\":true," : ",\"silent\":false,");
	buffer_add_text(out, view->findings_json);
	buffer_add_char(out, '}');
}

const char *view_find_findings(const char *verdict_json, size_t *size)
{
	/* No text within the object holds this: its quotes would be escaped. */
	const char *at = strstr(verdict_json, "\"reasons\":");

	*size = at ? strlen(at) - 1 : 0;
	return at;
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

static void add_note_of_clock(int64_t skew_s, struct buffer *out)
{
	buffer_add_text(out, "{\"code\":\"clock_wrong\",\"text\":\"The clock of this server is ");
	add_duration(out, skew_s > 0 ? skew_s : -skew_s);
	buffer_printf(out,
		      " %s the collector's: the times in its events are off by as much. "
		      "The verdict does not depend on it.\"}",
		      skew_s > 0 ? "ahead of" : "behind");
}

static void add_note_of_name(const char *renamed_to, struct buffer *out)
{
	buffer_add_text(out, "{\"code\":\"renamed\",\"text\":");
	struct buffer text;
	buffer_init(&text);
	buffer_printf(&text,
		      "This machine was probably renamed to %s, which reports since from the same "
		      "network card. If so, remove this name: mtawatch-collector decommission.",
		      renamed_to);
	json_add_string(out, text.bytes);
	buffer_deinit(&text);
	buffer_add_char(out, '}');
}

static void add_notes(const struct view *view, struct buffer *out)
{
	int64_t skew_s = view->clock_skew_s;
	bool is_wrong = skew_s != SNAPSHOT_SKEW_UNKNOWN &&
			(skew_s > VIEW_MAX_SKEW_S || skew_s < -VIEW_MAX_SKEW_S);

	buffer_add_text(out, ",\"renamed_to\":");
	json_add_string(out, view->renamed_to);
	buffer_add_text(out, ",\"clock_skew_s\":");
	if (skew_s == SNAPSHOT_SKEW_UNKNOWN)
		buffer_add_text(out, "null");
	else
		json_add_number(out, skew_s);
	buffer_add_text(out, ",\"notes\":[");
	if (view->renamed_to)
		add_note_of_name(view->renamed_to, out);
	if (view->renamed_to && is_wrong)
		buffer_add_char(out, ',');
	if (is_wrong)
		add_note_of_clock(skew_s, out);
	buffer_add_char(out, ']');
}

void view_add_open(const struct view *view, int64_t now_ms, struct buffer *out)
{
	view_add_verdict(view, out);
	out->size--; /* the closing brace */
	buffer_add_text(out, ",\"exchange_server\":");
	json_add_string(out, view->exchange_server);
	buffer_add_text(out, ",\"since\":");
	json_add_time(out, view->since_ms);
	buffer_add_text(out, ",\"reported_at\":");
	json_add_time(out, view->reported_at_ms);
	if (view->not_monitored) {
		buffer_add_text(out, ",\"age_s\":null,\"interval_s\":null");
	} else {
		buffer_add_text(out, ",\"age_s\":");
		json_add_number(out, (now_ms - view->reported_at_ms) / 1000);
		buffer_add_text(out, ",\"interval_s\":");
		json_add_number(out, view->interval_s);
	}
	buffer_add_text(out, ",\"os\":");
	json_add_string(out, view->os);
	buffer_add_text(out, ",\"build\":");
	json_add_string(out, view->build);
	buffer_add_text(out, ",\"mta\":");
	json_add_string(out, view->mta);
	add_notes(view, out);
}

void view_add(const struct view *view, int64_t now_ms, struct buffer *out)
{
	view_add_open(view, now_ms, out);
	buffer_add_char(out, '}');
}
