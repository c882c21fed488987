#include "collector/server_filter.h"

#include <string.h>

#include "proto/text.h"

static bool get_limit(const char *text, size_t *out)
{
	size_t value = 0;
	if (*text == '\0')
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		value = value * 10 + (size_t)(*text - '0');
		if (value > SERVER_FILTER_MAX_LIMIT)
			return false;
	}
	*out = value;
	return value > 0;
}

static bool get_bool(const char *text, bool *out)
{
	*out = strcmp(text, "true") == 0;
	return *out || strcmp(text, "false") == 0;
}

/* NULL, or what is wrong with the pair. */
static const char *add_pair(struct server_filter *f, const struct query_pair *pair)
{
	enum verdict verdict;
	bool silent;

	if (strcmp(pair->key, "verdict") == 0 && strcmp(pair->value, "not_monitored") == 0) {
		f->not_monitored = true;
		f->any_verdict = false;
	} else if (strcmp(pair->key, "verdict") == 0) {
		if (!verdict_from_name(pair->value, &verdict))
			return "is not a verdict";
		f->verdicts[verdict] = true;
		f->any_verdict = false;
	} else if (strcmp(pair->key, "silent") == 0) {
		if (!get_bool(pair->value, &silent))
			return "is neither true nor false";
		f->silent[silent] = true;
		f->any_silent = false;
	} else if (strcmp(pair->key, "site") == 0) {
		f->sites[f->n_sites++] = pair->value;
	} else if (strcmp(pair->key, "q") == 0) {
		f->words[f->n_words++] = pair->value;
	} else if (strcmp(pair->key, "limit") == 0) {
		if (!get_limit(pair->value, &f->limit))
			return "is not a number from 1 to 10000";
	} else {
		return "is not a key of this query";
	}
	return NULL;
}

const char *server_filter_read(const char *text, struct arena *arena, struct server_filter *out)
{
	struct query query;

	*out = (struct server_filter){ .any_verdict = true,
				       .any_silent = true,
				       .limit = SERVER_FILTER_DEFAULT_LIMIT };
	if (query_read(text, arena, &query) != STATUS_OK)
		return "The query is not percent-encoded as it should be, or has too many keys.";
	for (size_t i = 0; i < query.n; i++) {
		const char *wrong = add_pair(out, &query.pairs[i]);
		if (wrong)
			return arena_printf(arena, "%s: \"%s\" %s.", query.pairs[i].key,
					    query.pairs[i].value, wrong);
	}
	return NULL;
}

/* Is `word` somewhere in `text`, without ASCII case? */
static bool contains(const char *text, const char *word)
{
	char first[2] = { text_lower(*word), *word };

	if (first[0] >= 'a' && first[0] <= 'z')
		first[1] = (char)(first[0] - 'a' + 'A');
	for (; text && *text; text++) {
		if ((*text == first[0] || *text == first[1]) && text_has_prefix(text, word))
			return true;
	}
	return false;
}

/* What the filter says of a site, asked once for all servers of it. */
struct site_answer {
	bool is_wanted;
	uint64_t words; /* those that the site's names hold, a bit each */
};

_Static_assert(QUERY_MAX_PAIRS <= 64, "a word has a bit");

static struct site_answer *ask_sites(const struct server_filter *f, const struct fleet *fleet,
				     struct arena *arena)
{
	size_t n = fleet_count_sites(fleet);
	struct site_answer *answers = arena_alloc_array(arena, n, sizeof *answers);

	for (size_t i = 0; i < n; i++) {
		struct fleet_place place = fleet_place(fleet, i);
		answers[i].is_wanted = f->n_sites == 0;
		for (size_t k = 0; k < f->n_sites; k++)
			answers[i].is_wanted |= text_equal(place.site, f->sites[k]);
		for (size_t k = 0; k < f->n_words; k++) {
			if (*f->words[k] == '\0' || contains(place.site, f->words[k]) ||
			    contains(place.organization, f->words[k]))
				answers[i].words |= UINT64_C(1) << k;
		}
	}
	return answers;
}

static bool has_words(const struct server_filter *f, uint64_t found, const struct view *view)
{
	for (size_t i = 0; i < f->n_words; i++) {
		if (!(found >> i & 1) && !contains(view->server, f->words[i]) &&
		    !contains(view->exchange_server, f->words[i]))
			return false;
	}
	return true;
}

static bool matches(const struct server_filter *f, const struct site_answer *site,
		    const struct fleet_row *row)
{
	return (f->any_verdict || f->verdicts[row->verdict]) &&
	       (f->any_silent || f->silent[row->silent]) && site->is_wanted &&
	       has_words(f, site->words, row->view);
}

/* Views lie anywhere in memory: texts that are to be looked at are fetched so many rows before. */
#define AHEAD 16

static void fetch_texts(const struct view *view)
{
	__builtin_prefetch(view);
	__builtin_prefetch(view->texts);
	__builtin_prefetch(view->texts + 64);
}

static bool matches_missing(const struct server_filter *f, const struct view *view)
{
	bool site_is_wanted = f->n_sites == 0;

	for (size_t i = 0; i < f->n_sites; i++)
		site_is_wanted |= text_equal(view->site ? view->site : "", f->sites[i]);
	for (size_t i = 0; i < f->n_words; i++) {
		if (*f->words[i] && !contains(view->server, f->words[i]) &&
		    !contains(view->site, f->words[i]) &&
		    !contains(view->organization, f->words[i]))
			return false;
	}
	return (f->any_verdict || f->not_monitored) && (f->any_silent || f->silent[false]) &&
	       site_is_wanted;
}

/* Rows come by name; what matches goes to the page of its verdict, which is never overfull. */
struct pages {
	const struct view **views[VERDICT_COUNT];
	size_t n[VERDICT_COUNT];
	const struct view **missing;
	size_t n_missing;
};

static const struct view **join(const struct pages *pages, size_t limit, struct arena *arena,
				size_t *n)
{
	const struct view **page = arena_alloc_array(arena, limit, sizeof(struct view *));

	*n = 0;
	for (size_t v = 0; v < VERDICT_COUNT; v++) {
		for (size_t i = 0; i < pages->n[v] && *n < limit; i++)
			page[(*n)++] = pages->views[v][i];
		for (size_t i = 0; v == VERDICT_UNKNOWN && i < pages->n_missing && *n < limit; i++)
			page[(*n)++] = pages->missing[i];
	}
	return page;
}

static struct pages make_pages(size_t limit, struct arena *arena)
{
	struct pages pages = { .n = { 0 } };

	for (size_t v = 0; v < VERDICT_COUNT; v++)
		pages.views[v] = arena_alloc_array(arena, limit, sizeof(struct view *));
	pages.missing = arena_alloc_array(arena, limit, sizeof(struct view *));
	return pages;
}

static size_t select_rows(const struct server_filter *f, const struct fleet *fleet,
			  struct arena *arena, size_t limit, struct pages *pages,
			  struct server_tally *tally)
{
	const struct site_answer *sites = ask_sites(f, fleet, arena);
	size_t n = 0;
	const struct fleet_row *rows = fleet_rows(fleet, &n);
	size_t matched = 0;

	for (size_t i = 0; i < n; i++) {
		const struct fleet_row *row = &rows[i];
		if (f->n_words > 0 && i + AHEAD < n)
			fetch_texts(rows[i + AHEAD].view);
		tally->by_verdict[row->verdict]++;
		tally->silent += row->silent;
		if (!matches(f, &sites[row->site], row))
			continue;
		matched++;
		if (pages->n[row->verdict] < limit)
			pages->views[row->verdict][pages->n[row->verdict]++] = row->view;
	}
	return matched;
}

static size_t select_missing(const struct server_filter *f, const struct server_list *list,
			     size_t limit, struct pages *pages)
{
	size_t matched = 0;

	for (size_t i = 0; i < list->n_missing; i++) {
		if (!matches_missing(f, list->missing[i]))
			continue;
		matched++;
		if (pages->n_missing < limit)
			pages->missing[pages->n_missing++] = list->missing[i];
	}
	return matched;
}

const struct view **server_filter_select(const struct server_filter *f,
					 const struct server_list *list, struct arena *arena,
					 size_t *n_page, size_t *n_matched,
					 struct server_tally *tally)
{
	size_t n = fleet_count(list->fleet) + list->n_missing;
	size_t limit = f->limit < n ? f->limit : n;
	struct pages pages = make_pages(limit, arena);

	*tally = (struct server_tally){ .not_monitored = list->n_missing };
	*n_matched = select_rows(f, list->fleet, arena, limit, &pages, tally);
	*n_matched += select_missing(f, list, limit, &pages);
	return join(&pages, limit, arena, n_page);
}
