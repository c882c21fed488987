/* GET /v1/events */
#include "collector/api/handler.h"

#include "collector/auth/access.h"
#include "collector/http/event_stream.h"

void api_events_get(struct call *call)
{
	const struct api *api = call->context;

	if (api_has_no_query(call))
		event_stream_follow(api->events, call, http_field(call->request, "Last-Event-ID"));
}

bool api_may_follow(const struct call *call)
{
	static const struct route route = { .method = HTTP_METHOD_GET, .access = ACCESS_VIEWER };
	const struct api *api = call->context;
	struct principal caller;

	return access_check(api->identities, call->request, &route, &caller) == NULL;
}
