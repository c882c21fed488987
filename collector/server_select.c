#include "collector/server_select.h"

#include <stdlib.h>
#include <string.h>

#include "proto/text.h"
#include "proto/version.h"

void server_tally_add(struct server_tally *tally, const struct fleet_row *row)
{
	tally->by_verdict[row->verdict]++;
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
	int64_t *ranks;             /* by number of the site */
	size_t n;
};

struct numbered {
	struct fleet_place place;
	size_t number;
};

static int compare_places(const struct fleet_place *a, const struct fleet_place *b)
{
	int order = text_compare(a->organization, b->organization);
	return order ? order : text_compare(a->site, b->site);
}

static int compare_numbered(const void *a, const void *b)
{
	const struct numbered *left = a;
	const struct numbered *right = b;
	return compare_places(&left->place, &right->place);
}

static void order_sites(struct site_order *out, const struct fleet *fleet, struct arena *arena)
{
	size_t n = fleet_count_sites(fleet);
	struct numbered *sorted = arena_alloc_array(arena, n, sizeof *sorted);

	*out = (struct site_order){ .n = n };
	out->places = arena_alloc_array(arena, n, sizeof *out->places);
	out->ranks = arena_alloc_array(arena, n, sizeof *out->ranks);
	for (size_t i = 0; i < n; i++)
		sorted[i] = (struct numbered){ fleet_place(fleet, i), i };
	if (n > 0)
		qsort(sorted, n, sizeof *sorted, compare_numbered);
	for (size_t i = 0; i < n; i++) {
		out->places[i] = sorted[i].place;
		out->ranks[sorted[i].number] = 2 * (int64_t)i;
	}
}

static int64_t rank_of_place(const struct site_order *sites, const struct fleet_place *place)
{
	size_t from = 0;
	size_t to = sites->n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		if (compare_places(&sites->places[middle], place) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	bool is_there = from < sites->n && compare_places(&sites->places[from], place) == 0;
	return 2 * (int64_t)from - !is_there;
}

static struct fleet_place place_of_view(const struct view *view)
{
	return (struct fleet_place){ view->organization ? view->organization : "",
				     view->site ? view->site : "" };
}

/* Versions compare as numbers; what is none comes last. */
static int64_t rank_of_build(const char *build)
{
	struct version version;
	uint64_t rank = 0;

	if (!build || !version_parse(build, &version))
		return INT64_MAX;
	for (size_t i = 0; i < 4; i++)
		rank = rank << 16 | version.part[i];
	return (int64_t)(rank >> 1);
}

/* The rank of a server by what its view says, in orders that no row tells. */
static int64_t rank_of_view(const struct server_filter *f, const struct view *view)
{
	switch (f->sort) {
	case SERVER_SORT_SINCE:
		return view->since_ms;
	case SERVER_SORT_REPORTED:
		return view->not_monitored ? INT64_MIN + 1 : view->reported_at_ms;
	case SERVER_SORT_BUILD:
		return rank_of_build(view->build);
	case SERVER_SORT_SITE:
	case SERVER_SORT_SERVER:
	case SERVER_SORT_VERDICT:
		break;
	}
	return 0;
}

/* Between two verdicts there is room for another one. */
static int64_t rank_of_row(const struct server_filter *f, const struct site_order *sites,
			   const struct fleet_row *row)
{
	if (f->sort == SERVER_SORT_VERDICT)
		return 2 * (int64_t)row->verdict;
	return f->sort == SERVER_SORT_SITE ? sites->ranks[row->site] : rank_of_view(f, row->view);
}

static int64_t rank_of_missing(const struct server_filter *f, const struct site_order *sites,
			       const struct view *view)
{
	struct fleet_place place = place_of_view(view);

	if (f->sort == SERVER_SORT_VERDICT)
		return 2 * (int64_t)VERDICT_UNKNOWN + 1;
	return f->sort == SERVER_SORT_SITE ? rank_of_place(sites, &place) : rank_of_view(f, view);
}

static struct item item_at(const struct server_filter *f, int64_t rank, int64_t place,
			   const struct view *view)
{
	if (f->sort == SERVER_SORT_SERVER)
		rank = place;
	return (struct item){ f->reversed ? -rank : rank, place, view };
}

/* The first row at or behind that key. */
static size_t find_row(const struct fleet_row *rows, size_t n, const char *key)
{
	size_t from = 0;
	size_t to = n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		if (strcmp(rows[middle].key, key) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

/* The place of a key among all. */
static int64_t place_of_key(const struct server_list *list, const char *key)
{
	size_t n = 0;
	const struct fleet_row *rows = fleet_rows(list->fleet, &n);
	size_t row = find_row(rows, n, key);
	size_t missing = 0;

	while (missing < list->n_missing && strcmp(list->missing[missing]->key, key) < 0)
		missing++;
	bool is_there =
		(row < n && strcmp(rows[row].key, key) == 0) ||
		(missing < list->n_missing && strcmp(list->missing[missing]->key, key) == 0);
	return 2 * (int64_t)(row + missing) - !is_there;
}

/* The first ones of those that were offered, as a heap: the last of them is on top. */
struct page {
	struct item *items;
	size_t n;
	size_t limit;
};

static void sift_down(struct page *page, size_t n)
{
	size_t at = 0;

	for (size_t child = 1; child < n; child = 2 * at + 1) {
		if (child + 1 < n && is_before(&page->items[child], &page->items[child + 1]))
			child++;
		if (!is_before(&page->items[at], &page->items[child]))
			return;
		struct item moved = page->items[at];
		page->items[at] = page->items[child];
		page->items[child] = moved;
		at = child;
	}
}

static void push(struct page *page, struct item item)
{
	size_t at = page->n++;

	for (; at > 0 && is_before(&page->items[(at - 1) / 2], &item); at = (at - 1) / 2)
		page->items[at] = page->items[(at - 1) / 2];
	page->items[at] = item;
}

static void offer(struct page *page, const struct item *item)
{
	if (page->n < page->limit) {
		push(page, *item);
	} else if (is_before(item, &page->items[0])) {
		page->items[0] = *item;
		sift_down(page, page->n);
	}
}

/* Takes the heap apart, the last one to the end. */
static void sort(struct page *page)
{
	for (size_t n = page->n; n > 1; n--) {
		struct item last = page->items[0];
		page->items[0] = page->items[n - 1];
		page->items[n - 1] = last;
		sift_down(page, n - 1);
	}
}

/* Views lie anywhere in memory: texts that are to be looked at are fetched so many rows before. */
#define AHEAD 16

static void fetch_texts(const struct view *view)
{
	__builtin_prefetch(view);
	__builtin_prefetch(view->texts);
	__builtin_prefetch(view->texts + 64);
}

/* Does a row not tell all that is asked? */
static bool looks_at_texts(const struct server_filter *f)
{
	return f->n_words > 0 || f->adapters != 0 || f->sort == SERVER_SORT_SINCE ||
	       f->sort == SERVER_SORT_REPORTED || f->sort == SERVER_SORT_BUILD;
}

static struct server_cursor cursor_at(const struct server_filter *f, const struct item *item)
{
	struct server_cursor cursor = { .key = item->view->key, .organization = "", .site = "" };

	if (f->sort == SERVER_SORT_SITE) {
		struct fleet_place place = place_of_view(item->view);
		cursor.organization = place.organization;
		cursor.site = place.site;
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

/* One pass over all, in the order of keys. */
struct pass {
	const struct server_filter *filter;
	const struct server_site_answer *answers;
	struct site_order sites;
	struct item begin;
	struct page page;
	struct server_page *out;
	size_t n_missing; /* of those that are behind */
	int64_t place;    /* of the next one */
};

static void match(struct pass *pass, int64_t rank, const struct view *view)
{
	struct item item = item_at(pass->filter, rank, pass->place, view);

	pass->out->n_matched++;
	if (is_before(&pass->begin, &item))
		offer(&pass->page, &item);
}

/* Those of the missing that come before `key`; NULL: all that are left. */
static void pass_missing(struct pass *pass, const struct server_list *list, const char *key)
{
	while (pass->n_missing < list->n_missing) {
		const struct view *view = list->missing[pass->n_missing];
		if (key && strcmp(view->key, key) > 0)
			return;
		if (server_filter_matches_missing(pass->filter, view))
			match(pass, rank_of_missing(pass->filter, &pass->sites, view), view);
		pass->place += 2;
		pass->n_missing++;
	}
}

static void pass_all(struct pass *pass, const struct server_list *list)
{
	size_t n = 0;
	const struct fleet_row *rows = fleet_rows(list->fleet, &n);
	bool far = looks_at_texts(pass->filter);

	for (size_t i = 0; i < n; i++) {
		const struct fleet_row *row = &rows[i];
		if (far && i + AHEAD < n)
			fetch_texts(rows[i + AHEAD].view);
		if (pass->n_missing < list->n_missing)
			pass_missing(pass, list, row->key);
		server_tally_add(&pass->out->tally, row);
		if (server_filter_matches(pass->filter, &pass->answers[row->site], row))
			match(pass, rank_of_row(pass->filter, &pass->sites, row), row->view);
		pass->place += 2;
	}
	pass_missing(pass, list, NULL);
}

static void fill(struct server_page *out, const struct server_filter *f, struct page *page,
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
	size_t n = fleet_count(list->fleet) + list->n_missing;
	struct pass pass = { .filter = f, .out = out };

	*out = (struct server_page){ .tally.not_monitored = list->n_missing };
	pass.answers = server_filter_ask_sites(f, list->fleet, arena);
	if (f->sort == SERVER_SORT_SITE)
		order_sites(&pass.sites, list->fleet, arena);
	pass.begin = begin_of(f, &pass.sites, list);
	pass.page.limit = f->limit < n ? f->limit + 1 : n;
	pass.page.items = arena_alloc_array(arena, pass.page.limit, sizeof *pass.page.items);
	pass_all(&pass, list);
	fill(out, f, &pass.page, arena);
}
