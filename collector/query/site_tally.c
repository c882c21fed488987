#include "collector/query/site_tally.h"

#include <stdlib.h>

#include "proto/base/casefold.h"
#include "proto/json/write.h"

int site_tally_compare(const struct site_tally *a, const struct site_tally *b)
{
	int order = casefold_compare(a->organization, b->organization);

	return order ? order : casefold_compare(a->site, b->site);
}

static int compare(const void *a, const void *b)
{
	return site_tally_compare(a, b);
}

/* Neighbours of one site become one; those without a server go. */
static size_t join(struct site_tally *tallies, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (tallies[i].tally.n == 0)
			continue;
		if (kept > 0 && site_tally_compare(&tallies[kept - 1], &tallies[i]) == 0) {
			struct server_tally *into = &tallies[kept - 1].tally;
			for (size_t v = 0; v < VERDICT_COUNT; v++)
				into->by_verdict[v] += tallies[i].tally.by_verdict[v];
			into->n += tallies[i].tally.n;
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

const struct site_tally *site_tally_find(const struct site_tally *tallies, size_t n,
					 const char *organization, const char *site)
{
	const struct site_tally wanted = { .organization = organization, .site = site };

	for (size_t i = 0; i < n; i++) {
		if (site_tally_compare(&tallies[i], &wanted) == 0)
			return &tallies[i];
	}
	return NULL;
}

void server_tally_add_to_trend(const struct server_tally *tally, struct record_trend *row)
{
	for (size_t i = 0; i < VERDICT_COUNT; i++)
		row->by_verdict[i] += (int64_t)tally->by_verdict[i];
	row->total += (int64_t)tally->n;
	row->not_monitored += (int64_t)tally->not_monitored;
	row->silent += (int64_t)tally->silent;
}

void server_tally_write(const struct server_tally *tally, struct buffer *out)
{
	json_open_object(out, "counts");
	json_put_integer(out, "total", (int64_t)tally->n);
	for (size_t i = 0; i < VERDICT_COUNT; i++)
		json_put_integer(out, verdict_name((enum verdict)i), (int64_t)tally->by_verdict[i]);
	json_put_integer(out, "not_monitored", (int64_t)tally->not_monitored);
	json_put_integer(out, "silent", (int64_t)tally->silent);
	json_close_object(out);
}

void site_tally_write(const struct site_tally *tally, const struct remarks *remarks,
		      struct buffer *out)
{
	struct remark_pair pair = remarks_of_site(remarks, tally->organization, tally->site);

	json_open_object(out, NULL);
	json_put_text(out, "organization", tally->organization);
	json_put_text(out, "site", tally->site);
	server_tally_write(&tally->tally, out);
	remark_pair_write(&pair, out);
	json_close_object(out);
}
