#include "collector/query/site_tally.h"

#include <stdlib.h>

#include "collector/base/json_add.h"
#include "proto/base/casefold.h"

int site_tally_compare(const struct site_tally *a, const struct site_tally *b)
{
	int order = casefold_compare(a->organization, b->organization);

	return order ? order : casefold_compare(a->site, b->site);
}

static int compare(const void *a, const void *b)
{
	return site_tally_compare(a, b);
}

static size_t count(const struct server_tally *tally)
{
	size_t n = tally->not_monitored;

	for (size_t i = 0; i < VERDICT_COUNT; i++)
		n += tally->by_verdict[i];
	return n;
}

/* Neighbours of one site become one; those without a server go. */
static size_t join(struct site_tally *tallies, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (count(&tallies[i].tally) == 0)
			continue;
		if (kept > 0 && site_tally_compare(&tallies[kept - 1], &tallies[i]) == 0) {
			struct server_tally *into = &tallies[kept - 1].tally;
			for (size_t v = 0; v < VERDICT_COUNT; v++)
				into->by_verdict[v] += tallies[i].tally.by_verdict[v];
			into->not_monitored += tallies[i].tally.not_monitored;
			into->silent += tallies[i].tally.silent;
		} else {
			tallies[kept++] = tallies[i];
		}
	}
	return kept;
}

/* A tally for each place of a table. */
static void count_table(const struct server_table *table, struct site_tally *out)
{
	for (size_t i = 0; i < table->n_places; i++)
		out[i] = (struct site_tally){ table->places[i].organization,
					      table->places[i].site,
					      { .silent = 0 } };
	for (size_t i = 0; i < table->n; i++)
		server_tally_add(&out[table->rows[i].site].tally, &table->rows[i]);
}

void site_tally_make(const struct server_list *list, struct arena *arena, struct site_tally **out,
		     size_t *n)
{
	size_t room = list->known.n_places + list->missing.n_places;
	struct site_tally *tallies = arena_alloc_array(arena, room, sizeof *tallies);

	count_table(&list->known, tallies);
	count_table(&list->missing, tallies + list->known.n_places);
	if (room > 0)
		qsort(tallies, room, sizeof *tallies, compare);
	*n = join(tallies, room);
	*out = tallies;
}

void server_tally_write(const struct server_tally *tally, struct buffer *out)
{
	buffer_add_text(out, "\"counts\":{");
	for (size_t i = 0; i < VERDICT_COUNT; i++)
		buffer_printf(out, "\"%s\":%zu,", verdict_name((enum verdict)i),
			      tally->by_verdict[i]);
	buffer_printf(out, "\"not_monitored\":%zu,\"silent\":%zu}", tally->not_monitored,
		      tally->silent);
}

void site_tally_write(const struct site_tally *tally, struct buffer *out)
{
	buffer_add_text(out, "{\"organization\":");
	json_add_string(out, tally->organization);
	buffer_add_text(out, ",\"site\":");
	json_add_string(out, tally->site);
	buffer_add_char(out, ',');
	server_tally_write(&tally->tally, out);
	buffer_add_char(out, '}');
}
