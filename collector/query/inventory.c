#include "collector/query/inventory.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "collector/base/text_map.h"
#include "collector/model/record_report.h"
#include "collector/model/server_key.h"
#include "proto/base/mem.h"

/* The entry that a key leads to. */
struct place {
	uint32_t number;
};

struct inventory {
	struct store *store;
	bool is_loaded;
	int64_t version;       /* of what is loaded */
	uint64_t membership;   /* of the fleet, when `missing` was made */
	struct fleet_row *all; /* by key; the views are references */
	size_t n_all;
	size_t room;
	struct fleet_place *places; /* of them, by number; texts in `arena` */
	size_t n_places;
	size_t places_room;
	struct text_map by_place;
	struct arena arena;

	struct fleet_row *missing; /* of these; room as that */
	size_t *behind;            /* of each missing one; likewise */
	size_t n_missing;
	struct name_index names; /* of the missing ones */
};

struct inventory *inventory_new(struct store *store)
{
	struct inventory *inventory = mem_alloc(sizeof *inventory);

	inventory->store = store;
	arena_init(&inventory->arena);
	return inventory;
}

static void clear_rows(struct inventory *e)
{
	for (size_t i = 0; i < e->n_all; i++)
		view_unref(e->all[i].view);
	text_map_deinit(&e->by_place);
	arena_deinit(&e->arena);
	arena_init(&e->arena);
	name_index_clear(&e->names);
	e->n_all = e->n_missing = e->n_places = 0;
	e->is_loaded = false;
}

void inventory_free(struct inventory *e)
{
	if (!e)
		return;
	clear_rows(e);
	arena_deinit(&e->arena);
	name_index_deinit(&e->names);
	free(e->all);
	free(e->places);
	free(e->missing);
	free(e->behind);
	free(e);
}

/* The number of that place, which is told apart by its names as they are spelt. */
static uint32_t number_of_place(struct inventory *e, const char *organization, const char *site)
{
	char *key = arena_printf(&e->arena, "%zu:%s%s", strlen(organization), organization, site);
	struct place *place = text_map_get(&e->by_place, key);

	if (place)
		return place->number;
	place = arena_alloc(&e->arena, sizeof *place);
	place->number = (uint32_t)e->n_places;
	text_map_add(&e->by_place, key, place);
	e->places = mem_make_room(e->places, e->n_places, &e->places_room, sizeof *e->places);
	e->places[e->n_places++] = (struct fleet_place){
		arena_strdup(&e->arena, organization),
		arena_strdup(&e->arena, site),
	};
	return place->number;
}

static enum status add_row(void *user, const struct record_expected *record)
{
	struct inventory *e = user;

	if (e->n_all == e->room) {
		e->room = e->room ? e->room * 2 : 64;
		e->all = mem_realloc(e->all, e->room * sizeof *e->all);
		e->missing = mem_realloc(e->missing, e->room * sizeof *e->missing);
		e->behind = mem_realloc(e->behind, e->room * sizeof *e->behind);
	}
	struct fleet_row *row = &e->all[e->n_all++];
	*row = fleet_row_of(view_make_expected(record));
	row->site = number_of_place(e, record->organization, record->site);
	return STATUS_OK;
}

static enum status load_rows(struct inventory *e, int64_t version, char error[STORE_ERROR_SIZE])
{
	clear_rows(e);
	enum status status = store_read_expected(store_reader(e->store), add_row, e, error);
	if (status != STATUS_OK) {
		clear_rows(e);
		return status;
	}
	e->version = version;
	e->is_loaded = true;
	return STATUS_OK;
}

/*
 * By keys, the rows of servers whose Exchange server has another name than they: a cluster's group
 * is in the list under the name that peers know, and a node reports for it. Texts in `arena`.
 */
static struct text_map index_exchange_names(const struct fleet_row *rows, size_t n,
					    struct arena *arena)
{
	struct text_map names = { .n = 0 };
	char key[SERVER_KEY_SIZE];

	for (size_t i = 0; i < n; i++) {
		server_key(rows[i].view->exchange_server, key);
		if (strcmp(key, rows[i].key) != 0 && !text_map_get(&names, key))
			text_map_add(&names, arena_strdup(arena, key), (void *)&rows[i]);
	}
	return names;
}

/* Both lists are in the order of keys. */
static void find_missing(struct inventory *e, const struct fleet *fleet)
{
	size_t n_rows = 0;
	const struct fleet_row *rows = fleet_rows(fleet, &n_rows);
	size_t at = 0;
	struct arena arena;

	arena_init(&arena);
	struct text_map names = index_exchange_names(rows, n_rows, &arena);
	e->n_missing = 0;
	name_index_clear(&e->names);
	for (size_t i = 0; i < e->n_all; i++) {
		struct fleet_row *row = &e->all[i];
		while (at < n_rows && strcmp(rows[at].key, row->key) < 0)
			at++;
		if ((at < n_rows && strcmp(rows[at].key, row->key) == 0) ||
		    text_map_get(&names, row->key))
			continue;
		row->name = name_index_add(&e->names, row->view->server, NULL);
		e->behind[e->n_missing] = at;
		e->missing[e->n_missing++] = *row;
	}
	e->membership = fleet_membership(fleet);
	text_map_deinit(&names);
	arena_deinit(&arena);
}

enum status inventory_list(struct inventory *e, const struct fleet *fleet, struct arena *arena,
			   struct server_list *out, char error[STORE_ERROR_SIZE])
{
	int64_t version = 0;

	*out = (struct server_list){ .behind = NULL };
	server_table_of_fleet(fleet, arena, &out->known);

	enum status status = store_read_expected_version(store_reader(e->store), &version, error);
	bool is_new = status == STATUS_OK && (!e->is_loaded || version != e->version);
	if (is_new)
		status = load_rows(e, version, error);
	if (status != STATUS_OK)
		return status;
	if (is_new || e->membership != fleet_membership(fleet))
		find_missing(e, fleet);
	out->missing = (struct server_table){ e->missing, e->n_missing, &e->names, e->places,
					      e->n_places };
	out->behind = e->behind;
	return STATUS_OK;
}
