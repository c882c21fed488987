/*
 * The lock on a data directory: one collector at a time. It goes with the process, however that
 * ends; the file stays.
 */
#pragma once

#include <stddef.h>

#include "proto/base/status.h"

/*
 * Takes the lock by the file `path`, which is made where it does not exist. `*lock` is for
 * store_lock_release().
 *
 * STATUS_CONFLICT  another process has it; `error` names it
 */
enum status store_lock_take(const char *path, int *lock, char *error, size_t error_size);

/* The same for a data directory: its STORE_LOCK (collector/store/store.h). */
enum status store_lock_directory(const char *directory, int *lock, char *error, size_t error_size);

void store_lock_release(int lock);
