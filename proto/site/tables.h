/*
 * The two hash tables of a site index: peers by name, and who holds which address. Only
 * this folder uses them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "proto/site/index.h"

/* The peer of that name, or NULL; `hash` is casefold_hash() of it. */
struct site_peer *site_table_find_peer(const struct site_index *index, const char *name,
				       uint32_t hash);

/* Like it, but adds the peer where there is none, and then sets `*is_new`. */
struct site_peer *site_table_peer(struct site_index *index, const char *name, uint32_t hash,
				  bool *is_new);

/* Frees a peer that nothing points to any more. */
void site_table_drop(struct site_index *index, struct site_peer *peer);

/*
 * `holder` holds the address once more, or once less. Returns whether two or more servers hold it,
 * before or now, and others than before are to be told of.
 */
bool site_table_hold(struct site_index *index, uint32_t address, const struct site_peer *holder,
		     bool holds);

bool site_table_is_held_by(const struct site_index *index, uint32_t address,
			   const struct site_peer *holder);

/* Frees what lies on the heap. */
void site_tables_deinit(struct site_index *index);
