#include "collector/fleet/rows.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "collector/base/lower_bound.h"
#include "collector/fleet/internal.h"
#include "collector/model/server_key.h"
#include "proto/base/casefold.h"
#include "proto/base/mem.h"
#include "proto/base/version.h"

/* Versions compare as numbers; a text that is no version comes last. */
static uint64_t rank_of_build(const char *build)
{
	struct version version;
	uint64_t rank = 0;

	if (!build || !version_parse(build, &version))
		return UINT64_MAX;
	for (size_t i = 0; i < sizeof version.part / sizeof *version.part; i++)
		rank = rank << 16 | version.part[i];
	return rank;
}

struct fleet_row fleet_row_of(struct view *view)
{
	return (struct fleet_row){
		.key = view->key,
		.view = view,
		.since_ms = view->since_ms,
		.reported_at_ms = view->reported_at_ms,
		.build = rank_of_build(view->build),
		.verdict = (uint8_t)view->verdict,
		.adapters = view->adapters,
		.silent = view->silent,
		.outdated = view->outdated,
		.drifted = view->drifted,
		.not_monitored = view->not_monitored,
	};
}

static int compare_key(const void *row, const void *key)
{
	return strcmp(((const struct fleet_row *)row)->key, key);
}

size_t fleet_row_place(const struct fleet_row *rows, size_t n, const char *key)
{
	return lower_bound(rows, n, sizeof *rows, key, compare_key);
}

static bool is_row_of(const struct published *published, size_t at, const char *key)
{
	return at < published->n && strcmp(published->rows[at].key, key) == 0;
}

static size_t search_row(const struct published *published, const char *key)
{
	size_t n = published->n;

	/* Servers are loaded in the order of their keys. */
	if (n > 0 && strcmp(published->rows[n - 1].key, key) < 0)
		return n;
	return fleet_row_place(published->rows, n, key);
}

/* The first row at or behind that key; mostly the server's row has not moved. */
static size_t find_row(const struct fleet *fleet, const char *key)
{
	struct fleet_server *server = fleet_server_find(fleet, key);

	if (!server)
		return search_row(&fleet->published, key);
	if (!is_row_of(&fleet->published, server->row, key))
		server->row = search_row(&fleet->published, key);
	return server->row;
}

static void add_name(struct published *published, struct fleet_row *row)
{
	row->name =
		name_index_add(&published->names, row->view->server, row->view->exchange_server);
}

/* Numbers the names anew once most numbers are unused. */
static void tidy_names(struct published *published)
{
	if (!name_index_is_wasteful(&published->names))
		return;
	name_index_clear(&published->names);
	for (size_t i = 0; i < published->n; i++)
		add_name(published, &published->rows[i]);
}

/* Keeps the number where the view before had the same names. */
static void name_row(struct published *published, struct fleet_row *row,
		     const struct fleet_row *before)
{
	if (before->view && casefold_equal(before->view->server, row->view->server) &&
	    casefold_equal(before->view->exchange_server, row->view->exchange_server)) {
		row->name = before->name;
		return;
	}
	if (before->view)
		name_index_drop(&published->names, before->name);
	add_name(published, row);
	tidy_names(published);
}

void fleet_row_put(struct fleet *fleet, const struct fleet_server *server, struct view *view)
{
	struct published *published = &fleet->published;
	size_t at = find_row(fleet, view->key);

	if (!is_row_of(published, at, view->key)) {
		published->rows = mem_make_room(published->rows, published->n, &published->room,
						sizeof *published->rows);
		assert(at <= published->n && published->n < published->room);
		memmove(published->rows + at + 1, published->rows + at,
			(published->n - at) * sizeof *published->rows);
		published->rows[at] = (struct fleet_row){ .view = NULL };
		published->n++;
		published->membership++;
	}
	struct fleet_row *row = &published->rows[at];
	struct fleet_row before = *row;
	*row = fleet_row_of(view_ref(view));
	row->site = server ? server->site->number : before.site;
	name_row(published, row, &before);
	view_unref(before.view);
	assert(at == 0 || strcmp(published->rows[at - 1].key, row->key) < 0);
	assert(at + 1 == published->n || strcmp(row->key, published->rows[at + 1].key) < 0);
}

void fleet_row_drop(struct fleet *fleet, const char *key)
{
	struct published *published = &fleet->published;
	size_t at = find_row(fleet, key);

	if (!is_row_of(published, at, key))
		return;
	view_unref(published->rows[at].view);
	name_index_drop(&published->names, published->rows[at].name);
	published->n--;
	published->membership++;
	memmove(published->rows + at, published->rows + at + 1,
		(published->n - at) * sizeof *published->rows);
	tidy_names(published);
}

void fleet_rows_renew_adapters(struct published *published)
{
	for (size_t i = 0; i < published->n; i++)
		published->rows[i].adapters = published->rows[i].view->adapters;
}

void fleet_rows_clear(struct published *published)
{
	for (size_t i = 0; i < published->n; i++)
		view_unref(published->rows[i].view);
	free(published->rows);
	name_index_deinit(&published->names);
	published->rows = NULL;
	published->n = published->room = 0;
}

struct view *fleet_find(const struct fleet *fleet, const char *host_name)
{
	char key[SERVER_KEY_SIZE];
	size_t at = find_row(fleet, server_key(host_name, key));

	return is_row_of(&fleet->published, at, key) ? fleet->published.rows[at].view : NULL;
}

uint64_t fleet_membership(const struct fleet *fleet)
{
	return fleet->published.membership;
}

const struct fleet_row *fleet_rows(const struct fleet *fleet, size_t *n)
{
	*n = fleet->published.n;
	return fleet->published.rows;
}

const struct name_index *fleet_names(const struct fleet *fleet)
{
	return &fleet->published.names;
}

size_t fleet_count(const struct fleet *fleet)
{
	return fleet->published.n;
}

struct view *fleet_view(const struct fleet *fleet, size_t i)
{
	assert(i < fleet->published.n);
	return fleet->published.rows[i].view;
}

size_t fleet_count_sites(const struct fleet *fleet)
{
	return fleet->n_sites;
}

struct fleet_place fleet_place(const struct fleet *fleet, size_t i)
{
	assert(i < fleet->n_sites);
	return (struct fleet_place){ fleet->sites[i]->organization, fleet->sites[i]->name };
}
