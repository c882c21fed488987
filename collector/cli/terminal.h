/*
 * What the commands share that change identities from the terminal: token, secret, agents, init.
 * Each works on the data directory itself, also while a collector runs (collector/store/admin.h),
 * and leaves its line in the audit log. Secrets are never arguments, which every user of the
 * machine sees in the list of processes; they are made here and shown once.
 */
#pragma once

#include <stdbool.h>

#include "collector/base/buffer.h"
#include "collector/cli/arguments.h"
#include "collector/model/record.h"
#include "collector/store/admin.h"
#include "proto/base/arena.h"

#define TERMINAL_EXIT_OK     0
#define TERMINAL_EXIT_FAILED 1

struct terminal {
	struct store_aside *store;
	const char *data;
	const char *who; /* "terminal (root)" */
	struct arena arena;
};

/* The arguments that every one of them takes. */
#define TERMINAL_HELP_DATA                                                                         \
	"  --data DIRECTORY   the collector's; default: what --config says, else "                 \
	"/var/lib/mtawatch\n"                                                                      \
	"  --config FILE      the file that `serve` is given\n"

/*
 * Opens the store of the data directory that `data` or the file `config` names; both may be NULL.
 * With `create` directory and store are made where they are not there. Returns an exit status;
 * unless that is TERMINAL_EXIT_OK standard error says why. terminal_close() is due either way.
 */
int terminal_open(struct terminal *terminal, const char *data, const char *config, bool create);

/* The same without opening the store: afterwards `data` and `who` are known. */
int terminal_prepare(struct terminal *terminal, const char *data, const char *config);
void terminal_close(struct terminal *terminal);

/* Which collector's files a command works on, as its arguments say. */
struct terminal_place {
	const char *data;
	const char *config;
};

/*
 * Reads the words of the command `name`, which takes no option but those two. Returns an exit
 * status; unless that is TERMINAL_EXIT_OK standard error says why.
 */
int terminal_read(int argc, char **argv, const char *name, struct arguments *words,
		  struct terminal_place *place);

/* "mtawatch-collector: ..." on standard error; returns TERMINAL_EXIT_FAILED. */
int terminal_fail(const char *format, ...) __attribute__((format(PRINTF_FORMAT, 1, 2)));

/* The same for wrong usage; returns COMMAND_EXIT_USAGE. */
int terminal_refuse(const char *format, ...) __attribute__((format(PRINTF_FORMAT, 1, 2)));

/*
 * Adds an identity, or drops one, with its line of the audit log. `identity` needs kind and name;
 * to be added also what it is made of, but for who made it and when.
 *
 * STATUS_CONFLICT, STATUS_NOT_FOUND  the name is taken, or not there
 * others                             `error` says why
 */
enum status terminal_add(struct terminal *terminal, struct record_identity *identity,
			 const char *action, char error[STORE_ERROR_SIZE]);
enum status terminal_drop(struct terminal *terminal, struct record_identity *identity,
			  const char *action, char error[STORE_ERROR_SIZE]);

/*
 * Reads a file, or standard input where `name` is "-", hardly more than `max` bytes: what is too
 * long is seen to be. False: it could not be read, which is told.
 */
bool terminal_read_file(const char *name, size_t max, struct buffer *out);

/*
 * Writes a secret on a line of its own: into a new file that only its owner may read, or on
 * standard output where `path` is NULL. Returns an exit status.
 */
int terminal_hand_out(const char *secret, const char *path);
