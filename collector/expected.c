#include "collector/expected.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "proto/mem.h"

struct expected {
	struct store *store;
	bool is_loaded;
	int64_t version;     /* of what is loaded */
	uint64_t membership; /* of the fleet, when `missing` was made */
	struct view **all;   /* by key; references */
	size_t n_all;
	size_t room;
	struct view **missing; /* borrowed from `all`; room as that */
	size_t n_missing;
};

struct expected *expected_new(struct store *store)
{
	struct expected *expected = mem_alloc(sizeof *expected);

	expected->store = store;
	return expected;
}

static void clear(struct expected *e)
{
	for (size_t i = 0; i < e->n_all; i++)
		view_unref(e->all[i]);
	e->n_all = e->n_missing = 0;
	e->is_loaded = false;
}

void expected_free(struct expected *e)
{
	if (!e)
		return;
	clear(e);
	free(e->all);
	free(e->missing);
	free(e);
}

static enum status add(void *user, const struct record_expected *row)
{
	struct expected *e = user;

	if (e->n_all == e->room) {
		e->room = e->room ? e->room * 2 : 64;
		e->all = mem_realloc(e->all, e->room * sizeof(struct view *));
		e->missing = mem_realloc(e->missing, e->room * sizeof(struct view *));
	}
	e->all[e->n_all++] = view_make_expected(row);
	return STATUS_OK;
}

static enum status load(struct expected *e, int64_t version, char error[STORE_ERROR_SIZE])
{
	clear(e);
	enum status status = store_read_expected(e->store, add, e, error);
	if (status != STATUS_OK) {
		clear(e);
		return status;
	}
	e->version = version;
	e->is_loaded = true;
	return STATUS_OK;
}

/* Both lists are in the order of keys. */
static void compare(struct expected *e, const struct fleet *fleet)
{
	size_t n_rows = 0;
	const struct fleet_row *rows = fleet_rows(fleet, &n_rows);
	size_t at = 0;

	e->n_missing = 0;
	for (size_t i = 0; i < e->n_all; i++) {
		while (at < n_rows && strcmp(rows[at].key, e->all[i]->key) < 0)
			at++;
		if (at == n_rows || strcmp(rows[at].key, e->all[i]->key) != 0)
			e->missing[e->n_missing++] = e->all[i];
	}
	e->membership = fleet_membership(fleet);
}

enum status expected_missing(struct expected *e, const struct fleet *fleet,
			     struct view *const **out, size_t *n, char error[STORE_ERROR_SIZE])
{
	int64_t version = 0;

	enum status status = store_read_expected_version(e->store, &version, error);
	bool is_new = status == STATUS_OK && (!e->is_loaded || version != e->version);
	if (is_new)
		status = load(e, version, error);
	if (status != STATUS_OK)
		return status;
	if (is_new || e->membership != fleet_membership(fleet))
		compare(e, fleet);
	*out = e->missing;
	*n = e->n_missing;
	return STATUS_OK;
}
