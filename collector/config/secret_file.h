/*
 * Secrets of others that the administrator keeps in files: a password, the key of a webhook. They
 * never stand in the configuration or on a command line.
 */
#pragma once

#include "proto/base/arena.h"
#include "proto/base/value.h"

#define SECRET_FILE_MAX_BYTES 4096

/*
 * The only line of a text that nobody but its owner may write and nobody but its owner and group
 * may read; blanks in it are part of it. A byte order mark, UTF-16 and CR LF do no harm. NULL:
 * `*why` says what the file has to be; both in `arena`.
 */
const char *secret_file_read(const char *path, struct arena *arena, const char **why);

/* The same of a setting whose value is the path: the text, into a const char *. */
value_read secret_file_value;
