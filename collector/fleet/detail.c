#include <stdlib.h>

#include "collector/base/json_add.h"
#include "collector/fleet/internal.h"
#include "collector/model/record_report.h"
#include "collector/model/server_facts.h"
#include "proto/report/json.h"

/* What one server's detail is made of. */
struct detail {
	struct record_server row;
	struct snapshot *latest;
	struct site_server seen;
};

static void add_import(const struct snapshot *latest, struct buffer *out)
{
	buffer_add_text(out, ",\"imported\":");
	if (!latest->imported_by) {
		buffer_add_text(out, "null");
		return;
	}
	buffer_add_text(out, "{\"at\":");
	json_add_time(out, latest->report.received_at_ms);
	buffer_add_text(out, ",\"by\":");
	json_add_string(out, latest->imported_by);
	buffer_add_char(out, '}');
}

static void add_detail(const struct detail *d, const struct view *view, int64_t now_ms,
		       struct buffer *out)
{
	view_add_open(view, now_ms, out);
	buffer_add_text(out, ",\"adapters\":");
	if (view->silent)
		buffer_add_text(out, d->row.adapters_json);
	else
		view_add_adapters(&d->seen, out);
	buffer_add_text(out, ",\"facts\":");
	server_facts_add(d->latest, &d->seen, out);
	buffer_add_text(out, ",\"files\":");
	server_facts_add_files(&d->latest->report, out);
	add_import(d->latest, out);
	buffer_add_text(out, ",\"report\":");
	char *report = report_json_write(&d->latest->report);
	buffer_add_text(out, report);
	free(report);
	buffer_add_char(out, '}');
}

enum status fleet_add_detail(struct fleet *fleet, const struct view *view, int64_t now_ms,
			     struct buffer *out, char error[FLEET_ERROR_SIZE])
{
	struct detail d;
	struct arena arena;

	arena_init(&arena);
	enum status status =
		fleet_judge_stored(fleet, view, &arena, &d.row, &d.seen, &d.latest, error);
	if (status == STATUS_OK)
		add_detail(&d, view, now_ms, out);
	snapshot_unref(d.latest);
	arena_deinit(&arena);
	return status;
}
