#include "collector/query/server_table.h"

#include <string.h>

void server_table_of_fleet(const struct fleet *fleet, struct arena *arena, struct server_table *out)
{
	size_t n = fleet_count_sites(fleet);
	struct fleet_place *places = arena_alloc_array(arena, n, sizeof *places);

	for (size_t i = 0; i < n; i++)
		places[i] = fleet_place(fleet, i);
	*out = (struct server_table){ .names = fleet_names(fleet),
				      .places = places,
				      .n_places = n };
	out->rows = fleet_rows(fleet, &out->n);
}

size_t server_table_place(const struct server_table *table, const char *key)
{
	return fleet_row_place(table->rows, table->n, key);
}

const struct view *server_table_find(const struct server_table *table, const char *key)
{
	size_t at = server_table_place(table, key);

	return at < table->n && strcmp(table->rows[at].key, key) == 0 ? table->rows[at].view : NULL;
}
