/*
 * What Windows NT 4.0 calls a network adapter: its own tables know a number, the registry knows the
 * cards and their addresses. For win32/legacy.c; the registry is asked through agent/host/host.h,
 * so that tests ask it on any system.
 */
#pragma once

#include "agent/host/host.h"
#include "proto/base/arena.h"

#define CARD_MAX 64 /* numbers of network cards that are tried */

/*
 * Names and describes the adapter after the card that has one of its addresses, set by hand or by
 * DHCP; where no card has any, it keeps what it is called. Every address is tried: of a cluster's
 * node some are virtual, no card has those, and one of them may be the first.
 */
void card_name_adapter(struct host *host, struct host_adapter *adapter, struct arena *arena);
