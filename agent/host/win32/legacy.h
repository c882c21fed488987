/*
 * Adapters and routes where iphlpapi.dll has neither GetAdaptersInfo nor GetBestInterface: Windows
 * NT 4.0 knows the tables of addresses, interfaces and routes (SP4 and later, Q193059) and the
 * registry's names of the adapters (Q163554).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "agent/host/host.h"
#include "agent/host/win32/adapters.h"
#include "proto/base/arena.h"
#include "proto/base/status.h"

enum status host_list_legacy(struct host *host, struct arena *arena, struct host_numbered *out,
			     size_t *n, struct host_gaps *gaps, struct os_error *error);

/* As agent/host/route_choice.h has it; failures as of host_route(). */
enum status host_legacy_route(uint32_t to, unsigned long *index, struct os_error *error);
