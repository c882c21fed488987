/*
 * Servers as lists look through them: those that the fleet shows, and beside them those that are
 * expected and have never reported.
 */
#pragma once

#include <stddef.h>

#include "collector/fleet/fleet.h"

/* Rows of the fleet or of a part of it, and the names that their numbers stand for. */
struct server_table {
	const struct fleet_row *rows; /* in the order of keys */
	size_t n;
	const struct name_index *names;
	const struct fleet_place *places; /* "" where there is none */
	size_t n_places;
};

/* No key is in both. */
struct server_list {
	struct server_table known;
	struct server_table missing;
	const size_t *behind; /* of each missing one: how many of the known have lower keys */
};

/* The fleet's published rows; borrowed until control returns to the loop, places in `arena`. */
void server_table_of_fleet(const struct fleet *fleet, struct arena *arena,
			   struct server_table *out);

/* How many of its keys are lower. */
size_t server_table_place(const struct server_table *table, const char *key);

/* The server of that key, or NULL. */
const struct view *server_table_find(const struct server_table *table, const char *key);
