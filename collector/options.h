/*
 * What `mtawatch-collector serve` is told: on its command line, in a file, or by default. The
 * command line comes before the file, the file before the defaults.
 *
 * The file holds one "key = value" a line, with the names of the options without their dashes;
 * lines that begin with "#" and empty ones do not count:
 *
 *   listen = 127.0.0.1:8285
 *   data = /var/lib/mtawatch
 *   hook-command = /usr/local/bin/tell-operators
 *   allow-plain = no
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "collector/listen.h"
#include "proto/arena.h"
#include "proto/status.h"

#define OPTIONS_DEFAULT_LISTEN "127.0.0.1:8285"
#define OPTIONS_DEFAULT_DATA   "/var/lib/mtawatch"

#define OPTIONS_MAX_FILE_BYTES ((size_t)64 * 1024)
#define OPTIONS_ERROR_SIZE     512

struct options {
	struct listen_address listen;
	bool allow_plain;         /* plain HTTP on an address that other machines reach */
	const char *data;         /* directory of the store */
	const char *hook_command; /* NULL: no hook */
};

/*
 * Reads the arguments behind the word "serve" and the file that they name; strings live in `arena`.
 * On failure `error` says what is wrong and where.
 *
 * STATUS_INVALID  an option or value is none
 * STATUS_DENIED   another address than loopback without allow-plain
 * STATUS_SYSTEM   the file could not be read
 */
enum status options_read(struct options *out, int argc, char **argv, struct arena *arena,
			 char error[OPTIONS_ERROR_SIZE]);
