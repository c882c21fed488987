/*
 * The servers that there should be: the inventory, of which those are shown as not monitored that
 * nothing is known of. Kept in the store; also `mtawatch-collector inventory` writes to it beside a
 * collector that runs, so it is looked at before each use.
 *
 * The loop's thread only.
 */
#pragma once

#include <stddef.h>

#include "collector/query/server_table.h"
#include "collector/store/store.h"

struct inventory;

/* `store` outlives it. */
struct inventory *inventory_new(struct store *store);
void inventory_free(struct inventory *inventory); /* NULL is allowed */

/*
 * What lists show: the servers of `fleet`, and as missing the expected ones that it shows nothing
 * of, neither under that name nor as the name of a server's Exchange. Borrowed until control
 * returns to the loop; a part of it lies in `arena`.
 *
 * STATUS_SYSTEM ...  the store could not be read; then those of the fleet are there, and nobody is
 *                    missing
 */
enum status inventory_list(struct inventory *inventory, const struct fleet *fleet,
			   struct arena *arena, struct server_list *out,
			   char error[STORE_ERROR_SIZE]);
