/*
 * Adapters out of the tables of iphlpapi.dll: what net.c and, where Windows has no newer calls,
 * legacy.c share.
 */
#pragma once

#include <stdint.h>

#include "agent/host/host.h"
#include "proto/base/arena.h"

#define ADAPTERS_MAX_TABLE (1024 * 1024) /* bytes of one of the system's tables */

/* An adapter and the number by which the system's tables know it. */
struct host_numbered {
	unsigned long index;
	struct host_adapter adapter;
};

/*
 * A table of iphlpapi.dll by the function that fills it, to be passed to free(), or NULL with
 * `error`.
 */
void *host_ip_table(const char *name, struct os_error *error);

/* The state of a link; the text of a hardware address, NULL where it is none of 6 bytes. */
enum link_state host_link_of(unsigned long oper_status);
const char *host_mac_text(const unsigned char *mac, unsigned long length, struct arena *arena);

/* Adds an address, unless it is loopback, 0.0.0.0, or one too many. */
void host_add_address(struct host_adapter *adapter, uint32_t address, uint32_t mask);

/* UTF-8 of a text in the system's ANSI code page, in `arena`. */
const char *host_ansi_text(const char *text, struct arena *arena);
