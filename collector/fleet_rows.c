#include <stdlib.h>
#include <string.h>

#include "collector/fleet_state.h"

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

void fleet_row_put(struct fleet *fleet, const struct fleet_server *server, struct view *view)
{
	size_t at = find_row(fleet, view->key);

	if (!is_row_of(fleet, at, view->key)) {
		fleet->rows = fleet_with_room(fleet->rows, fleet->n_rows, &fleet->rows_room,
					      sizeof *fleet->rows);
		memmove(fleet->rows + at + 1, fleet->rows + at,
			(fleet->n_rows - at) * sizeof *fleet->rows);
		fleet->rows[at] = (struct fleet_row){ .view = NULL };
		fleet->n_rows++;
		fleet->membership++;
	}
	struct fleet_row *row = &fleet->rows[at];
	view_unref(row->view);
	row->view = view_ref(view);
	row->key = view->key;
	row->verdict = (uint8_t)view->verdict;
	row->silent = view->silent;
	if (server)
		row->site = server->site->number;
}

void fleet_row_drop(struct fleet *fleet, const char *key)
{
	size_t at = find_row(fleet, key);

	if (!is_row_of(fleet, at, key))
		return;
	view_unref(fleet->rows[at].view);
	fleet->n_rows--;
	fleet->membership++;
	memmove(fleet->rows + at, fleet->rows + at + 1, (fleet->n_rows - at) * sizeof *fleet->rows);
}

void fleet_rows_clear(struct fleet *fleet)
{
	for (size_t i = 0; i < fleet->n_rows; i++)
		view_unref(fleet->rows[i].view);
	free(fleet->rows);
	fleet->rows = NULL;
	fleet->n_rows = fleet->rows_room = 0;
}

struct view *fleet_find(const struct fleet *fleet, const char *host_name)
{
	char key[SNAPSHOT_KEY_SIZE];
	size_t at = find_row(fleet, snapshot_key(host_name, key));

	return is_row_of(fleet, at, key) ? fleet->rows[at].view : NULL;
}

uint64_t fleet_membership(const struct fleet *fleet)
{
	return fleet->membership;
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
