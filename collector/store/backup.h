/*
 * Copies of the store: a backup made while a collector runs, and the way back. A backup is a file
 * of the embedded store's, whichever engine has the store: so it is also the way from one to
 * another.
 */
#pragma once

#include <stdbool.h>

#include "collector/store/store.h"

/*
 * Writes what the store at `location` holds at this moment into the new file `path`, whole and
 * checked or not at all. A collector goes on meanwhile: readers and writers do not wait for it,
 * only the write-ahead log grows until it is done.
 *
 * STATUS_NOT_FOUND  there is no store
 * STATUS_CONFLICT   the file exists; `replace` allows that, where it is a backup
 * others            `error` says why
 */
enum status store_backup(const struct store_location *location, const char *path, bool replace,
			 char error[STORE_ERROR_SIZE]);

/*
 * Makes the store of `location` from a backup, brought up to date and checked: whole or not at
 * all. `tell` gets each fault of the backup as a sentence.
 *
 * STATUS_CONFLICT   there is a store already, or a collector runs
 * STATUS_MALFORMED  the backup is damaged
 */
enum status store_restore(const char *path, const struct store_location *location,
			  void (*tell)(const char *fault), char error[STORE_ERROR_SIZE]);
