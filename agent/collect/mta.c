#include "agent/collect/internal.h"

#include "proto/exposure/advisory.h"

#define MTA_KEY        "SYSTEM\\CurrentControlSet\\Services\\MSExchangeMTA"
#define PARAMETERS_KEY MTA_KEY "\\Parameters"

#define RPC_PORT "TCP/IP port for RPC listens" /* the value's name (Q176466) */

/* SERVICE_AUTO_START and so on (winsvc.h), as the value Start holds them. */
#define START_AUTO     2
#define START_MANUAL   3
#define START_DISABLED 4

static void get_service(struct collecting *c)
{
	struct host_service service;
	struct os_error error;
	if (host_query_service(c->host, ADVISORY_MTA_SOURCE, &service, &error) != STATUS_OK) {
		collect_problem(c, "mta.service", &error);
		return;
	}
	if (service.state == SERVICE_STATE_NOT_INSTALLED &&
	    c->report->exchange.installed == TRISTATE_UNKNOWN)
		return; /* other facts speak against it: the problem of exchange.installed tells */
	c->report->mta.service = service.state;
	c->report->mta.exit_code = service.exit_code;
}

static void get_start_type(struct collecting *c)
{
	uint32_t start = 0;
	if (!collect_number(c, "mta.start_type", MTA_KEY, "Start", &start))
		return;
	if (start == START_AUTO)
		c->report->mta.start_type = START_TYPE_AUTO;
	else if (start == START_MANUAL)
		c->report->mta.start_type = START_TYPE_MANUAL;
	else if (start == START_DISABLED)
		c->report->mta.start_type = START_TYPE_DISABLED;
	else
		collect_misfit(c, "mta.start_type", MTA_KEY, "Start", "2, 3 or 4");
}

/* A static port is the administrator's choice (Q176466); without the value there is none. */
static void get_rpc_port(struct collecting *c)
{
	uint32_t port = 0;
	if (!collect_number(c, "mta.rpc_port", PARAMETERS_KEY, RPC_PORT, &port))
		return;
	if (port <= UINT16_MAX)
		c->report->mta.rpc_port = port;
	else
		collect_misfit(c, "mta.rpc_port", PARAMETERS_KEY, RPC_PORT, "a port");
}

void collect_mta(struct collecting *c)
{
	c->report->mta.known = true;
	get_service(c);
	get_start_type(c);
	get_rpc_port(c);
	collect_events(c);
}
