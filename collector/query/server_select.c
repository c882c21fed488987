#include "collector/query/server_select.h"

#include <stddef.h>
#include <stdlib.h>

#include "collector/base/lower_bound.h"
#include "proto/base/casefold.h"

/* A server that was well when it was last heard of may be anything now. */
static bool is_stale(const struct fleet_row *row)
{
	return row->silent && row->verdict > VERDICT_UNKNOWN;
}

void server_tally_add(struct server_tally *tally, const struct fleet_row *row)
{
	tally->n++;
	tally->not_monitored += row->not_monitored;
	tally->by_verdict[row->verdict] += !row->not_monitored && !is_stale(row);
	tally->silent += row->silent;
}

/*
 * Where a server stands: by rank, then by its place among the keys of all, which is even; odd
 * places are between them, for cursors of servers that have gone.
 */
struct item {
	int64_t rank;
	int64_t place;
	const struct view *view;
};

static bool is_before(const struct item *a, const struct item *b)
{
	return a->rank != b->rank ? a->rank < b->rank : a->place < b->place;
}

/* The sites by their names; of each its rank, which is even as well. */
struct site_order {
	struct fleet_place *places; /* sorted */
	size_t n;
	int64_t *known; /* by number of the site */
	int64_t *missing;
};

struct numbered {
	struct fleet_place place;
	size_t number;
};

static int compare_places(const void *left, const void *right)
{
	const struct fleet_place *a = left;
	const struct fleet_place *b = right;
	int order = casefold_compare(a->organization, b->organization);
	return order ? order : casefold_compare(a->site, b->site);
}

static int compare_numbered(const void *a, const void *b)
{
	const struct numbered *left = a;
	const struct numbered *right = b;
	return compare_places(&left->place, &right->place);
}

/* Numbers them, and those that are equal with the same number. */
static void rank_places(struct site_order *out, const struct numbered *sorted, size_t n_known)
{
	int64_t rank = 0;

	for (size_t i = 0; i < out->n; i++) {
		if (i > 0 && compare_numbered(&sorted[i - 1], &sorted[i]) != 0)
			rank = 2 * (int64_t)i;
		out->places[i] = sorted[i].place;
		if (sorted[i].number < n_known)
			out->known[sorted[i].number] = rank;
		else
			out->missing[sorted[i].number - n_known] = rank;
	}
}

static void order_sites(struct site_order *out, const struct server_list *list, struct arena *arena)
{
	size_t n_known = list->known.n_places;
	size_t n = n_known + list->missing.n_places;
	struct numbered *sorted = arena_alloc_array(arena, n, sizeof *sorted);

	*out = (struct site_order){ .n = n };
	out->places = arena_alloc_array(arena, n, sizeof *out->places);
	out->known = arena_alloc_array(arena, n_known, sizeof *out->known);
	out->missing = arena_alloc_array(arena, n - n_known, sizeof *out->missing);
	for (size_t i = 0; i < n_known; i++)
		sorted[i] = (struct numbered){ list->known.places[i], i };
	for (size_t i = n_known; i < n; i++)
		sorted[i] = (struct numbered){ list->missing.places[i - n_known], i };
	if (n > 0)
		qsort(sorted, n, sizeof *sorted, compare_numbered);
	rank_places(out, sorted, n_known);
}

static int64_t rank_of_place(const struct site_order *sites, const struct fleet_place *place)
{
	size_t at = lower_bound(sites->places, sites->n, sizeof *place, place, compare_places);
	bool is_there = at < sites->n && compare_places(&sites->places[at], place) == 0;

	return 2 * (int64_t)at - !is_there;
}

/* INT64_MIN is no rank, for it has no opposite. */
static int64_t signed_rank(uint64_t rank)
{
	return rank == 0 ? INT64_MIN + 1 : (int64_t)(rank - (UINT64_C(1) << 63));
}

static int64_t rank_of_row(const struct server_filter *f, const int64_t *sites,
			   const struct fleet_row *row)
{
	switch (f->sort) {
	case SERVER_SORT_VERDICT: /* between two verdicts there is room for another one */
		return 2 * (int64_t)row->verdict + row->not_monitored;
	case SERVER_SORT_SITE:
		return sites[row->site];
	case SERVER_SORT_SINCE:
		return row->since_ms;
	case SERVER_SORT_REPORTED:
		return row->not_monitored ? INT64_MIN + 1 : row->reported_at_ms;
	case SERVER_SORT_BUILD:
		return signed_rank(row->build);
	case SERVER_SORT_SERVER:
		break; /* that is its place */
	}
	return 0;
}

static struct item item_at(const struct server_filter *f, int64_t rank, int64_t place,
			   const struct view *view)
{
	if (f->sort == SERVER_SORT_SERVER)
		rank = place;
	return (struct item){ f->reversed ? -rank : rank, place, view };
}

/* The place of a key among all. */
static int64_t place_of_key(const struct server_list *list, const char *key)
{
	size_t place =
		server_table_place(&list->known, key) + server_table_place(&list->missing, key);
	bool is_there =
		server_table_find(&list->known, key) || server_table_find(&list->missing, key);

	return 2 * (int64_t)place - !is_there;
}

/*
 * The first ones of those that were offered. Up to as many more gather behind them before the last
 * ones are thrown out: whatever the order in which they come, one costs a few comparisons.
 */
struct page {
	struct item *items; /* room for twice the limit */
	size_t n;
	size_t limit;
	bool is_full; /* the first `limit` were found before; `last` is the last of them */
	struct item last;
};

static void swap(struct item *a, struct item *b)
{
	struct item kept = *a;

	*a = *b;
	*b = kept;
}

/* Moves items so that the one that belongs at `wanted` is there and no later one is before it. */
static void partition_at(struct item *items, ptrdiff_t n, ptrdiff_t wanted)
{
	ptrdiff_t from = 0;
	ptrdiff_t to = n - 1;

	while (from < to) {
		struct item pivot = items[from + (to - from) / 2];
		ptrdiff_t left = from;
		ptrdiff_t right = to;
		while (left <= right) {
			while (is_before(&items[left], &pivot))
				left++;
			while (is_before(&pivot, &items[right]))
				right--;
			if (left <= right)
				swap(&items[left++], &items[right--]);
		}
		if (wanted <= right)
			to = right;
		else if (wanted >= left)
			from = left;
		else
			return;
	}
}

static void cut(struct page *page)
{
	partition_at(page->items, (ptrdiff_t)page->n, (ptrdiff_t)page->limit - 1);
	page->n = page->limit;
	page->last = page->items[page->limit - 1];
	page->is_full = true;
}

static void offer(struct page *page, const struct item *item)
{
	if (page->is_full && !is_before(item, &page->last))
		return;
	page->items[page->n++] = *item;
	if (page->n == 2 * page->limit)
		cut(page);
}

static int compare_items(const void *a, const void *b)
{
	return is_before(a, b) ? -1 : is_before(b, a);
}

static void sort(struct page *page)
{
	if (page->n > page->limit)
		cut(page);
	if (page->n > 0)
		qsort(page->items, page->n, sizeof *page->items, compare_items);
}

static struct server_cursor cursor_at(const struct server_filter *f, const struct item *item)
{
	struct server_cursor cursor = { .key = item->view->key, .organization = "", .site = "" };

	if (f->sort == SERVER_SORT_SITE) {
		cursor.organization = item->view->organization ? item->view->organization : "";
		cursor.site = item->view->site ? item->view->site : "";
	} else if (f->sort != SERVER_SORT_SERVER) {
		cursor.rank = f->reversed ? -item->rank : item->rank;
	}
	return cursor;
}

/* Where the page begins: behind this. */
static struct item begin_of(const struct server_filter *f, const struct site_order *sites,
			    const struct server_list *list)
{
	struct fleet_place place = { f->cursor.organization, f->cursor.site };
	int64_t rank = f->cursor.rank;

	if (!f->has_cursor)
		return (struct item){ INT64_MIN, INT64_MIN, NULL };
	if (f->sort == SERVER_SORT_SITE)
		rank = rank_of_place(sites, &place);
	if (rank == INT64_MIN) /* none of ours, and it has no opposite */
		rank++;
	return item_at(f, rank, place_of_key(list, f->cursor.key), NULL);
}

/* A pass over all rows in the order of keys. */
struct pass {
	const struct server_filter *filter;
	struct site_order sites;
	struct item begin;
	struct page page;
	struct server_page *out;
	int64_t place; /* of the next one */
};

/* The place of the pass in one table. */
struct run {
	const struct server_matcher *matcher;
	const int64_t *sites;
	const struct fleet_row *rows;
	size_t n;
	size_t at;
};

/* Goes on up to the row `end`. */
static void pass_rows(struct pass *pass, struct run *run, size_t end)
{
	for (; run->at < end; run->at++, pass->place += 2) {
		const struct fleet_row *row = &run->rows[run->at];
		server_tally_add(&pass->out->tally, row);
		if (!server_matcher_matches(run->matcher, row))
			continue;
		struct item item = item_at(pass->filter, rank_of_row(pass->filter, run->sites, row),
					   pass->place, row->view);
		pass->out->n_matched++;
		if (is_before(&pass->begin, &item))
			offer(&pass->page, &item);
	}
}

static struct run begin_run(const struct pass *pass, const struct server_table *table,
			    const int64_t *sites, struct arena *arena)
{
	return (struct run){ .matcher = server_filter_prepare(pass->filter, table, arena),
			     .sites = sites,
			     .rows = table->rows,
			     .n = table->n };
}

static void pass_all(struct pass *pass, const struct server_list *list, struct arena *arena)
{
	struct run known = begin_run(pass, &list->known, pass->sites.known, arena);
	struct run missing = begin_run(pass, &list->missing, pass->sites.missing, arena);

	for (size_t i = 0; i < missing.n; i++) {
		pass_rows(pass, &known, list->behind[i]);
		pass_rows(pass, &missing, i + 1);
	}
	pass_rows(pass, &known, known.n);
}

static void fill_page(struct server_page *out, const struct server_filter *f, struct page *page,
		      struct arena *arena)
{
	sort(page);
	out->more = page->n > f->limit;
	out->n = out->more ? f->limit : page->n;
	out->views = arena_alloc_array(arena, out->n, sizeof(struct view *));
	for (size_t i = 0; i < out->n; i++)
		out->views[i] = page->items[i].view;
	if (out->more)
		out->next = cursor_at(f, &page->items[out->n - 1]);
}

void server_select(const struct server_filter *f, const struct server_list *list,
		   struct arena *arena, struct server_page *out)
{
	size_t n = list->known.n + list->missing.n;
	struct pass pass = { .filter = f, .out = out };

	*out = (struct server_page){ .more = false };
	if (f->sort == SERVER_SORT_SITE)
		order_sites(&pass.sites, list, arena);
	pass.begin = begin_of(f, &pass.sites, list);
	pass.page.limit = f->limit < n ? f->limit + 1 : n;
	pass.page.items = arena_alloc_array(arena, 2 * pass.page.limit, sizeof(struct item));
	pass_all(&pass, list, arena);
	fill_page(out, f, &pass.page, arena);
}
