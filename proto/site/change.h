/*
 * A change of a site's index, for as long as a call takes: which rows count anew, what becomes of
 * the sums over them, and whose view may be another afterwards. index.c changes who is in the site
 * between its begin and its end.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "proto/base/arena.h"
#include "proto/site/index.h"

struct site_change {
	struct site_index *index;
	struct site_peer_change *peers; /* the latest first */
	bool needs_recount;             /* an address has got, or lost, an ambiguous holder */
	size_t old_names;
	struct arena arena;
};

struct site_change site_change_begin(struct site_index *index);

/*
 * Counts anew what the change made outdated, marks as dirty who may look different now, and drops
 * the peers that nobody names any more.
 */
void site_change_finish(struct site_change *change);

/* Notes how a peer is before anything of it changes. */
void site_change_touch(struct site_change *change, struct site_peer *peer);

/* Into and out of the list of its peer that they belong to. */
void site_peer_rows_link(struct site_peer_rows *on_peer);
void site_peer_rows_unlink(struct site_peer_rows *on_peer);

/* Puts rows in the place of others, which are on no list then: their `link` is NULL. */
void site_peer_rows_replace(struct site_peer_rows *before, struct site_peer_rows *after);

/* Asks whether a peer is of another site. A name that a member here carries is not asked about. */
void site_change_ask_elsewhere(struct site_change *change, struct site_peer *peer);

/* Tells which rows of a member count, now that it holds its addresses. */
void site_change_count_rows(const struct site_index *index, struct site_member *member);

/* Adds all that a fresh member says to the sums (`sign` 1), or takes it away (-1). */
void site_change_apply(struct site_change *change, struct site_member *member, int sign);
