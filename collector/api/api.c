#include "collector/api/api.h"

#include <stdio.h>
#include <string.h>

#include "collector/auth/access.h"
#include "collector/base/log.h"
#include "collector/base/loop.h"
#include "collector/http/clients.h"
#include "collector/http/problem.h"
#include "collector/query/inventory_text.h"
#include "proto/report/report.h"

const struct route api_routes[] = {
	{ HTTP_METHOD_POST, ACCESS_AGENT, "/v1/reports", REPORT_MAX_BYTES, api_report_post },
	{ HTTP_METHOD_POST, ACCESS_OPERATOR, "/v1/reports/import", REPORT_MAX_BYTES,
	  api_report_import },
	{ HTTP_METHOD_GET, ACCESS_VIEWER, "/v1/servers", 0, api_server_list },
	{ HTTP_METHOD_GET, ACCESS_VIEWER, "/v1/servers.csv", 0, api_server_export },
	{ HTTP_METHOD_GET, ACCESS_VIEWER, "/v1/servers/{name}", 0, api_server_get },
	{ HTTP_METHOD_DELETE, ACCESS_OPERATOR, "/v1/servers/{name}", 0, api_server_delete },
	{ HTTP_METHOD_PUT, ACCESS_OPERATOR, "/v1/servers/{name}/remark", API_MAX_REMARK,
	  api_server_remark_put },
	{ HTTP_METHOD_GET, ACCESS_VIEWER, "/v1/servers/{name}/history", 0, api_history_get },
	{ HTTP_METHOD_GET, ACCESS_VIEWER, "/v1/servers/{name}/report", 0, api_report_get },
	{ HTTP_METHOD_GET, ACCESS_VIEWER, "/v1/servers/{name}/restart", 0, api_restart_get },
	{ HTTP_METHOD_GET, ACCESS_VIEWER, "/v1/owners", 0, api_owner_list },
	{ HTTP_METHOD_GET, ACCESS_VIEWER, "/v1/bookmarks", 0, api_bookmark_list },
	{ HTTP_METHOD_PUT, ACCESS_VIEWER, "/v1/bookmarks/{name}", API_MAX_BODY, api_bookmark_put },
	{ HTTP_METHOD_DELETE, ACCESS_VIEWER, "/v1/bookmarks/{name}", 0, api_bookmark_delete },
	{ HTTP_METHOD_GET, ACCESS_VIEWER, "/v1/sites", 0, api_site_list },
	{ HTTP_METHOD_PUT, ACCESS_OPERATOR, "/v1/sites/{org}/{site}/remark", API_MAX_REMARK,
	  api_site_remark_put },
	{ HTTP_METHOD_GET, ACCESS_VIEWER, "/v1/sites/{org}/{site}/matrix", 0, api_matrix_get },
	{ HTTP_METHOD_GET, ACCESS_VIEWER, "/v1/sites/{org}/{site}/report", 0, api_site_report_get },
	{ HTTP_METHOD_GET, ACCESS_VIEWER, "/v1/sites/{org}/{site}/trend", 0, api_site_trend_get },
	{ HTTP_METHOD_GET, ACCESS_VIEWER, "/v1/trend", 0, api_trend_get },
	{ HTTP_METHOD_GET, ACCESS_VIEWER, "/v1/sites/{org}/{site}/plan", 0, api_plan_get },
	{ HTTP_METHOD_POST, ACCESS_VIEWER, "/v1/sites/{org}/{site}/what-if", API_MAX_CHANGES,
	  api_what_if_post },
	{ HTTP_METHOD_GET, ACCESS_VIEWER, "/v1/events", 0, api_events_get },
	{ HTTP_METHOD_GET, ACCESS_VIEWER, "/v1/inventory", 0, api_inventory_get },
	{ HTTP_METHOD_PUT, ACCESS_OPERATOR, "/v1/inventory", INVENTORY_MAX_BYTES,
	  api_inventory_put },
	{ HTTP_METHOD_POST, ACCESS_OPERATOR, "/v1/inventory/former/restore", 0,
	  api_inventory_restore },
	{ HTTP_METHOD_DELETE, ACCESS_OPERATOR, "/v1/inventory/{name}", 0, api_inventory_delete },
	{ HTTP_METHOD_POST, ACCESS_ANYBODY, "/v1/enroll", API_MAX_BODY, api_enroll_post },
	{ HTTP_METHOD_GET, ACCESS_VIEWER, "/v1/agents", 0, api_agent_list },
	{ HTTP_METHOD_DELETE, ACCESS_AGENT | ACCESS_OPERATOR, "/v1/agents/{id}", 0,
	  api_agent_delete },
	{ HTTP_METHOD_GET, ACCESS_ADMIN, "/v1/tokens", 0, api_token_list },
	{ HTTP_METHOD_POST, ACCESS_ADMIN, "/v1/tokens", API_MAX_BODY, api_token_post },
	{ HTTP_METHOD_DELETE, ACCESS_ADMIN, "/v1/tokens/{name}", 0, api_token_delete },
	{ HTTP_METHOD_GET, ACCESS_ADMIN, "/v1/secrets", 0, api_secret_list },
	{ HTTP_METHOD_POST, ACCESS_ADMIN, "/v1/secrets", API_MAX_BODY, api_secret_post },
	{ HTTP_METHOD_DELETE, ACCESS_ADMIN, "/v1/secrets/{name}", 0, api_secret_delete },
	{ HTTP_METHOD_POST, ACCESS_ANYBODY, "/v1/session", API_MAX_BODY, api_session_post },
	{ HTTP_METHOD_GET, ACCESS_VIEWER, "/v1/session", 0, api_session_get },
	{ HTTP_METHOD_DELETE, ACCESS_VIEWER, "/v1/session", 0, api_session_delete },
	{ HTTP_METHOD_GET, ACCESS_OPERATOR, "/v1/audit", 0, api_audit_list },
	{ HTTP_METHOD_GET, ACCESS_VIEWER, "/v1/alerts", 0, api_alert_list },
	{ HTTP_METHOD_POST, ACCESS_OPERATOR, "/v1/alerts/acknowledge", API_MAX_IDS,
	  api_acknowledge_many },
	{ HTTP_METHOD_POST, ACCESS_OPERATOR, "/v1/alerts/silence", API_MAX_IDS, api_silence_many },
	{ HTTP_METHOD_POST, ACCESS_OPERATOR, "/v1/alerts/{id}/acknowledge", API_MAX_BODY,
	  api_acknowledge_post },
	{ HTTP_METHOD_DELETE, ACCESS_OPERATOR, "/v1/alerts/{id}/acknowledge", 0,
	  api_acknowledge_delete },
	{ HTTP_METHOD_GET, ACCESS_VIEWER, "/v1/silences", 0, api_silence_list },
	{ HTTP_METHOD_POST, ACCESS_OPERATOR, "/v1/silences", API_MAX_BODY, api_silence_post },
	{ HTTP_METHOD_DELETE, ACCESS_OPERATOR, "/v1/silences/{id}", 0, api_silence_delete },
	{ HTTP_METHOD_GET, ACCESS_VIEWER, "/v1/deliveries", 0, api_delivery_list },
	{ HTTP_METHOD_POST, ACCESS_OPERATOR, "/v1/deliveries/{id}/retry", API_MAX_BODY,
	  api_delivery_retry },
	{ HTTP_METHOD_GET, ACCESS_VIEWER, "/v1/collectors", 0, api_collector_list },
	{ HTTP_METHOD_POST, ACCESS_ADMIN, "/v1/collectors/{node}/handover", 0,
	  api_collector_handover },
	{ HTTP_METHOD_DELETE, ACCESS_ADMIN, "/v1/collectors/{node}", 0, api_collector_forget },
	{ HTTP_METHOD_GET, ACCESS_VIEWER, "/metrics", 0, api_metrics_get },
	{ HTTP_METHOD_GET, ACCESS_ANYBODY, "/livez", 0, api_live_get },
	{ HTTP_METHOD_GET, ACCESS_ANYBODY, "/readyz", 0, api_ready_get },
	{ HTTP_METHOD_GET, ACCESS_ANYBODY, "/healthz", 0, api_ready_get },
	{ HTTP_METHOD_GET, ACCESS_VIEWER, "/openapi.json", 0, api_description_get },
	{ HTTP_METHOD_GET, ACCESS_ANYBODY, "/", 0, api_index_get },
	{ HTTP_METHOD_GET, ACCESS_ANYBODY, "/login", 0, api_login_get },
	{ HTTP_METHOD_GET, ACCESS_ANYBODY, "/login.js", 0, api_login_get },
	{ HTTP_METHOD_GET, ACCESS_ANYBODY, "/api.js", 0, api_login_get },
	{ HTTP_METHOD_GET, ACCESS_ANYBODY, "/html.js", 0, api_login_get },
	{ HTTP_METHOD_GET, ACCESS_ANYBODY, "/preact.js", 0, api_login_get },
	{ HTTP_METHOD_GET, ACCESS_ANYBODY, "/style.css", 0, api_login_get },
	{ HTTP_METHOD_GET, ACCESS_VIEWER, "/{file}", 0, api_asset_get },
};
const size_t api_n_routes = sizeof api_routes / sizeof *api_routes;

void api_note_stranger(struct api *api, enum api_stranger what, const struct net_address *peer)
{
	static const char *const words[API_STRANGERS] = {
		[API_STRANGER_LOGIN] = "a login with a token that is not known",
		[API_STRANGER_TOKEN] = "a call with a token that is not known",
		[API_STRANGER_AGENT] = "an agent with an id or a key that is not known",
	};
	char text[NET_ADDRESS_TEXT_SIZE];
	unsigned wait_s;

	api->n_strangers[what]++;
	if (rate_limit_take(&api->strangers, &peer->address, loop_monotonic_ms(), &wait_s) !=
	    STATUS_OK)
		return;
	net_address_format_host(peer, text);
	log_warning("refused %s, from %s", words[what], text);
}

void api_refused(void *context, const struct client *client, const struct http_request *request,
		 const struct problem *problem)
{
	bool is_token = strcmp(problem->code, "unknown_token") == 0;
	bool is_agent = strcmp(problem->code, "unknown_agent") == 0;
	struct net_address peer;

	if ((is_token || is_agent) && client_peer(client, request, &peer))
		api_note_stranger(context, is_token ? API_STRANGER_TOKEN : API_STRANGER_AGENT,
				  &peer);
}

/* Only a request that says where its page is from is held against them. */
static unsigned schemes_of(const struct api *api, const struct client *client,
			   const struct http_request *request)
{
	if (!http_field(request, "Origin"))
		return 0;
	if (client_is_encrypted(client, request))
		return ACCESS_HTTPS;
	return api->browsers_use_https ? ACCESS_HTTP | ACCESS_HTTPS : ACCESS_HTTP;
}

bool api_stands_by(const struct api *api)
{
	return !api->identities && api->member && member_role(api->member) != MEMBER_HOLDS;
}

/* A browser that wants a page: what a program asks for is not to be given to another address. */
static bool wants_page(const struct http_request *request)
{
	const char *accept = http_field(request, "Accept");

	return (request->method == HTTP_METHOD_GET || request->method == HTTP_METHOD_HEAD) &&
	       accept && strstr(accept, "text/html");
}

/* Whoever came by the judge's own address, through a proxy, would come here again. */
static bool came_by(const struct http_request *request, const char *url)
{
	const char *host = http_field(request, "Host");
	const char *at = strstr(url, "://");
	size_t n = at ? strcspn(at + 3, "/") : 0;

	return host && at && strlen(host) == n && strncmp(at + 3, host, n) == 0;
}

/* The same page there. False: that is too long. */
static bool write_location(const struct http_request *request, const char *url, char *out,
			   size_t size)
{
	size_t n = strlen(url);

	while (n > 0 && url[n - 1] == '/')
		n--;
	int length = snprintf(out, size, "Location: %.*s%s%s%s\r\n", (int)n, url, request->path,
			      request->query ? "?" : "", request->query ? request->query : "");
	return length > 0 && (size_t)length < size;
}

/* Where the judge is, if that can be written into an answer. */
static const char *url_of(const struct record_collector *judge)
{
	bool fits = judge && judge->url[0] && strlen(judge->url) < API_MAX_JUDGE_URL;

	return fits && !strpbrk(judge->url, "\r\n") ? judge->url : NULL;
}

static const struct problem *lead_to_judge(struct api *api, const struct http_request *request)
{
	const struct record_collector *judge = member_judge(api->member);
	const char *url = url_of(judge);

	snprintf(api->judge_detail, sizeof api->judge_detail,
		 judge ? "This collector stands by; the collector %s judges%s%s."
		       : "This collector stands by, and no collector judges at this moment.",
		 judge ? judge->node : "", url ? ", at " : "", url ? url : "");
	bool leads = url && wants_page(request) && !came_by(request, url) &&
		     write_location(request, url, api->judge_fields, sizeof api->judge_fields);
	api->not_the_judge = (struct problem){
		.status = leads ? 307 : 503,
		.code = "not_the_judge",
		.detail = api->judge_detail,
		.fields = leads ? api->judge_fields : NULL,
		.judge = url,
	};
	return &api->not_the_judge;
}

/* What is answered in every state. The metrics of one that stands by have nothing of the fleet. */
static bool is_always_answered(const struct api *api, const struct route *route)
{
	return route->handler == api_live_get || route->handler == api_ready_get ||
	       (route->handler == api_metrics_get && api_stands_by(api));
}

/* What is stored meanwhile may be lost; who reads is answered. */
static const struct problem *refuse_promises(const struct api *api, const struct route *route)
{
	static const struct problem problem = {
		.status = 503,
		.code = "not_stored",
		.detail = "The database has " STORE_ASYNCHRONOUS ". Send it again later.",
		.fields = PROBLEM_RETRY_AFTER,
	};

	return route->method != HTTP_METHOD_GET && api->pipeline &&
			       pipeline_is_asynchronous(api->pipeline)
		       ? &problem
		       : NULL;
}

const struct problem *api_admit(void *context, const struct client *client,
				const struct http_request *request, const struct route *route,
				struct principal *caller)
{
	static const struct problem waiting = {
		.status = 503,
		.code = "starting",
		.detail = "The collector waits for its store, or reads it; /readyz says more.",
		.fields = PROBLEM_RETRY_AFTER,
	};
	struct api *api = context;
	const struct problem *problem = NULL;

	if (api->identities) {
		struct access access = {
			.identities = api->identities,
			.users = client_is_of_trusted_proxy(client) ? api->users : NULL,
			.schemes = schemes_of(api, client, request),
		};
		problem = access_check(&access, request, route, caller);
		return problem ? problem : refuse_promises(api, route);
	}
	if (is_always_answered(api, route))
		return NULL;
	return !api->waits_for_store && api_stands_by(api) ? lead_to_judge(api, request) : &waiting;
}
