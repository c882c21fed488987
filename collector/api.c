#include "collector/api.h"

#include "collector/access.h"
#include "proto/report.h"

const struct route api_routes[] = {
	{ HTTP_METHOD_POST, "/v1/reports", ACCESS_AGENT, REPORT_MAX_BYTES, api_report_post },
	{ HTTP_METHOD_GET, "/v1/servers", ACCESS_VIEWER, 0, api_server_list },
	{ HTTP_METHOD_GET, "/v1/servers/{name}", ACCESS_VIEWER, 0, api_server_get },
	{ HTTP_METHOD_POST, "/v1/enroll", ACCESS_ANYBODY, API_MAX_BODY, api_enroll_post },
	{ HTTP_METHOD_GET, "/v1/agents", ACCESS_VIEWER, 0, api_agent_list },
	{ HTTP_METHOD_DELETE, "/v1/agents/{id}", ACCESS_AGENT | ACCESS_OPERATOR, 0,
	  api_agent_delete },
	{ HTTP_METHOD_GET, "/v1/tokens", ACCESS_ADMIN, 0, api_token_list },
	{ HTTP_METHOD_POST, "/v1/tokens", ACCESS_ADMIN, API_MAX_BODY, api_token_post },
	{ HTTP_METHOD_DELETE, "/v1/tokens/{name}", ACCESS_ADMIN, 0, api_token_delete },
	{ HTTP_METHOD_GET, "/v1/secrets", ACCESS_ADMIN, 0, api_secret_list },
	{ HTTP_METHOD_POST, "/v1/secrets", ACCESS_ADMIN, API_MAX_BODY, api_secret_post },
	{ HTTP_METHOD_DELETE, "/v1/secrets/{name}", ACCESS_ADMIN, 0, api_secret_delete },
	{ HTTP_METHOD_POST, "/v1/session", ACCESS_ANYBODY, API_MAX_BODY, api_session_post },
	{ HTTP_METHOD_GET, "/v1/session", ACCESS_VIEWER, 0, api_session_get },
	{ HTTP_METHOD_DELETE, "/v1/session", ACCESS_VIEWER, 0, api_session_delete },
	{ HTTP_METHOD_GET, "/v1/audit", ACCESS_OPERATOR, 0, api_audit_list },
	{ HTTP_METHOD_GET, "/metrics", ACCESS_VIEWER, 0, api_metrics_get },
	{ HTTP_METHOD_GET, "/livez", ACCESS_ANYBODY, 0, api_live_get },
	{ HTTP_METHOD_GET, "/readyz", ACCESS_ANYBODY, 0, api_ready_get },
	{ HTTP_METHOD_GET, "/healthz", ACCESS_ANYBODY, 0, api_ready_get },
	{ HTTP_METHOD_GET, "/", ACCESS_ANYBODY, 0, api_index_get },
	{ HTTP_METHOD_GET, "/login", ACCESS_ANYBODY, 0, api_login_get },
	{ HTTP_METHOD_GET, "/login.js", ACCESS_ANYBODY, 0, api_login_get },
	{ HTTP_METHOD_GET, "/api.js", ACCESS_ANYBODY, 0, api_login_get },
	{ HTTP_METHOD_GET, "/dom.js", ACCESS_ANYBODY, 0, api_login_get },
	{ HTTP_METHOD_GET, "/style.css", ACCESS_ANYBODY, 0, api_login_get },
	{ HTTP_METHOD_GET, "/{file}", ACCESS_VIEWER, 0, api_asset_get },
};
const size_t api_n_routes = sizeof api_routes / sizeof *api_routes;

const struct problem *api_admit(void *context, const struct http_request *request,
				const struct route *route, struct caller *caller)
{
	const struct api *api = context;
	return access_check(api->identities, request, route, caller);
}
