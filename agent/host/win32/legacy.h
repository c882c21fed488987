/*
 * Adapters and routes where iphlpapi.dll has neither GetAdaptersInfo nor GetBestInterface: Windows
 * NT 4.0 knows the tables of addresses, interfaces and routes (SP4 and later, Q193059) and the
 * registry's names of the adapters (Q163554). Shared with net.c; nobody else includes
 * it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "agent/host/host.h"
#include "proto/base/arena.h"
#include "proto/base/status.h"

/* An adapter and the number by which the system's tables know it. */
struct host_numbered {
	unsigned long index;
	struct host_adapter adapter;
};

enum status host_list_legacy(struct host *host, struct arena *arena, struct host_numbered *out,
			     size_t *n, struct host_gaps *gaps, struct os_error *error);

/* The longest prefix that holds `to`, and among these the lowest metric. */
enum status host_legacy_route(uint32_t to, unsigned long *index, struct os_error *error);

/*
 * For both: a table of iphlpapi.dll by the function that fills it, to be passed to free(), or NULL
 * with `error`; the state of a link; the text of a hardware address; an address with its mask; text
 * in the system's ANSI code page.
 */
void *host_ip_table(const char *name, struct os_error *error);
enum link_state host_link_of(unsigned long oper_status);
const char *host_mac_text(const unsigned char *mac, unsigned long length, struct arena *arena);
void host_add_address(struct host_adapter *adapter, uint32_t address, uint32_t mask);
const char *host_ansi_text(const char *text, struct arena *arena);
