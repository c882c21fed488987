#include "collector/query/past_list.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/mem.h"

void past_list_init(struct past_list *past, struct arena *arena)
{
	*past = (struct past_list){ .arena = arena };
}

void past_list_deinit(struct past_list *past)
{
	for (size_t i = 0; i < past->n; i++)
		view_unref(past->rows[i].view);
	free(past->rows);
	name_index_deinit(&past->names);
	text_map_deinit(&past->by_place);
}

/* The number of that place, which is told apart by its names as they are spelt. */
static uint32_t number_of_place(struct past_list *past, const char *organization, const char *site)
{
	char *key = arena_printf(past->arena, "%zu:%s%s", strlen(organization), organization, site);
	uint32_t *number = text_map_get(&past->by_place, key);

	if (number)
		return *number;
	number = arena_alloc(past->arena, sizeof *number);
	*number = (uint32_t)past->n_places;
	text_map_add(&past->by_place, key, number);
	past->places = arena_make_room(past->arena, past->places, past->n_places,
				       &past->places_room, sizeof *past->places);
	past->places[past->n_places++] =
		(struct fleet_place){ arena_strdup(past->arena, organization),
				      arena_strdup(past->arena, site) };
	return *number;
}

void past_list_add(struct past_list *past, struct view *view)
{
	past->rows = mem_make_room(past->rows, past->n, &past->room, sizeof *past->rows);
	struct fleet_row *row = &past->rows[past->n++];

	*row = fleet_row_of(view);
	row->site = number_of_place(past, view->organization ? view->organization : "",
				    view->site ? view->site : "");
	row->name = name_index_add(&past->names, view->server, view->exchange_server);
}

struct server_list past_list_all(const struct past_list *past)
{
	return (struct server_list){
		.known = { past->rows, past->n, &past->names, past->places, past->n_places },
		.missing = { .n = 0 },
	};
}
