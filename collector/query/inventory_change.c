#include "collector/query/inventory_change.h"

#include <string.h>

/* Names that a text shows of each kind. */
#define SHOWN 20

enum status inventory_list_add(void *user, const struct record_expected *row)
{
	struct inventory_list *list = user;

	list->rows =
		arena_make_room(list->arena, list->rows, list->n, &list->room, sizeof *list->rows);
	list->rows[list->n++] = (struct record_expected){
		.key = arena_strdup(list->arena, row->key),
		.server = arena_strdup(list->arena, row->server),
		.organization = arena_strdup(list->arena, row->organization),
		.site = arena_strdup(list->arena, row->site),
		.since_ms = row->since_ms,
	};
	return STATUS_OK;
}

const struct record_expected *inventory_list_find(const struct inventory_list *list,
						  const char *key)
{
	for (size_t i = 0; i < list->n; i++) {
		if (strcmp(list->rows[i].key, key) == 0)
			return &list->rows[i];
	}
	return NULL;
}

static void carry_over(const struct record_expected *before, struct record_expected *after,
		       struct inventory_change *out)
{
	after->since_ms = before->since_ms;
	out->n_altered += strcmp(before->server, after->server) != 0 ||
			  strcmp(before->organization, after->organization) != 0 ||
			  strcmp(before->site, after->site) != 0;
}

void inventory_change_find(const struct inventory_list *before, struct record_expected *after,
			   size_t n, struct arena *arena, struct inventory_change *out)
{
	size_t i = 0;
	size_t j = 0;

	*out = (struct inventory_change){ .n_before = before->n, .n_after = n };
	out->added = arena_alloc_array(arena, n, sizeof(struct record_expected *));
	out->dropped = arena_alloc_array(arena, before->n, sizeof(struct record_expected *));
	while (i < before->n || j < n) {
		int order = i == before->n ? 1
			    : j == n       ? -1
					   : strcmp(before->rows[i].key, after[j].key);
		if (order < 0)
			out->dropped[out->n_dropped++] = &before->rows[i++];
		else if (order > 0)
			out->added[out->n_added++] = &after[j++];
		else
			carry_over(&before->rows[i++], &after[j++], out);
	}
}

bool inventory_change_is_none(const struct inventory_change *change)
{
	return change->n_added == 0 && change->n_dropped == 0 && change->n_altered == 0;
}

bool inventory_change_needs_consent(const struct inventory_change *change)
{
	return change->n_after == 0 || change->n_dropped > change->n_before / 2;
}

/* "2 (EXCH4, EXCH5)" */
static const char *name_some(const struct record_expected *const *rows, size_t n,
			     struct arena *arena)
{
	const char *text = arena_printf(arena, "%zu", n);

	for (size_t i = 0; i < n && i < SHOWN; i++)
		text = arena_printf(arena, "%s%s%s", text, i ? ", " : " (", rows[i]->server);
	if (n > SHOWN)
		text = arena_printf(arena, "%s and %zu more", text, n - SHOWN);
	return n > 0 ? arena_printf(arena, "%s)", text) : text;
}

const char *inventory_change_text(const struct inventory_change *change, struct arena *arena)
{
	return arena_printf(arena, "adds %s, drops %s, changes %zu, %zu stay as they are",
			    name_some(change->added, change->n_added, arena),
			    name_some(change->dropped, change->n_dropped, arena), change->n_altered,
			    change->n_after - change->n_added - change->n_altered);
}
