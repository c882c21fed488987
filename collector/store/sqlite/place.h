/*
 * Where the files of a connection are: whether those that it has open still stand under their
 * names. A database that is removed, renamed or mounted over is written on by who has it open, and
 * all of that is lost with the process; SQLite does not look.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "collector/store/store.h"

/* The directory, the database, its log and the log's index. */
#define STORE_PLACE_FILES 4

/* Zeroed: nothing is noted, and nothing is found missing. */
struct store_place {
	size_t n;
	struct {
		char *path;
		dev_t device;
		ino_t inode;
	} files[STORE_PLACE_FILES];
};

/* Notes what stands under the names now; `path` is the database, whose log there is already. */
enum status store_place_note(struct store_place *place, const char *path,
			     char error[STORE_ERROR_SIZE]);

/*
 * Do the same files stand there? It costs a stat() each, some microseconds in all. Any thread.
 *
 * STATUS_CONFLICT  another one does, or none; `error` says which, and what helps
 * others           it cannot be seen, for the reason in `error`
 */
enum status store_place_look(const struct store_place *place, char error[STORE_ERROR_SIZE]);

void store_place_deinit(struct store_place *place);
