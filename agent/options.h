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

#include "agent/command.h"
#include "agent/log.h"
#include "agent/peers.h"
#include "agent/settings.h"
#include "proto/arena.h"
#include "proto/status.h"

#define OPTIONS_MAX_FILE 65536 /* bytes of a configuration file */

/* Public keys of the collector, any of which is good: "sha256//BASE64" each. */
struct option_pins {
	const char *list[SETTING_MAX_PINS];
	size_t n; /* 0: none; the certificate is judged by its issuer alone */
};

/* What is set; agent/settings.h says what each may be. A text that is not set is NULL. */
struct options {
	const struct command *command; /* NULL: none (--help, --version) */
	bool help;                     /* --help: of `command`, or of the program */
	bool version;                  /* --version */

	const char *collector;
	const char *collector_fallback; /* the second collector's URL */
	const char *ca_file;
	struct option_pins pins;
	const char *client_cert; /* file */
	const char *client_key;  /* file */
	const char *proxy;
	const char *enroll_secret_file;

	struct peers peers; /* configured ones */
	int64_t interval_s; /* 0: what the collector says, else CYCLE_DEFAULT_INTERVAL_S */
	int64_t probe_limit_s;

	const char *state_dir; /* NULL: the platform's default */
	const char *log_file;  /* NULL: none */
	enum log_level log_level;
	int64_t log_max_kb;

	const char *windows_root;
	bool disk_only;

	bool once; /* run: one cycle and out */
	bool json; /* for programs */
	bool no_color;
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
