/*
 * A hook that is a program of the administrator's: run once per notification, the JSON on its
 * standard input.
 *
 * The program runs with nothing of the collector's but PATH, HOME, LANG and TZ in its environment,
 * in the root directory, with its standard output and error read by us; it leads a process group of
 * its own, which is killed when the time limit passes. Exit status 0 is success.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "proto/base/status.h"

#define HOOK_COMMAND_DEFAULT_TIME_LIMIT_MS 30000

/* Bytes of a program's standard error (or output) that are kept for the log. */
#define HOOK_COMMAND_MAX_OUTPUT 2048

#define HOOK_COMMAND_MESSAGE_SIZE (HOOK_COMMAND_MAX_OUTPUT + 256)

struct hook_command_options {
	const char *command;   /* path of the program; NULL: there is no hook */
	int64_t time_limit_ms; /* 0: HOOK_COMMAND_DEFAULT_TIME_LIMIT_MS */
};

struct hook_command;

/*
 * How it ended; the run is no more. STATUS_OK: exit status 0. STATUS_TIMED_OUT: killed at the time
 * limit. STATUS_REFUSED: it exited otherwise, or by a signal. STATUS_SYSTEM, STATUS_NOT_FOUND,
 * STATUS_DENIED: it could not be started. `message` says it in words, with the first lines that the
 * program wrote; borrowed for the call.
 */
typedef void hook_command_done(void *user, enum status status, const char *message);

/* Starts it; `json` is copied. `done` runs exactly once, from the loop and never from this call. */
struct hook_command *hook_command_run(uv_loop_t *loop, const struct hook_command_options *options,
				      const char *json, hook_command_done *done, void *user);

/* Kills it now; `done` still runs, with STATUS_TIMED_OUT. */
void hook_command_kill(struct hook_command *run);
