#include "collector/api/handler.h"
#include "collector/api/servers.h"

#include "collector/model/restart.h"
#include "proto/json/write.h"

void api_restart_get(struct call *call)
{
	const struct api *api = call->context;
	int64_t now_ms = pipeline_now_ms(api->pipeline);
	const struct view *view;
	struct buffer out;

	if (!api_has_no_query(call) || !api_find_view(call, &view))
		return;
	buffer_init(&out);
	json_open_object(&out, NULL);
	json_put_time(&out, "as_of", now_ms);
	json_put_text(&out, "server", view->server);
	json_put_text(&out, "restart", restart_name(view_restart(view)));
	json_put_text(&out, "text", view_restart_text(view, &call->arena));
	json_put_time(&out, "reported_at", view->reported_at_ms);
	json_finish(&out);
	api_answer_json(call, 200, &out, NULL);
}
