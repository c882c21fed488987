#include "agent/host/win32/adapters.h"

#include <stdlib.h>

#include "agent/platform/win32/text.h"
#include "proto/base/ipv4.h"
#include "proto/base/mem.h"

#include <winsock2.h>
#include <windows.h>

#include <iprtrmib.h>

#include "agent/host/win32/internal.h"

typedef DWORD(WINAPI *table_function)(void *table, ULONG *size, BOOL sorted);

void *host_ip_table(const char *name, struct os_error *error)
{
	table_function get = (table_function)host_ip_helper(name);
	if (!get) {
		win32_fail(error, ERROR_PROC_NOT_FOUND, "iphlpapi.dll, %s", name);
		return NULL;
	}
	ULONG size = 4096;
	void *table = mem_alloc(size);
	DWORD code = get(table, &size, TRUE);
	while (code == ERROR_INSUFFICIENT_BUFFER && size <= ADAPTERS_MAX_TABLE) {
		table = mem_realloc(table, size);
		code = get(table, &size, TRUE);
	}
	if (code != NO_ERROR) {
		free(table);
		win32_fail(error, code, "%s", name);
		return NULL;
	}
	return table;
}

enum link_state host_link_of(DWORD oper_status)
{
	switch (oper_status) {
	case 1: /* up (RFC 1213), as NT 4.0 says it */
	case MIB_IF_OPER_STATUS_CONNECTED:
	case MIB_IF_OPER_STATUS_OPERATIONAL:
		return LINK_UP;
	case MIB_IF_OPER_STATUS_NON_OPERATIONAL:
	case MIB_IF_OPER_STATUS_DISCONNECTED:
		return LINK_DOWN;
	default:
		return LINK_UNKNOWN;
	}
}

const char *host_mac_text(const BYTE *mac, DWORD length, struct arena *arena)
{
	if (length != 6)
		return NULL;
	return arena_printf(arena, "%02x-%02x-%02x-%02x-%02x-%02x", mac[0], mac[1], mac[2], mac[3],
			    mac[4], mac[5]);
}

void host_add_address(struct host_adapter *adapter, uint32_t address, uint32_t mask)
{
	if (address == 0 || ipv4_is_loopback(address) || adapter->n_addresses == HOST_MAX_ADDRESSES)
		return;
	uint8_t length = 0;
	while (length < 32 && (mask << length & UINT32_C(0x80000000)))
		length++;
	adapter->addresses[adapter->n_addresses++] = (struct ipv4_prefix){ address, length };
}

const char *host_ansi_text(const char *text, struct arena *arena)
{
	int n = MultiByteToWideChar(CP_ACP, 0, text, -1, NULL, 0);
	wchar_t *wide = arena_alloc_array(arena, n > 0 ? (size_t)n : 1, sizeof *wide);
	if (n > 0)
		MultiByteToWideChar(CP_ACP, 0, text, -1, wide, n);
	return win32_narrow(wide, arena);
}
