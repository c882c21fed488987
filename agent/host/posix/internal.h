/* Shared by the files of the Linux host, and included by nothing else. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "agent/host/host.h"
#include "agent/host/image/root.h"

struct host {
	struct image_root *root; /* NULL: no Windows facts here */
	bool disk_only;
	int stop_pipe[2];   /* a byte in it ends every wait */
	int nudge_pipe[2];  /* a byte in it ends one wait */
	atomic_int threads; /* that have not ended */
	int changes;        /* netlink socket that tells of changed adapters, or -1 */
};

/* A netlink socket that tells of adapters and addresses that come and go; -1 where it fails. */
int host_watch_changes(void);
