#include "agent/host/win32/legacy.h"

#include <stdlib.h>

#include "agent/host/card.h"
#include "agent/host/route_choice.h"
#include "agent/platform/error.h"
#include "agent/platform/win32/text.h"

#include <winsock2.h>
#include <windows.h>

#include <iprtrmib.h>

static void add_addresses(struct host_numbered *out, const MIB_IPADDRTABLE *table)
{
	for (DWORD i = 0; i < table->dwNumEntries; i++) {
		if (table->table[i].dwIndex == out->index)
			host_add_address(&out->adapter, ntohl(table->table[i].dwAddr),
					 ntohl(table->table[i].dwMask));
	}
}

static void add_gateways(struct host_numbered *out, const MIB_IPFORWARDTABLE *table)
{
	struct host_adapter *adapter = &out->adapter;
	for (DWORD i = 0; table && i < table->dwNumEntries; i++) {
		const MIB_IPFORWARDROW *row = &table->table[i];
		if (row->dwForwardIfIndex == out->index && row->dwForwardDest == 0 &&
		    row->dwForwardMask == 0 && adapter->n_gateways < HOST_MAX_GATEWAYS)
			adapter->gateways[adapter->n_gateways++] = ntohl(row->dwForwardNextHop);
	}
}

static void describe(const MIB_IFROW *row, struct arena *arena, struct host_numbered *out)
{
	struct host_adapter *adapter = &out->adapter;
	DWORD length = row->dwDescrLen < MAXLEN_IFDESCR ? row->dwDescrLen : MAXLEN_IFDESCR;
	out->index = row->dwIndex;
	*adapter = (struct host_adapter){
		.id = arena_printf(arena, "if%lu", row->dwIndex),
		.description = host_ansi_text(
			arena_strndup(arena, (const char *)row->bDescr, length), arena),
		.mac = host_mac_text(row->bPhysAddr, row->dwPhysAddrLen, arena),
		.enabled = row->dwAdminStatus == MIB_IF_ADMIN_STATUS_UP,
		.link = host_link_of(row->dwOperStatus),
		.addresses =
			arena_alloc_array(arena, HOST_MAX_ADDRESSES, sizeof *adapter->addresses),
		.gateways = arena_alloc_array(arena, HOST_MAX_GATEWAYS, sizeof *adapter->gateways),
	};
}

static enum status fill_adapters(struct host *host, const MIB_IFTABLE *interfaces,
				 const MIB_IPADDRTABLE *addresses, const MIB_IPFORWARDTABLE *routes,
				 struct arena *arena, struct host_numbered *out, size_t *n,
				 struct os_error *error)
{
	for (DWORD i = 0; i < interfaces->dwNumEntries; i++) {
		if (interfaces->table[i].dwType == MIB_IF_TYPE_LOOPBACK)
			continue;
		if (*n == HOST_MAX_ADAPTERS)
			return os_fail(error, STATUS_LIMIT, OS_NO_CODE, "more than %d adapters",
				       HOST_MAX_ADAPTERS);
		struct host_numbered *one = &out[(*n)++];
		describe(&interfaces->table[i], arena, one);
		add_addresses(one, addresses);
		add_gateways(one, routes);
		card_name_adapter(host, &one->adapter, arena);
	}
	return STATUS_OK;
}

enum status host_list_legacy(struct host *host, struct arena *arena, struct host_numbered *out,
			     size_t *n, struct host_gaps *gaps, struct os_error *error)
{
	struct os_error no_routes;
	MIB_IFTABLE *interfaces = host_ip_table("GetIfTable", error);
	MIB_IPADDRTABLE *addresses = interfaces ? host_ip_table("GetIpAddrTable", error) : NULL;
	MIB_IPFORWARDTABLE *routes =
		addresses ? host_ip_table("GetIpForwardTable", &no_routes) : NULL;
	enum status status = STATUS_SYSTEM;
	if (addresses && !routes)
		gaps->gateways = os_keep_error(&no_routes, arena);
	if (addresses)
		status = fill_adapters(host, interfaces, addresses, routes, arena, out, n, error);
	free(routes);
	free(addresses);
	free(interfaces);
	return status;
}

enum status host_legacy_route(uint32_t to, unsigned long *index, struct os_error *error)
{
	MIB_IPFORWARDTABLE *table = host_ip_table("GetIpForwardTable", error);
	if (!table)
		return STATUS_SYSTEM;
	struct route_choice choice = { .found = false };
	for (DWORD i = 0; i < table->dwNumEntries; i++) {
		const MIB_IPFORWARDROW *row = &table->table[i];
		const struct route route = { .to = ntohl(row->dwForwardDest),
					     .mask = ntohl(row->dwForwardMask),
					     .metric = row->dwForwardMetric1,
					     .adapter = row->dwForwardIfIndex };
		route_choice_weigh(&choice, &route, to);
	}
	free(table);
	char text[IPV4_TEXT_SIZE];
	if (!choice.found)
		return os_fail(error, STATUS_UNREACHABLE, OS_NO_CODE,
			       "route to %s: the route table has none", ipv4_format(to, text));
	if (choice.is_tie)
		return os_fail(error, STATUS_UNSUPPORTED, OS_NO_CODE,
			       "route to %s: two adapters lead there alike", ipv4_format(to, text));
	*index = choice.best.adapter;
	return STATUS_OK;
}
