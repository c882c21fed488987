/*
 * The configuration file: lines KEY = VALUE, where KEY is the name of a setting; empty lines and
 * lines that begin with '#' or ';' are skipped, quotes around a value are taken off, switches are
 * yes or no, `peer` may be repeated. Any text that proto/base/text_file.h reads as UTF-8.
 */
#pragma once

#include <stddef.h>

#include "agent/config/layers.h"
#include "proto/base/status.h"

#define CONFIG_FILE_MAX 65536 /* bytes */

/*
 * Adds the values of a file's text (`n` bytes) as LAYER_FILE. `path` is
 * for messages.
 *
 * STATUS_INVALID  a key or a value is none, or it is no text; `*error` (in the layers' arena) names
 *                 path and line. What was added until then is of no use.
 */
enum status config_file_parse(struct layers *layers, const char *path, const char *bytes, size_t n,
			      const char **error);

/* Reads the file; further failures as of files_read(), also with `*error`. */
enum status config_file_read(struct layers *layers, const char *path, const char **error);
