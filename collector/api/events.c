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

bool api_still_may(const struct call *call)
{
	static const struct route route = { .method = HTTP_METHOD_GET, .access = ACCESS_VIEWER };
	const struct api *api = call->context;
	struct principal caller;
	struct access access = {
		.identities = api->identities,
		.users = call_is_of_trusted_proxy(call) ? api->users : NULL,
		.schemes = ACCESS_HTTPS,
	};

	return access_check(&access, call->request, &route, &caller) == NULL;
}

bool api_is_not_over(const struct call *call)
{
	const struct api *api = call->context;
	int64_t end_ms = call->caller.expires_at_ms;

	return end_ms == 0 || end_ms > identities_now_ms(api->identities);
}
