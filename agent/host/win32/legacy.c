#include "agent/host/win32/legacy.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "agent/platform/error.h"
#include "agent/platform/win32/text.h"

#include <winsock2.h>
#include <windows.h>

#include <iprtrmib.h>

#define CARDS_KEY    "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\NetworkCards"
#define SERVICES_KEY "SYSTEM\\CurrentControlSet\\Services"
#define MAX_CARD     64 /* numbers of network cards that are tried */

static bool names_address(const char *text, uint32_t address)
{
	uint32_t parsed = 0;
	return ipv4_parse(text, &parsed) && parsed == address;
}

/* Is `address` one of the card of that service, set by hand or by DHCP? */
static bool card_has(struct host *host, const char *service, uint32_t address, struct arena *arena)
{
	struct os_error ignored;
	struct host_value value;
	const char *key = arena_printf(arena, SERVICES_KEY "\\%s\\Parameters\\Tcpip", service);
	if (host_read_value(host, key, "DhcpIPAddress", arena, &value, &ignored) == STATUS_OK &&
	    value.kind == HOST_VALUE_STRING && names_address(value.text, address))
		return true;
	if (host_read_value(host, key, "IPAddress", arena, &value, &ignored) != STATUS_OK ||
	    value.kind != HOST_VALUE_LIST)
		return false;
	for (size_t i = 0; i < value.n_list; i++) {
		if (names_address(value.list[i], address))
			return true;
	}
	return false;
}

/* Of a cluster's node some addresses are virtual: no card has them, and one may be the first. */
static bool card_has_one(struct host *host, const char *service, const struct host_adapter *adapter,
			 struct arena *arena)
{
	for (size_t i = 0; i < adapter->n_addresses; i++) {
		if (card_has(host, service, adapter->addresses[i].address, arena))
			return true;
	}
	return false;
}

/* The registry's name and description of the card that has an address of this adapter. */
static void name_after_card(struct host *host, struct host_adapter *adapter, struct arena *arena)
{
	if (adapter->n_addresses == 0)
		return;
	for (unsigned card = 1; card <= MAX_CARD; card++) {
		struct os_error ignored;
		struct host_value service;
		struct host_value description;
		const char *key = arena_printf(arena, CARDS_KEY "\\%u", card);
		if (host_read_value(host, key, "ServiceName", arena, &service, &ignored) !=
			    STATUS_OK ||
		    service.kind != HOST_VALUE_STRING ||
		    !card_has_one(host, service.text, adapter, arena))
			continue;
		adapter->id = service.text;
		if (host_read_value(host, key, "Description", arena, &description, &ignored) ==
			    STATUS_OK &&
		    description.kind == HOST_VALUE_STRING)
			adapter->description = description.text;
		return;
	}
}

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
		name_after_card(host, &one->adapter, arena);
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

/* Is `row` a better way than `best`, which may be none? */
static bool is_better(const MIB_IPFORWARDROW *row, const MIB_IPFORWARDROW *best)
{
	if (!best)
		return true;
	uint32_t mask = ntohl(row->dwForwardMask);
	uint32_t best_mask = ntohl(best->dwForwardMask);
	if (mask != best_mask)
		return mask > best_mask; /* masks are ones from the left: longer is larger */
	return row->dwForwardMetric1 < best->dwForwardMetric1;
}

/* NT takes the route of the adapter that is bound first, which the table does not tell. */
static bool is_tie(const MIB_IPFORWARDROW *row, const MIB_IPFORWARDROW *best)
{
	return best && row->dwForwardIfIndex != best->dwForwardIfIndex && !is_better(row, best) &&
	       !is_better(best, row);
}

enum status host_legacy_route(uint32_t to, unsigned long *index, struct os_error *error)
{
	MIB_IPFORWARDTABLE *table = host_ip_table("GetIpForwardTable", error);
	if (!table)
		return STATUS_SYSTEM;
	const MIB_IPFORWARDROW *best = NULL;
	bool tie = false;
	for (DWORD i = 0; i < table->dwNumEntries; i++) {
		const MIB_IPFORWARDROW *row = &table->table[i];
		bool fits = (htonl(to) & row->dwForwardMask) == row->dwForwardDest;
		if (!fits)
			continue;
		tie = is_tie(row, best) || (tie && !is_better(row, best));
		if (is_better(row, best))
			best = row;
	}
	if (best)
		*index = best->dwForwardIfIndex;
	free(table);
	char text[IPV4_TEXT_SIZE];
	if (tie)
		return os_fail(error, STATUS_UNSUPPORTED, OS_NO_CODE,
			       "route to %s: two adapters lead there alike", ipv4_format(to, text));
	if (best)
		return STATUS_OK;
	return os_fail(error, STATUS_UNREACHABLE, OS_NO_CODE,
		       "route to %s: the route table has none", ipv4_format(to, text));
}
