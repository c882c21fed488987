/*
 * The end, as the system asks for it: SIGINT and SIGTERM, on Windows Ctrl-C, Ctrl-Break, the
 * closed console window, the stop of a service.
 */
#pragma once

#include <stdbool.h>

#include "agent/host/host.h"
#include "proto/base/status.h"

/*
 * From now on the system's request calls host_stop() and is remembered.
 *
 * STATUS_SYSTEM  the system would not
 */
enum status signals_start(struct host *host);

/* Has the end been asked for? Any thread. */
bool signals_stopped(void);

/* As if the system had asked for it now; only after signals_start(). Any thread. */
void signals_stop(void);
