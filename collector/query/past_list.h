/*
 * Servers as they were at a moment, as lists look through them (collector/query/server_table.h):
 * filters, orders and counts are those of now.
 */
#pragma once

#include <stddef.h>

#include "collector/base/text_map.h"
#include "collector/query/server_table.h"

struct past_list {
	struct fleet_row *rows; /* the views are references */
	size_t n;
	size_t room;
	struct name_index names;
	struct fleet_place *places; /* in `arena` */
	size_t n_places;
	size_t places_room;
	struct text_map by_place;
	struct arena *arena;
};

void past_list_init(struct past_list *past, struct arena *arena);
void past_list_deinit(struct past_list *past);

/* Takes the reference; in the order of keys. */
void past_list_add(struct past_list *past, struct view *view);

/* The servers that were added, none of them missing; borrowed. */
struct server_list past_list_all(const struct past_list *past);
