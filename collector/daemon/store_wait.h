/*
 * Waits for a store that is in a database until that can be reached, for ever: the database may be
 * started after the collector, or be failing over. It is tried off the loop. The loop's thread
 * only.
 */
#pragma once

#include <stdbool.h>

#include "collector/store/store.h"

/* The pauses between two attempts. */
#define STORE_WAIT_MIN_MS 250
#define STORE_WAIT_MAX_MS 15000

struct store_wait;

/*
 * May a store that could not be opened for that reason be there later, without anybody's doing
 * here?
 */
bool store_wait_helps(enum status status);

/*
 * Tries until it is known what opening the store would come to, which `over` is told, from the
 * loop: STATUS_OK, or why waiting does not help. Before that `failed` is told of each attempt that
 * failed. store_wait_end() is due either way. `location` is borrowed.
 */
struct store_wait_events {
	void (*failed)(void *user, const char *error);
	void (*over)(void *user, enum status status, const char *error);
	void *user;
};
struct store_wait *store_wait_begin(uv_loop_t *loop, const struct store_location *location,
				    const struct store_wait_events *events);

/* Tells nobody anything any more. NULL is allowed. */
void store_wait_end(struct store_wait *wait);
