#include "collector/query/owner_tally.h"

#include <stdlib.h>
#include <string.h>

#include "collector/base/text_map.h"
#include "proto/base/casefold.h"

struct counted {
	struct owner_count count;
	struct counted *next;
};

struct counting {
	struct arena *arena;
	const struct remarks *remarks;
	struct text_map by_name; /* folded: of struct counted */
	struct counted *first;
	size_t without;
};

/* NULL is nobody. */
static void count_servers(struct counting *c, const char *owner, size_t n)
{
	if (n == 0)
		return;
	if (!owner) {
		c->without += n;
		return;
	}
	char *folded = arena_alloc(c->arena, strlen(owner) + 1);
	casefold_copy(folded, owner);
	struct counted *counted = text_map_get(&c->by_name, folded);
	if (!counted) {
		counted = arena_alloc(c->arena, sizeof *counted);
		*counted = (struct counted){ { owner, 0 }, c->first };
		c->first = counted;
		text_map_add(&c->by_name, folded, counted);
	}
	counted->count.servers += n;
}

/* Servers without an owner of their own are counted by site, for those are few. */
static void count_table(struct counting *c, const struct server_table *table)
{
	size_t *by_site = arena_alloc_array(c->arena, table->n_places, sizeof *by_site);

	for (size_t i = 0; i < table->n; i++) {
		const struct record_remark *own = remarks_find(c->remarks, table->rows[i].key);
		if (own && *own->owner)
			count_servers(c, own->owner, 1);
		else
			by_site[table->rows[i].site]++;
	}
	for (size_t i = 0; i < table->n_places; i++) {
		struct remark_pair pair = remarks_of_site(c->remarks, table->places[i].organization,
							  table->places[i].site);
		count_servers(c, pair.owner.text, by_site[i]);
	}
}

static int compare(const void *a, const void *b)
{
	const struct owner_count *left = a;
	const struct owner_count *right = b;

	return casefold_compare(left->name, right->name);
}

void owner_tally_make(const struct server_list *list, const struct remarks *remarks,
		      struct arena *arena, struct owner_tally *out)
{
	struct counting c = { .arena = arena, .remarks = remarks };

	count_table(&c, &list->known);
	count_table(&c, &list->missing);
	*out = (struct owner_tally){ .without = c.without };
	out->owners = arena_alloc_array(arena, c.by_name.n, sizeof *out->owners);
	for (const struct counted *one = c.first; one; one = one->next)
		out->owners[out->n++] = one->count;
	text_map_deinit(&c.by_name);
	if (out->n > 0)
		qsort(out->owners, out->n, sizeof *out->owners, compare);
}
