/*
 * The command line: a command and its options, --config, --help, --version. The options are values
 * of LAYER_COMMAND_LINE, checked here so that a mistake is told in the words that were typed.
 */
#pragma once

#include <stdbool.h>

#include "agent/commands/command.h"
#include "agent/config/layers.h"
#include "proto/base/arena.h"
#include "proto/base/status.h"

struct command_line {
	const struct command *command; /* NULL: none (--help, --version) */
	bool help;                     /* --help: of `command`, or of the program */
	bool version;                  /* --version */
	const char *config_file;       /* NULL: --config is not there */
	struct layers options;
};

/*
 * Reads the arguments behind the program's name; the result lives in `arena`.
 *
 * STATUS_INVALID  an unknown command or option, or a value that is none; `*error` (in `arena`) says
 *                 which and why
 */
enum status command_line_read(int n, char *const *arguments, struct arena *arena,
			      struct command_line *out, const char **error);
