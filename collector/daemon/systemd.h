/*
 * What the service manager is told (sd_notify(3)): that the collector is ready, reloads or ends,
 * and, where it has a watchdog, that the loop still turns. Without NOTIFY_SOCKET in the environment
 * nothing is told. Messages that cannot be sent are lost: the manager's clocks notice.
 *
 * The loop's thread only.
 */
#pragma once

struct supervisor;
struct uv_loop_s; /* libuv: the event loop */

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, once. */
struct supervisor *supervisor_new(struct uv_loop_s *loop);

/* What runs is what was asked for; from now on the watchdog is fed. `status` is for people. */
void supervisor_ready(struct supervisor *supervisor, const char *status);

/* The settings are being read again; supervisor_ready() follows. */
void supervisor_reloading(struct supervisor *supervisor);

/* It ends; the handle closes a little later. NULL is allowed. */
void supervisor_stopping(struct supervisor *supervisor);
