/*
 * The collector's HTTP interface: the table of its routes, and what their handlers need. One file a
 * resource: reports.c, servers.c, health.c, pages.c; enroll.c, agents.c, secrets.c (tokens, too),
 * session.c, audit.c, metrics.c.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "collector/base/turns.h"
#include "collector/cluster/member.h"
#include "collector/http/call.h"
#include "collector/http/event_stream.h"
#include "collector/http/problem.h"
#include "collector/pipeline/feed.h"
#include "collector/query/inventory.h"
#include "collector/auth/identities.h"
#include "collector/net/rate_limit.h"
#include "collector/pipeline/pipeline.h"
#include "collector/auth/refusals.h"
#include "collector/http/route.h"
#include "collector/http/server.h"
#include "collector/http/stats.h"

/*
 * Enrolments: of one source, and of all. Agents that are told to wait do, so a fleet that enrols
 * behind one address only takes longer.
 */
#define API_ENROLL_PER_SOURCE ((struct rate_limit_rule){ .burst = 60, .per_minute = 60 })
#define API_ENROLL_TOTAL      ((struct rate_limit_rule){ .burst = 2000, .per_minute = 30000 })

/* Logins of browsers, likewise. */
#define API_LOGIN_PER_SOURCE ((struct rate_limit_rule){ .burst = 30, .per_minute = 30 })
#define API_LOGIN_TOTAL      ((struct rate_limit_rule){ .burst = 300, .per_minute = 600 })

/* The body of a call that is no report. */
#define API_MAX_BODY ((size_t)4096)
#define API_MAX_IDS  ((size_t)256 * 1024) /* of a body that names many alerts */

/* The body of an owner and a note, whose characters may be written as \uXXXX\uXXXX. */
#define API_MAX_REMARK ((size_t)16 * 1024)

/* The longest body that names changes for a what-if. */
#define API_MAX_CHANGES ((size_t)128 * 1024)

/* Plans that are made at a time: each may take seconds of a thread. */
#define API_MAX_PLANS 4

/* An address of another collector that a client is led to. */
#define API_MAX_JUDGE_URL 512

/* Lines of the log about these; the rest is counted only. */
#define API_STRANGER_PER_SOURCE ((struct rate_limit_rule){ .burst = 3, .per_minute = 1 })
#define API_STRANGER_TOTAL      ((struct rate_limit_rule){ .burst = 30, .per_minute = 30 })

/* What somebody tried who is not known. */
enum api_stranger { API_STRANGER_LOGIN, API_STRANGER_TOKEN, API_STRANGER_AGENT, API_STRANGERS };

struct uv_loop_s; /* libuv: the event loop */
struct histogram;

/* The context of every handler here; outlives the server. */
struct api {
	struct uv_loop_s *loop;
	const struct histogram *loop_turns;
	/*
	 * Why the store is not open yet, so that nothing is answered but /livez and /readyz, and
	 * most of what follows is not there; NULL: it is.
	 */
	const char *waits_for_store;
	bool is_starting;          /* it is not known yet whether it stands by: likewise */
	struct member *member;     /* among those that share the store; NULL: it is ours alone */
	struct pipeline *pipeline; /* NULL: it stands by, or loads; so the next four */
	struct alerting *alerting;
	struct identities *identities;
	struct store *store;
	struct inventory *inventory;
	struct turns turns; /* of answers that are written piece by piece */
	struct event_stream *events;
	struct feed *feed; /* NULL at the end, when the store commits what waits; so `events` */
	struct problem not_the_judge; /* the last one, with the texts of its fields and detail */
	char judge_fields[2 * API_MAX_JUDGE_URL];
	char judge_detail[API_MAX_JUDGE_URL + 160];
	struct rate_limit enrolments;
	struct rate_limit logins;
	struct rate_limit strangers; /* of the lines about them */
	uint64_t n_strangers[API_STRANGERS];
	struct refusals refusals;
	unsigned n_showing_lists; /* piece by piece */
	unsigned n_changing_many; /* calls that change many alerts, under way */
	unsigned n_plans;         /* being made */
	struct server *server;    /* once it is open */
	struct http_stats *stats; /* what was answered */
	int64_t started_ms;
	const struct proxy_users *users; /* whom trusted proxies may name; NULL: nobody */
	bool browsers_use_https;         /* by external-url: a proxy in front ends their TLS */
	uint64_t epoch; /* told anew by each run: revisions of two runs are not the same */
};

/* Does another collector judge, or nobody, so that this one stands by? */
bool api_stands_by(const struct api *api);

extern const struct route api_routes[];
extern const size_t api_n_routes;

/* The client_admit of the server: `context` is a struct api. */
const struct problem *api_admit(void *context, const struct client *client,
				const struct http_request *request, const struct route *route,
				struct principal *caller);

/* The client_refused of the API's access: notes who said a secret that is none. */
void api_refused(void *context, const struct client *client, const struct http_request *request,
		 const struct problem *problem);

/* Who said a secret that is none: counted in /metrics, and logged where that is not too often. */
void api_note_stranger(struct api *api, enum api_stranger what, const struct net_address *peer);

/* POST /v1/reports */
void api_report_post(struct call *call);

/* POST /v1/reports/import */
void api_report_import(struct call *call);

/* GET /v1/servers, GET /v1/servers.csv, GET /v1/servers/{name} */
void api_server_list(struct call *call);
void api_server_export(struct call *call);
void api_server_get(struct call *call);

/* GET /v1/bookmarks, PUT and DELETE /v1/bookmarks/{name} */
void api_bookmark_list(struct call *call);
void api_bookmark_put(struct call *call);
void api_bookmark_delete(struct call *call);

/* GET /v1/owners */
void api_owner_list(struct call *call);

/* PUT /v1/servers/{name}/remark, PUT /v1/sites/{org}/{site}/remark */
void api_server_remark_put(struct call *call);
void api_site_remark_put(struct call *call);

/* GET /v1/sites/{org}/{site}/report?since=TIME */
void api_site_report_get(struct call *call);

/* GET /v1/trend?since=TIME, /v1/sites/{org}/{site}/trend?since=TIME */
void api_trend_get(struct call *call);
void api_site_trend_get(struct call *call);

/* GET /v1/servers/{name}/history?since=TIME */
void api_history_get(struct call *call);

/* DELETE /v1/servers/{name}?reason=TEXT */
void api_server_delete(struct call *call);

/* GET, PUT /v1/inventory, POST /v1/inventory/former/restore, DELETE /v1/inventory/{name} */
void api_inventory_get(struct call *call);
void api_inventory_put(struct call *call);
void api_inventory_restore(struct call *call);
void api_inventory_delete(struct call *call);

/* POST /v1/enroll */
void api_enroll_post(struct call *call);

/* GET /v1/agents, DELETE /v1/agents/{id} */
void api_agent_list(struct call *call);
void api_agent_delete(struct call *call);

/* GET and POST /v1/tokens and /v1/secrets, DELETE /v1/tokens/{name} and /v1/secrets/{name} */
void api_token_list(struct call *call);
void api_token_post(struct call *call);
void api_token_delete(struct call *call);
void api_secret_list(struct call *call);
void api_secret_post(struct call *call);
void api_secret_delete(struct call *call);

/* GET, POST and DELETE /v1/session */
void api_session_get(struct call *call);
void api_session_post(struct call *call);
void api_session_delete(struct call *call);

/* GET /v1/audit */
void api_audit_list(struct call *call);

/* GET /v1/servers/{name}/report */
void api_report_get(struct call *call);
void api_restart_get(struct call *call);

/* GET /v1/sites, GET /v1/sites/{org}/{site}/matrix, GET /v1/events */
void api_site_list(struct call *call);
void api_matrix_get(struct call *call);
void api_plan_get(struct call *call);
void api_what_if_post(struct call *call);
void api_events_get(struct call *call);

/*
 * Of an answer in pieces that is under way: does the identity still hold that it was begun with?
 * And, where none was changed, is it not over? That costs next to nothing.
 */
bool api_still_may(const struct call *call);
bool api_is_not_over(const struct call *call);

/* GET /v1/alerts, POST and DELETE /v1/alerts/{id}/acknowledge */
void api_alert_list(struct call *call);
void api_acknowledge_many(struct call *call);
void api_silence_many(struct call *call);
void api_acknowledge_post(struct call *call);
void api_acknowledge_delete(struct call *call);

/* Tells those who follow (GET /v1/events) of an alert that is different now. */
void api_alert_tell(const struct api *api, const struct record_alert *alert);

/* GET and POST /v1/silences, DELETE /v1/silences/{id} */
void api_silence_list(struct call *call);
void api_silence_post(struct call *call);
void api_silence_delete(struct call *call);

/* GET /v1/deliveries, POST /v1/deliveries/{id}/retry */
void api_delivery_list(struct call *call);
void api_delivery_retry(struct call *call);

/* GET /v1/collectors, POST /v1/collectors/{node}/handover, DELETE /v1/collectors/{node} */
void api_collector_list(struct call *call);
void api_collector_handover(struct call *call);
void api_collector_forget(struct call *call);

/* GET /metrics */
void api_metrics_get(struct call *call);

/* GET /livez, GET /readyz and /healthz */
void api_live_get(struct call *call);
void api_ready_get(struct call *call);

/* GET /openapi.json */
void api_description_get(struct call *call);

/* GET /, GET /login, and the files of the dashboard */
void api_index_get(struct call *call);
void api_login_get(struct call *call);
void api_asset_get(struct call *call);
