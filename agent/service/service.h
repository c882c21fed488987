/*
 * The agent as a service: how it lives under Windows' service control manager (SCM). What it does
 * there is agent/commands/service.c's, how it gets there agent/service/win32/install.h's.
 *
 * win32/service.c speaks with the SCM; on other systems (posix/service.c) there is none, and their
 * own supervisors run `mtawatch-agent run`.
 */
#pragma once

#include <stdbool.h>

#include "agent/platform/error.h"
#include "proto/base/status.h"

#define SERVICE_NAME         "mtawatch-agent"
#define SERVICE_DISPLAY_NAME "mtawatch agent"
#define SERVICE_ABOUT                                                                              \
	"Tells whether this server's Exchange 5.5 MTA will start (Microsoft Q285350), and "        \
	"reports it to the mtawatch collector. Changes nothing on the server."

/* In the state directory, where no log file is set. */
#define SERVICE_LOG_NAME "mtawatch-agent.log"

/* The wait hint of START_PENDING: how long the SCM waits for the next sign of life. */
#define SERVICE_WAIT_HINT_MS 30000

/*
 * A stop may meet a name lookup or a TLS handshake that nobody can cancel. What the agent keeps on
 * disk is whole at every moment, so after this long it reports SERVICE_STOPPED and ends.
 */
#define SERVICE_STOP_MS 1500

struct service_body {
	/* Runs the service, on a thread of its own; not 0: its specific exit code. */
	int (*run)(void *user);
	/* Called once when the service is to stop, on the SCM's thread, while `run` goes on. */
	void (*stopping)(void *user);
	void *user;
};

/*
 * Puts the process into the SCM's hands, and returns when `run` has ended. The service is
 * START_PENDING until that calls service_ready(). A stop or a shutdown of the system ends it
 * through signals_stop() (agent/service/signals.h), and after SERVICE_STOP_MS without it.
 *
 * STATUS_UNSUPPORTED  the SCM did not start this process, or there is none on this system
 * STATUS_SYSTEM       it would not
 */
enum status service_run(const struct service_body *body, struct os_error *error);

/* While it starts: another step is done, wait for the next. From run's thread. */
void service_progress(void);

/* Reports RUNNING to the SCM. From run's thread; a second call does nothing. */
void service_ready(void);

/*
 * Sees to it that nobody but administrators can change program and settings, however they were
 * installed; what is in the way is logged.
 */
void service_protect(void);

/*
 * Asks the SCM to start the service again when it dies: after one minute, then five, then fifteen,
 * counted anew after a day. What an administrator has set stays; Windows NT 4.0 cannot.
 */
void service_keep_alive(void);
