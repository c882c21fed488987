#include "collector/api.h"

#include "proto/report.h"

const struct route api_routes[] = {
	{ HTTP_METHOD_POST, "/v1/reports", REPORT_MAX_BYTES, api_report_post },
	{ HTTP_METHOD_GET, "/v1/servers", 0, api_server_list },
	{ HTTP_METHOD_GET, "/v1/servers/{name}", 0, api_server_get },
	{ HTTP_METHOD_GET, "/livez", 0, api_live_get },
	{ HTTP_METHOD_GET, "/readyz", 0, api_ready_get },
	{ HTTP_METHOD_GET, "/healthz", 0, api_ready_get },
	{ HTTP_METHOD_GET, "/", 0, api_index_get },
	{ HTTP_METHOD_GET, "/{file}", 0, api_asset_get },
};
const size_t api_n_routes = sizeof api_routes / sizeof *api_routes;
