/*
 * The collector's HTTP interface: the table of its routes, and what their handlers need. One file a
 * resource: api_reports.c, api_servers.c, api_health.c, api_pages.c.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "collector/call.h"
#include "collector/pipeline.h"
#include "collector/route.h"

/* The context of every handler here; outlives the server. */
struct api {
	struct pipeline *pipeline;
	uint64_t epoch; /* told anew by each run: revisions of two runs are not the same */
};

extern const struct route api_routes[];
extern const size_t api_n_routes;

/* POST /v1/reports */
void api_report_post(struct call *call);

/* GET /v1/servers, GET /v1/servers/{name} */
void api_server_list(struct call *call);
void api_server_get(struct call *call);

/* GET /livez, GET /readyz and /healthz */
void api_live_get(struct call *call);
void api_ready_get(struct call *call);

/* GET / and the files of the dashboard */
void api_index_get(struct call *call);
void api_asset_get(struct call *call);
