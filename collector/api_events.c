/* GET /v1/events */
#include "collector/api_call.h"

#include "collector/events.h"

void api_events_get(struct call *call)
{
	const struct api *api = call->context;

	if (api_has_no_query(call))
		events_follow(api->events, call, http_field(call->request, "Last-Event-ID"));
}
