/*
 * server_select() against the obvious way to do the same: all rows in one array, each looked at,
 * sorted by the library.
 */
#include "collector/query/server_select.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/base/mem.h"
#include "proto/base/text.h"
#include "proto/base/timestamp.h"

#define N_KNOWN   700
#define N_MISSING 300
#define N         (N_KNOWN + N_MISSING)

static const struct fleet_place known_places[] = {
	{ "", "" }, { "ACME", "HQ" }, { "ACME", "Lab" }, { "Zed", "HQ" }, { "ACME", "Empty" }
};
static const struct fleet_place missing_places[] = { { "acme", "hq" }, { "", "" }, { "Zed", "A" } };
#define N_PLACES(p) (sizeof(p) / sizeof *(p))

/* A fleet out of numbers; the texts of its views are literals or lie in the arena. */
struct stage {
	struct arena arena;
	struct view views[N];
	struct fleet_row rows[2][N];
	size_t behind[N];
	struct name_index names[2];
	struct server_list list;
	uint32_t random;
};

static uint32_t draw(struct stage *s, uint32_t below)
{
	s->random = s->random * 1664525U + 1013904223U;
	return (s->random >> 8) % below;
}

static void make_view(struct stage *s, struct view *view, size_t i, bool missing)
{
	static const char *const builds[] = { "5.5.2653.22", "5.5.2653.23", "5.5.2654.54",
					      "65535.0.0.1", "0.0.0.0",     "x",
					      NULL };
	const struct fleet_place *place =
		missing ? &missing_places[draw(s, N_PLACES(missing_places))]
			: &known_places[draw(s, N_PLACES(known_places) - 1)];

	*view = (struct view){
		.key = arena_printf(&s->arena, "s%04zu", i),
		.server = arena_printf(&s->arena, "S%04zu", i),
		.organization = place->organization,
		.site = place->site,
		.build = missing ? NULL : builds[draw(s, N_PLACES(builds))],
		.verdict = missing ? VERDICT_UNKNOWN : (enum verdict)draw(s, VERDICT_COUNT),
		.not_monitored = missing,
		.silent = !missing && draw(s, 2),
		.adapters = missing ? 0 : (uint8_t)draw(s, 32),
		.since_ms = 1000 + draw(s, 40),
		.reported_at_ms = missing ? TIMESTAMP_NONE : 1000 + (int64_t)draw(s, 40),
	};
	view->exchange_server =
		draw(s, 4) ? view->server : arena_printf(&s->arena, "MAIL%u", draw(s, 99));
}

static uint32_t find_place(const struct fleet_place *places, const struct view *view)
{
	uint32_t i = 0;

	while (places[i].site != view->site || places[i].organization != view->organization)
		i++;
	return i;
}

static void add(struct stage *s, struct view *view)
{
	struct server_table *table = view->not_monitored ? &s->list.missing : &s->list.known;
	struct name_index *names = &s->names[view->not_monitored];
	struct fleet_row *row = &s->rows[view->not_monitored][table->n];

	*row = fleet_row_of(view);
	row->site = find_place(table->places, view);
	row->name = name_index_add(names, view->server, view->exchange_server);
	if (view->not_monitored)
		s->behind[table->n] = s->list.known.n;
	table->n++;
}

static int set_up(void **state)
{
	struct stage *s = mem_alloc(sizeof *s);
	size_t missing = 0;

	arena_init(&s->arena);
	s->list.known = (struct server_table){ s->rows[0], 0, &s->names[0], known_places,
					       N_PLACES(known_places) };
	s->list.missing = (struct server_table){ s->rows[1], 0, &s->names[1], missing_places,
						 N_PLACES(missing_places) };
	s->list.behind = s->behind;
	for (size_t i = 0; i < N; i++) {
		bool is_missing = draw(s, N) < N_MISSING || N - i <= N_MISSING - missing;
		is_missing = is_missing && missing < N_MISSING;
		missing += is_missing;
		make_view(s, &s->views[i], i, is_missing);
		add(s, &s->views[i]);
	}
	assert_int_equal(s->list.missing.n, N_MISSING);
	*state = s;
	return 0;
}

static int tear_down(void **state)
{
	struct stage *s = *state;

	name_index_deinit(&s->names[0]);
	name_index_deinit(&s->names[1]);
	arena_deinit(&s->arena);
	free(s);
	return 0;
}

/* The obvious way. */

static bool has(const char *text, const char *word)
{
	for (; *text; text++) {
		if (text_has_prefix(text, word))
			return true;
	}
	return false;
}

static bool is_wanted(const struct server_filter *f, const struct view *v)
{
	bool site = f->n_sites == 0;

	for (size_t i = 0; i < f->n_words; i++) {
		if (*f->words[i] && !has(v->server, f->words[i]) && !has(v->site, f->words[i]) &&
		    !has(v->exchange_server, f->words[i]) && !has(v->organization, f->words[i]))
			return false;
	}
	for (size_t i = 0; i < f->n_sites; i++)
		site |= text_equal(v->site, f->sites[i]);
	return site && (f->any_silent || f->silent[v->silent]) &&
	       (f->adapters == 0 || (f->adapters & v->adapters)) &&
	       (f->any_verdict || (v->not_monitored ? f->not_monitored : f->verdicts[v->verdict]));
}

static enum server_sort order;
static bool is_reversed;

static int64_t part(const char *build, int n)
{
	for (; n > 0 && build; n--)
		build = strchr(build, '.') ? strchr(build, '.') + 1 : NULL;
	return build && *build != 'x' ? strtoll(build, NULL, 10) : INT64_MAX;
}

static int compare_numbers(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_builds(const struct view *a, const struct view *b)
{
	int result = 0;

	for (int i = 0; i < 4 && result == 0; i++)
		result = compare_numbers(part(a->build, i), part(b->build, i));
	return result;
}

static int compare_in_order(const struct view *a, const struct view *b)
{
	int result;

	switch (order) {
	case SERVER_SORT_VERDICT:
		return compare_numbers(2 * (int)a->verdict + a->not_monitored,
				       2 * (int)b->verdict + b->not_monitored);
	case SERVER_SORT_SITE:
		result = text_compare(a->organization, b->organization);
		return result ? result : text_compare(a->site, b->site);
	case SERVER_SORT_SINCE:
		return compare_numbers(a->since_ms, b->since_ms);
	case SERVER_SORT_REPORTED:
		return compare_numbers(a->reported_at_ms, b->reported_at_ms);
	case SERVER_SORT_BUILD:
		return compare_builds(a, b);
	case SERVER_SORT_SERVER:
		break;
	}
	return strcmp(a->key, b->key);
}

static int compare(const void *left, const void *right)
{
	const struct view *a = *(const struct view *const *)left;
	const struct view *b = *(const struct view *const *)right;
	int result = compare_in_order(a, b);

	if (is_reversed)
		result = -result;
	return result ? result : strcmp(a->key, b->key);
}

static size_t select_plainly(const struct stage *s, const struct server_filter *f,
			     const struct view **out)
{
	size_t n = 0;

	for (size_t i = 0; i < N; i++) {
		if (is_wanted(f, &s->views[i]))
			out[n++] = &s->views[i];
	}
	order = f->sort;
	is_reversed = f->reversed;
	qsort(out, n, sizeof(const struct view *), compare);
	return n;
}

/* Page by page the same, by the texts that a client would send. */
static void check(struct stage *s, const char *query)
{
	const struct view *wanted[N];
	struct server_filter f;
	struct server_page page = { .more = true };
	size_t at = 0;

	assert_null(server_filter_read(query, &s->arena, &f));
	size_t n = select_plainly(s, &f, wanted);
	while (page.more) {
		server_select(&f, &s->list, &s->arena, &page);
		assert_int_equal(page.n_matched, n);
		assert_int_equal(page.tally.not_monitored, N_MISSING);
		assert_int_equal(page.n, n - at < f.limit ? n - at : f.limit);
		for (size_t i = 0; i < page.n; i++)
			assert_string_equal(page.views[i]->key, wanted[at++]->key);
		assert_int_equal(page.more, at < n);
		if (!page.more)
			return;
		struct buffer next;
		buffer_init(&next);
		buffer_add_text(&next, query);
		query_string_add(&next, "cursor", server_cursor_write(&f, &page.next, &s->arena));
		assert_null(server_filter_read(next.bytes, &s->arena, &f));
		buffer_deinit(&next);
	}
}

static void every_order_and_limit_gives_what_sorting_gives(void **state)
{
	static const char *const sorts[] = { "verdict", "server",      "site",
					     "since",   "reported_at", "build" };
	static const unsigned limits[] = { 7, 100, 499, 500, 501, 999, 1000 };
	struct stage *s = *state;

	for (size_t i = 0; i < N_PLACES(sorts) * N_PLACES(limits) * 2; i++) {
		char query[64];
		snprintf(query, sizeof query, "limit=%u&sort=%s%s",
			 limits[i / 2 % N_PLACES(limits)], i % 2 ? "-" : "",
			 sorts[i / 2 / N_PLACES(limits)]);
		check(s, query);
	}
}

static void every_filter_gives_what_looking_at_each_gives(void **state)
{
	static const char *const filters[] = {
		"q=",
		"q=S00",
		"q=mail1",
		"q=00&q=7&q=s",
		"q=hq&q=9",
		"q=acme&q=l",
		"q=nowhere",
		"q=1&q=2&q=3&q=4",
		"site=hq",
		"site=hq&q=9",
		"site=&site=lab",
		"verdict=not_monitored",
		"verdict=clear",
		"silent=true&q=1",
		"adapter=isolated",
		"verdict=exposed&q=mail",
		"verdict=unknown&verdict=not_monitored&sort=-build&q=0"
	};
	struct stage *s = *state;

	check(s, "site=lab&limit=1");
	for (size_t i = 0; i < N_PLACES(filters); i++) {
		char query[128];
		snprintf(query, sizeof query, "%s&limit=17", filters[i]);
		check(s, query);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_order_and_limit_gives_what_sorting_gives,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(every_filter_gives_what_looking_at_each_gives,
						set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
