/* GET /v1/servers/{name}/report: the latest report, as `assess` reads it. */
#include <stdlib.h>

#include "collector/api/handler.h"
#include "collector/api/servers.h"
#include "proto/report/json.h"

static void answer_report(struct call *call, const struct report *report, const char *etag)
{
	struct buffer out;
	char *text = report_json_write(report);

	buffer_init(&out);
	buffer_add_text(&out, text);
	buffer_add_char(&out, '\n');
	free(text);
	api_answer_tagged(call, &out, etag, NULL);
}

void api_report_get(struct call *call)
{
	const struct api *api = call->context;
	struct fleet *fleet = pipeline_fleet(api->pipeline);
	const struct view *view = fleet_find(fleet, call->params[0]);
	struct snapshot *latest;
	struct site_server seen;
	char error[FLEET_ERROR_SIZE];

	if (!api_has_no_query(call))
		return;
	if (!view) {
		api_answer_absent(call);
		return;
	}
	const char *etag = api_make_etag(api, view->body_hash, &call->arena);
	if (call_answer_not_modified(call, etag))
		return;
	if (fleet_read_judged(fleet, view, &call->arena, &seen, &latest, error) == STATUS_OK) {
		answer_report(call, &latest->report, etag);
		snapshot_unref(latest);
	} else {
		api_answer_unreadable(call, error);
	}
}
