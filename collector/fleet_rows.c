#include <string.h>

#include "collector/fleet_state.h"
#include "proto/mem.h"

/* The first row at or behind that key. */
static size_t find_row(const struct fleet *fleet, const char *key)
{
	size_t from = 0;
	size_t to = fleet->n_rows;

	/* Servers are loaded in the order of their keys. */
	if (to > 0 && strcmp(fleet->rows[to - 1].key, key) < 0)
		return to;
	while (from < to) {
		size_t middle = from + (to - from) / 2;
		if (strcmp(fleet->rows[middle].key, key) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

static bool is_row_of(const struct fleet *fleet, size_t at, const char *key)
{
	return at < fleet->n_rows && strcmp(fleet->rows[at].key, key) == 0;
}

void fleet_row_put(struct fleet *fleet, const struct fleet_server *server)
{
	struct view *view = server->published;
	size_t at = find_row(fleet, server->key);

	if (!is_row_of(fleet, at, server->key)) {
		fleet->rows = fleet_with_room(fleet->rows, fleet->n_rows, &fleet->rows_room,
					      sizeof *fleet->rows);
		memmove(fleet->rows + at + 1, fleet->rows + at,
			(fleet->n_rows - at) * sizeof *fleet->rows);
		fleet->n_rows++;
	}
	fleet->rows[at] = (struct fleet_row){
		.key = server->key,
		.view = view,
		.site = server->site->number,
		.verdict = (uint8_t)view->verdict,
		.silent = view->silent,
	};
}

void fleet_row_drop(struct fleet *fleet, const char *key)
{
	size_t at = find_row(fleet, key);

	if (!is_row_of(fleet, at, key))
		return;
	fleet->n_rows--;
	memmove(fleet->rows + at, fleet->rows + at + 1, (fleet->n_rows - at) * sizeof *fleet->rows);
}

const struct fleet_row *fleet_rows(const struct fleet *fleet, size_t *n)
{
	*n = fleet->n_rows;
	return fleet->rows;
}

size_t fleet_count(const struct fleet *fleet)
{
	return fleet->n_rows;
}

struct view *fleet_view(const struct fleet *fleet, size_t i)
{
	return fleet->rows[i].view;
}

size_t fleet_count_sites(const struct fleet *fleet)
{
	return fleet->n_sites;
}

struct fleet_place fleet_place(const struct fleet *fleet, size_t i)
{
	return (struct fleet_place){ fleet->sites[i]->organization, fleet->sites[i]->name };
}
