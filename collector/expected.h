/*
 * The servers that there should be: the inventory, of which those are shown as not monitored that
 * nothing is known of. Kept in the store; also `mtawatch-collector inventory` writes to it beside a
 * collector that runs, so it is looked at before each use.
 *
 * The loop's thread only.
 */
#pragma once

#include <stddef.h>

#include "collector/fleet.h"
#include "collector/store.h"
#include "collector/view.h"

struct expected;

/* `store` outlives it. */
struct expected *expected_new(struct store *store);
void expected_free(struct expected *expected); /* NULL is allowed */

/*
 * Views of the expected servers that `fleet` shows nothing of, in the order of keys; borrowed until
 * control returns to the loop.
 *
 * STATUS_SYSTEM ...  the store could not be read
 */
enum status expected_missing(struct expected *expected, const struct fleet *fleet,
			     struct view *const **out, size_t *n, char error[STORE_ERROR_SIZE]);
