#include <stdlib.h>

#include "collector/fleet_state.h"
#include "proto/report_json.h"

/* The adapters of a server whose latest report is fresh, as they are judged now. */
static void add_adapters(const struct fleet_server *server, struct buffer *out)
{
	struct site_server seen;
	struct arena arena;

	arena_init(&arena);
	site_view_member(&server->site->index, server->member, NULL, &seen, &arena);
	view_add_adapters(&seen, out);
	arena_deinit(&arena);
}

static enum status add_report(const struct record_report *record, struct buffer *out, char *error)
{
	struct snapshot *snapshot = NULL;

	enum status status = fleet_parse_stored(record, &snapshot, error);
	if (status != STATUS_OK)
		return status;
	char *report = report_json_write(&snapshot->report);
	buffer_add_text(out, report);
	free(report);
	snapshot_unref(snapshot);
	return STATUS_OK;
}

enum status fleet_add_detail(struct fleet *fleet, const struct view *view, int64_t now_ms,
			     struct buffer *out, char error[FLEET_ERROR_SIZE])
{
	const struct fleet_server *server = fleet_server_find(fleet, view->key);
	struct record_server row;
	struct record_report latest;
	struct arena arena;

	arena_init(&arena);
	enum status status =
		fleet->history.server(fleet->history.user, view->key, &arena, &row, &latest, error);
	if (status == STATUS_OK) {
		view_add_open(view, now_ms, out);
		buffer_add_text(out, ",\"adapters\":");
		if (view->silent)
			buffer_add_text(out, row.adapters_json);
		else
			add_adapters(server, out);
		buffer_add_text(out, ",\"report\":");
		status = add_report(&latest, out, error);
		buffer_add_char(out, '}');
	}
	arena_deinit(&arena);
	return status;
}
