/*
 * The service control manager from outside: makes, changes, starts, stops and removes our service.
 *
 * Calls that Windows NT 4.0 lacks (ChangeServiceConfig2, QueryServiceConfig2: Windows 2000) are
 * looked up at run time; without them there is no description and no recovery.
 *
 * Failures everywhere, with `error` filled in words for an administrator: STATUS_DENIED,
 * STATUS_SYSTEM, and where named STATUS_NOT_FOUND (there is no such service).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/platform/error.h"
#include "proto/base/status.h"

#define SCM_SERVICE_NAME L"mtawatch-agent" /* SERVICE_NAME of agent/service/service.h */

/* May we, and is it there? */
enum status scm_find(bool *there, struct os_error *error);

/*
 * Makes the service, or brings one that is there into this shape: `command` (the program's path in
 * quotes, and arguments) runs as LocalSystem at every start of the system.
 */
enum status scm_install(const wchar_t *command, struct os_error *error);

/*
 * Starts it, and waits at most `limit_ms` until it runs; one that runs already is left alone.
 *
 * STATUS_REFUSED    it ended by itself; `error` has its exit code
 * STATUS_TIMED_OUT  it does not come to an end of starting
 */
enum status scm_start(uint32_t limit_ms, struct os_error *error);

/*
 * Stops it, and waits at most `limit_ms` until its process has ended; one that does not run is left
 * alone.
 *
 * STATUS_NOT_FOUND, STATUS_TIMED_OUT
 */
enum status scm_stop(uint32_t limit_ms, struct os_error *error);

/* STATUS_NOT_FOUND */
enum status scm_remove(struct os_error *error);

/* Recovery as of service_keep_alive(); no failure where the system cannot. */
enum status scm_keep_alive(struct os_error *error);
