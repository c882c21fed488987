/*
 * What the administrator asked for: a command, and settings from the command line and from a file.
 *
 * A file holds lines KEY = VALUE, where KEY is the name of an option without its dashes; empty
 * lines and lines that begin with '#' or ';' are skipped. The command line goes over the file;
 * peers of both add up.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/peers.h"
#include "proto/arena.h"
#include "proto/status.h"

#define OPTIONS_MAX_FILE 65536 /* bytes of a configuration file */
#define OPTIONS_MAX_TEXT 1000  /* bytes of a path or URL */

enum command {
	COMMAND_NONE,
	COMMAND_RUN,
	COMMAND_REPORT,
	COMMAND_CHECK,
};

struct options {
	enum command command;
	bool help;    /* --help: of `command`, or of the program where that is COMMAND_NONE */
	bool version; /* --version */

	const char *collector; /* NULL: none */
	struct peers peers;    /* configured ones */
	int64_t interval_s;    /* 0: what the collector says, else AGENT_DEFAULT_INTERVAL_S */
	uint32_t probe_limit_ms;
	const char *state_dir; /* NULL: the platform's default */
	const char *windows_root;
	bool disk_only;
	const char *ca_file;
	bool once;     /* run: one cycle and out */
	bool json;     /* check: for programs */
	bool no_color; /* check */
};

/*
 * Reads the arguments behind the program's name, and the file that --config names. Texts live in
 * `arena` or are the arguments' own.
 *
 * On a failure `*out` is of no use and `*error` (in `arena`) says what is wrong where:
 * STATUS_INVALID  an unknown command, option or key, or a value that is none; files are named with
 *                 the line
 * others          the file could not be read
 */
enum status options_read(int n, char *const *arguments, struct arena *arena, struct options *out,
			 const char **error);

/* "run"; never NULL. */
const char *command_name(enum command command);
