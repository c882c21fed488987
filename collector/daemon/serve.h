/*
 * `mtawatch-collector serve`: opens everything, runs until it is asked to end, closes everything.
 */
#pragma once

#include "collector/daemon/options.h"

#define SERVE_EXIT_OK     0
#define SERVE_EXIT_FAILED 1 /* it could not begin; standard error says why */

/* No exit status: another collector judges, and the process is to begin anew, as it was started. */
#define SERVE_BEGIN_ANEW (-1)

/*
 * Runs with `options`, which `argv` made; on SIGHUP they are made from it again. Returns the exit
 * status of the program, or SERVE_BEGIN_ANEW.
 */
int serve_run(const struct options *options, int argc, char **argv);
