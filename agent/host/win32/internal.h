/*
 * Shared by the files of the Windows host, and included by nothing else. Free of Windows' own
 * types.
 */
#pragma once

#include <stdbool.h>

#include "agent/host/host.h"
#include "agent/host/image/root.h"
#include "agent/host/event_log.h"

struct host_system; /* events and clock, host.c's own */

struct host {
	struct image_root *root; /* NULL: the facts are this system's */
	bool disk_only;
	bool writes_events;
	struct host_system *system;
	struct event_log_watch log; /* watched from the first host_look_for_news() on */
};

typedef void (*host_function)(void);

/*
 * A function of iphlpapi.dll, NULL where the system has none of that name. The library is loaded
 * once and kept: NT 4.0 leaks handles with each load (Q241480).
 */
host_function host_ip_helper(const char *name);
