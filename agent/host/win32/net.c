#include "agent/host/host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/host/win32/adapters.h"
#include "agent/host/win32/legacy.h"
#include "agent/platform/error.h"
#include "agent/platform/win32/text.h"
#include "proto/base/mem.h"

#include <winsock2.h>
#include <windows.h>

#include <iprtrmib.h>
#include <iptypes.h>

#include "agent/host/win32/internal.h"

typedef DWORD(WINAPI *adapters_function)(IP_ADAPTER_INFO *info, ULONG *size);
typedef DWORD(WINAPI *best_function)(ULONG to, DWORD *index);

/* Whether it is enabled and linked, out of the interface table; without a row it is not told. */
static void add_state(struct host_adapter *adapter, const MIB_IFTABLE *table, DWORD index)
{
	for (DWORD i = 0; table && i < table->dwNumEntries; i++) {
		const MIB_IFROW *row = &table->table[i];
		if (row->dwIndex != index)
			continue;
		adapter->enabled = row->dwAdminStatus == MIB_IF_ADMIN_STATUS_UP;
		adapter->link = host_link_of(row->dwOperStatus);
	}
}

static void describe(const IP_ADAPTER_INFO *info, const MIB_IFTABLE *table, struct arena *arena,
		     struct host_numbered *out)
{
	struct host_adapter *adapter = &out->adapter;
	out->index = info->Index;
	*adapter = (struct host_adapter){
		.id = arena_strdup(arena, info->AdapterName),
		.description = host_ansi_text(info->Description, arena),
		.mac = host_mac_text(info->Address, info->AddressLength, arena),
		.enabled = true,
		.link = LINK_UNKNOWN,
		.addresses =
			arena_alloc_array(arena, HOST_MAX_ADDRESSES, sizeof *adapter->addresses),
		.gateways = arena_alloc_array(arena, HOST_MAX_GATEWAYS, sizeof *adapter->gateways),
	};
	add_state(adapter, table, info->Index);
	for (const IP_ADDR_STRING *at = &info->IpAddressList; at; at = at->Next) {
		uint32_t address = 0;
		uint32_t mask = 0;
		if (ipv4_parse(at->IpAddress.String, &address) &&
		    ipv4_parse(at->IpMask.String, &mask))
			host_add_address(adapter, address, mask);
	}
	/* 0.0.0.0, so that the judge can name it */
	if (adapter->n_addresses == 0 && info->DhcpEnabled)
		adapter->addresses[adapter->n_addresses++] = (struct ipv4_prefix){ 0, 32 };
	for (const IP_ADDR_STRING *at = &info->GatewayList; at; at = at->Next) {
		uint32_t gateway = 0;
		if (adapter->n_gateways < HOST_MAX_GATEWAYS &&
		    ipv4_parse(at->IpAddress.String, &gateway) && gateway != 0)
			adapter->gateways[adapter->n_gateways++] = gateway;
	}
}

/* NULL with code 0: there are none. */
static IP_ADAPTER_INFO *get_info(DWORD *code)
{
	adapters_function get = (adapters_function)host_ip_helper("GetAdaptersInfo");
	ULONG size = 8192;
	if (!get) {
		*code = ERROR_NOT_SUPPORTED;
		return NULL;
	}
	IP_ADAPTER_INFO *info = mem_alloc(size);
	*code = get(info, &size);
	while (*code == ERROR_BUFFER_OVERFLOW && size <= ADAPTERS_MAX_TABLE) {
		info = mem_realloc(info, size);
		*code = get(info, &size);
	}
	if (*code == NO_ERROR)
		return info;
	if (*code == ERROR_NO_DATA)
		*code = NO_ERROR;
	free(info);
	return NULL;
}

static enum status fill_adapters(const IP_ADAPTER_INFO *info, struct arena *arena,
				 struct host_numbered *out, size_t *n, struct host_gaps *gaps,
				 struct os_error *error)
{
	enum status status = STATUS_OK;
	MIB_IFTABLE *table = host_ip_table("GetIfTable", error);
	if (!table)
		gaps->states = os_keep_error(error, arena);
	for (; info && status == STATUS_OK; info = info->Next) {
		if (info->Type == MIB_IF_TYPE_LOOPBACK)
			continue;
		if (*n == HOST_MAX_ADAPTERS)
			status = os_fail(error, STATUS_LIMIT, OS_NO_CODE, "more than %d adapters",
					 HOST_MAX_ADAPTERS);
		else
			describe(info, table, arena, &out[(*n)++]);
	}
	free(table);
	return status;
}

/* The adapters with their numbers; `out` has HOST_MAX_ADAPTERS places. */
static enum status list_numbered(struct host *host, struct arena *arena, struct host_numbered *out,
				 size_t *n, struct host_gaps *gaps, struct os_error *error)
{
	DWORD code = NO_ERROR;
	*n = 0;
	*gaps = (struct host_gaps){ 0 };
	IP_ADAPTER_INFO *info = get_info(&code);
	if (code != NO_ERROR) /* NT 4.0 has none, and what failed elsewhere NT's way may tell */
		return host_list_legacy(host, arena, out, n, gaps, error);
	enum status status = fill_adapters(info, arena, out, n, gaps, error);
	free(info);
	return status;
}

enum status host_list_adapters(struct host *host, struct arena *arena, struct host_adapter **out,
			       size_t *n, struct host_gaps *gaps, struct os_error *error)
{
	if (host->disk_only)
		return os_fail(error, STATUS_UNSUPPORTED, OS_NO_CODE, "adapters: not on the disk");
	size_t count = 0;
	struct host_numbered *list = arena_alloc_array(arena, HOST_MAX_ADAPTERS, sizeof *list);
	enum status status = list_numbered(host, arena, list, &count, gaps, error);
	if (status != STATUS_OK)
		return status;
	*out = arena_alloc_array(arena, count, sizeof **out);
	*n = count;
	for (size_t i = 0; i < count; i++)
		(*out)[i] = list[i].adapter;
	return STATUS_OK;
}

/* The number of the adapter to `to`; STATUS_UNREACHABLE without a route. */
static enum status best_index(uint32_t to, DWORD *index, struct os_error *error)
{
	best_function best = (best_function)host_ip_helper("GetBestInterface");
	DWORD code = best ? best(htonl(to), index) : ERROR_NOT_SUPPORTED;
	if (code == NO_ERROR)
		return STATUS_OK;
	if (code == ERROR_NOT_SUPPORTED || code == ERROR_CALL_NOT_IMPLEMENTED)
		return host_legacy_route(to, index, error);
	win32_fail(error, code, "GetBestInterface");
	return code == ERROR_NETWORK_UNREACHABLE || code == ERROR_HOST_UNREACHABLE ||
			       code == ERROR_CAN_NOT_COMPLETE
		       ? STATUS_UNREACHABLE
		       : STATUS_SYSTEM;
}

static bool is_own(const struct host_adapter *adapter, uint32_t address)
{
	for (size_t i = 0; i < adapter->n_addresses; i++) {
		if (adapter->addresses[i].address == address)
			return true;
	}
	return false;
}

/* The id of the adapter of that number, in the arena of the list. */
static enum status find_id(struct host *host, uint32_t to, DWORD index, struct arena *arena,
			   const char **id, struct os_error *error)
{
	char text[IPV4_TEXT_SIZE];
	size_t n = 0;
	bool own = ipv4_is_loopback(to);
	struct host_gaps gaps;
	struct host_numbered *list = arena_alloc_array(arena, HOST_MAX_ADAPTERS, sizeof *list);
	enum status status = list_numbered(host, arena, list, &n, &gaps, error);
	if (status != STATUS_OK)
		return status;
	*id = NULL;
	for (size_t i = 0; i < n; i++) {
		own = own || is_own(&list[i].adapter, to);
		if (list[i].index == index)
			*id = list[i].adapter.id;
	}
	if (!own && *id)
		return STATUS_OK;
	return os_fail(error, STATUS_NOT_FOUND, OS_NO_CODE,
		       "route to %s: it does not leave this machine", ipv4_format(to, text));
}

enum status host_route(struct host *host, uint32_t to, struct arena *arena, const char **adapter_id,
		       struct os_error *error)
{
	if (host->disk_only)
		return os_fail(error, STATUS_UNSUPPORTED, OS_NO_CODE, "routes: not on the disk");
	DWORD index = 0;
	const char *id = NULL;
	struct arena scratch;
	enum status status = best_index(to, &index, error);
	if (status != STATUS_OK)
		return status;
	arena_init(&scratch);
	status = find_id(host, to, index, &scratch, &id, error);
	if (status == STATUS_OK)
		*adapter_id = arena_strdup(arena, id);
	arena_deinit(&scratch);
	return status;
}
