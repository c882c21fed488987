#include <stdlib.h>

#include "collector/fleet/internal.h"
#include "collector/fleet/past_site.h"
#include "collector/model/record_report.h"
#include "collector/model/server_facts.h"
#include "proto/json/write.h"
#include "proto/report/json.h"

/* The parts of one server's detail. */
struct detail {
	struct record_server row;
	struct snapshot *latest;
	struct site_server seen;
};

static void add_import(const struct snapshot *latest, struct buffer *out)
{
	if (!latest->imported_by) {
		json_put_null(out, "imported");
		return;
	}
	json_open_object(out, "imported");
	json_put_time(out, "at", latest->report.received_at_ms);
	json_put_text(out, "by", latest->imported_by);
	json_close_object(out);
}

/* `silent_adapters`: as they were stored when it fell silent; NULL: as they are seen. */
static void add_detail(const struct view *view, const struct snapshot *latest,
		       const struct site_server *seen, const char *silent_adapters, int64_t now_ms,
		       struct buffer *out)
{
	view_add_open(view, now_ms, out);
	json_put_name(out, "adapters");
	if (silent_adapters)
		buffer_add_text(out, silent_adapters);
	else
		view_add_adapters(seen, out);
	json_put_name(out, "facts");
	server_facts_add(latest, seen, out);
	json_put_name(out, "files");
	server_facts_add_files(&latest->report, out);
	add_import(latest, out);
	char *report = report_json_write(&latest->report);
	json_put_json(out, "report", report);
	free(report);
	json_close_object(out);
}

void past_site_add_detail(const struct view *view, const struct snapshot *latest,
			  const struct site_server *seen, int64_t at_ms, struct buffer *out)
{
	add_detail(view, latest, seen, NULL, at_ms, out);
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
		add_detail(view, d.latest, &d.seen, view->silent ? d.row.adapters_json : NULL,
			   now_ms, out);
	snapshot_unref(d.latest);
	arena_deinit(&arena);
	return status;
}
