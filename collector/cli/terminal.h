/*
 * How a command speaks with those at a terminal: what failed, what was wrong about its arguments,
 * files that it is given. Secrets are never arguments, which every user of the machine sees in the
 * list of processes; they are made by commands and shown once.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "proto/base/arena.h"
#include "proto/base/buffer.h"

#define TERMINAL_EXIT_OK     0
#define TERMINAL_EXIT_FAILED 1

/*
 * What is printed here may hold names out of reports, answers of a collector and file names: all of
 * it is made harmless for a terminal (proto/base/printable.h), but for one line feed at the end of
 * the format.
 */
void terminal_print(const char *format, ...) __attribute__((format(PRINTF_FORMAT, 1, 2)));

/*
 * JSON or CSV on standard output: as it is into a file or a pipe, harmless but for its line ends
 * on a terminal.
 */
void terminal_write(const char *bytes, size_t n);

/* "mtawatch-collector: ..." on standard error, and no more. */
void terminal_warn(const char *format, ...) __attribute__((format(PRINTF_FORMAT, 1, 2)));

/* "mtawatch-collector: ..." on standard error; returns TERMINAL_EXIT_FAILED. */
int terminal_fail(const char *format, ...) __attribute__((format(PRINTF_FORMAT, 1, 2)));

/* The same for wrong usage; returns COMMAND_EXIT_USAGE. */
int terminal_refuse(const char *format, ...) __attribute__((format(PRINTF_FORMAT, 1, 2)));

/*
 * Reads a file, or standard input where `name` is "-", hardly more than `max` bytes: what is too
 * long is seen to be. False: it could not be read, which is told.
 */
bool terminal_read_file(const char *name, size_t max, struct buffer *out);

/*
 * Reads a file that holds one word and is of at most `max` bytes. `noun` is what it is, "token", in
 * what is told where the file holds none. Returns an exit status.
 */
int terminal_read_word(const char *name, size_t max, const char *noun, struct arena *arena,
		       const char **word);

/*
 * Writes a secret on a line of its own: into a new file that only its owner may read, or on
 * standard output where `path` is NULL. Returns an exit status.
 */
int terminal_hand_out(const char *secret, const char *path);
