/*
 * Whether a store is whole: what the database says of itself, and what we know beyond that of its
 * rows. Reads only, also while a collector runs.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/store/store.h"

/* Faults that one check tells at most. */
#define STORE_CHECK_MAX_FAULTS 100

/* What was looked at. */
struct store_check {
	int64_t servers;
	int64_t reports;
	int64_t changes;
	size_t faults; /* each was told */
};

/* The store at `location` by the name that people know it by, such as its file; in `arena`. */
const char *store_locate(const struct store_location *location, struct arena *arena);

/*
 * Checks a store, or a backup, which is a file of the engine that wrote it; `tell` gets each fault
 * as a sentence without a full stop.
 *
 * STATUS_OK           it was checked; `out->faults` says how that went
 * STATUS_NOT_FOUND    there is nothing there
 * STATUS_UNSUPPORTED  of an older or newer version of the schema
 * others              as store_open(): it could not be checked to the end
 */
enum status store_check(const struct store_location *location, void (*tell)(const char *fault),
			struct store_check *out, char error[STORE_ERROR_SIZE]);
enum status store_check_backup(const struct store_engine *engine, const char *path,
			       void (*tell)(const char *fault), struct store_check *out,
			       char error[STORE_ERROR_SIZE]);
