/*
 * What an inventory would change that takes the place of another one: told before it is done.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "collector/model/record_report.h"
#include "proto/base/arena.h"
#include "proto/base/status.h"

/* A list of expected servers, in the order of keys. */
struct inventory_list {
	struct arena *arena;
	struct record_expected *rows; /* with their texts in `arena` */
	size_t n;
	size_t room;
};

/* A store_each_expected: adds a copy of `row` to the list `user`. */
enum status inventory_list_add(void *user, const struct record_expected *row);

/* The row of that key, or NULL. */
const struct record_expected *inventory_list_find(const struct inventory_list *list,
						  const char *key);

struct inventory_change {
	size_t n_before;
	size_t n_after;
	const struct record_expected **added; /* borrowed from the new list */
	size_t n_added;
	const struct record_expected **dropped; /* borrowed from the old one */
	size_t n_dropped;
	size_t n_altered; /* servers that stay, written otherwise: name, organization or site */
};

/*
 * Compares `before` with the `n` rows that are to come, in the order of keys. Of a server that
 * stays the new row gets the moment since which it is expected. The arrays lie in `arena`.
 */
void inventory_change_find(const struct inventory_list *before, struct record_expected *after,
			   size_t n, struct arena *arena, struct inventory_change *out);

/* Are they the same? Then the former list is better kept. */
bool inventory_change_is_none(const struct inventory_change *change);

/* Is nothing left, or does more than half go? Then somebody has to say that it is meant. */
bool inventory_change_needs_consent(const struct inventory_change *change);

/* "adds 2 (EXCH4, EXCH5), drops 1 (EXCH1), changes 0, 7 stay", some names of each; in `arena`. */
const char *inventory_change_text(const struct inventory_change *change, struct arena *arena);
