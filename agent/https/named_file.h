/*
 * Files that settings name and a library opens: libcurl and mbedTLS would wait for ever for a pipe
 * to which nobody writes, or read a device without end.
 */
#pragma once

#include "agent/https/send.h"
#include "proto/base/arena.h"

/*
 * Why it is none to hand to a library, as the rest of a sentence that begins with its name; NULL:
 * it is a file, or for the library to find fault with. `path` may be NULL.
 */
const char *named_file_fault(const char *path);

/* The first such fault among those of a connection, in words, in `arena`; NULL: none. */
const char *named_files_fault(const struct send_options *options, struct arena *arena);
