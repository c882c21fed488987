/*
 * What the commands share that work on a data directory itself, also while a collector runs
 * (collector/store/admin.h): which one, its store, and identities changed with their line of the
 * audit log.
 */
#pragma once

#include <stdbool.h>

#include "collector/cli/arguments.h"
#include "collector/daemon/options.h"
#include "collector/model/record_identity.h"
#include "collector/store/admin.h"
#include "proto/base/arena.h"

struct local {
	struct store_admin *store;
	struct store_location location;
	bool made_store; /* it was not there before */
	const char *who; /* "terminal (root)" */
	struct arena arena;
};

/* The arguments that every one of them takes. */
#define LOCAL_HELP_DATA                                                                            \
	"  --data DIRECTORY   the collector's; default: what --config says, else "                 \
	"/var/lib/mtawatch\n"                                                                      \
	"  --store URL        the database that has the store, if one does; default: what\n"       \
	"                     --config says\n"                                                     \
	"  --store-password-file FILE\n"                                                           \
	"                     whose only line is the password for it\n"                            \
	"  --config FILE      the file that `serve` is given; default, where it is there:\n"       \
	"                     " OPTIONS_CONFIG_FILE "\n"

/* Which collector's files a command works on, as its arguments say; NULL: they do not. */
struct local_place {
	const char *data;
	const char *store;
	const char *password_file;
	const char *config;
};
#define LOCAL_OPTIONS(p)                                                                           \
	{ "data", "DIRECTORY", &(p)->data, 1, 0 }, { "store", "URL", &(p)->store, 1, 0 },          \
		{ "store-password-file", "FILE", &(p)->password_file, 1, 0 },                      \
	{                                                                                          \
		"config", "FILE", &(p)->config, 1, 0                                               \
	}

/* What a collector would take, given that; texts in `arena`. An exit status, as of local_open(). */
int local_find(const struct local_place *place, struct store_location *out, struct arena *arena);

/*
 * Opens the store of that data directory. With `create` directory and store are made where they are
 * not there. Returns an exit status; unless that is TERMINAL_EXIT_OK standard error says why.
 * local_close() is due either way.
 */
int local_open(struct local *local, const struct local_place *place, bool create);

/* The same without opening the store: afterwards `location` and `who` are known. */
int local_prepare(struct local *local, const struct local_place *place);

/* Is the directory safe to work in (collector/base/data_dir.h)? Else standard error says why. */
int local_look(struct local *local, const char *directory);
void local_close(struct local *local);

/*
 * Makes an identity's secret, `text`, hands it out by the new file `path` (NULL: the caller does),
 * and adds the identity with its line of the audit log; it needs kind and name, and what it is but
 * for who made it and when. Returns an exit status; unless that is TERMINAL_EXIT_OK standard error
 * says why, in the words of `taken` where there is one of that name.
 */
int local_make(struct local *local, struct record_identity *identity, const char *prefix,
	       const char *action, const char *path, const char *taken,
	       char text[SECRET_TEXT_SIZE]);

/*
 * Drops an identity, of which it needs kind and name, with its line of the audit log.
 *
 * STATUS_NOT_FOUND  there is none
 * others            `error` says why
 */
enum status local_drop(struct local *local, struct record_identity *identity, const char *action,
		       char error[STORE_ERROR_SIZE]);
