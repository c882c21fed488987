/*
 * What the service manager is told (sd_notify(3)): that the collector is ready, reloads or ends,
 * and, where it has a watchdog, that the loop still turns. Without NOTIFY_SOCKET in the environment
 * nothing is told. Messages that cannot be sent are lost: the manager's clocks notice.
 *
 * The loop's thread only.
 */
#pragma once

struct systemd;
struct uv_loop_s; /* libuv: the event loop */

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, once. */
struct systemd *systemd_new(struct uv_loop_s *loop);

/* Tells systemd that the service is ready, and feeds the watchdog from then on. `status` is for
 * people. */
void systemd_ready(struct systemd *systemd, const char *status);

/* The settings are being read again; systemd_ready() follows. */
void systemd_reloading(struct systemd *systemd);

/*
 * The process begins anew; what it is then tells that it is ready. Frees it as systemd_stopping().
 */
void systemd_beginning_anew(struct systemd *systemd);

/* Tells systemd that the service ends; the handle closes a little later. NULL is allowed. */
void systemd_stopping(struct systemd *systemd);
