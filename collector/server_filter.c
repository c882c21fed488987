#include "collector/server_filter.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "proto/text.h"

static const char *const sort_names[] = {
	[SERVER_SORT_VERDICT] = "verdict",
	[SERVER_SORT_SERVER] = "server",
	[SERVER_SORT_SITE] = "site",
	[SERVER_SORT_SINCE] = "since",
	[SERVER_SORT_REPORTED] = "reported_at",
	[SERVER_SORT_BUILD] = "build",
};
#define N_SORTS (sizeof sort_names / sizeof *sort_names)

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

static bool get_sort(const char *text, enum server_sort *sort, bool *reversed)
{
	bool is_reversed = *text == '-';

	for (size_t i = 0; i < N_SORTS; i++) {
		if (strcmp(text + is_reversed, sort_names[i]) == 0) {
			*sort = (enum server_sort)i;
			*reversed = is_reversed;
			return true;
		}
	}
	return false;
}

static bool get_rank(const char *text, int64_t *out)
{
	char *end;

	if (strlen(text) > 20 || text[strspn(text, "-0123456789")] != '\0')
		return false;
	*out = strtoll(text, &end, 10);
	return *text != '\0' && *end == '\0';
}

/* A cursor is a query of its own: the order that it is of, and the place in it. */
static bool get_cursor(const char *text, struct arena *arena, struct server_filter *f)
{
	static const char *const names[] = { "by", "rank", "key", "organization", "site" };
	const char *values[sizeof names / sizeof *names];
	enum server_sort sort;
	bool reversed;
	struct query query;

	if (query_read(text, arena, &query) != STATUS_OK || query.n != sizeof names / sizeof *names)
		return false;
	for (size_t i = 0; i < query.n; i++) {
		if (strcmp(query.pairs[i].key, names[i]) != 0)
			return false;
		values[i] = query.pairs[i].value;
	}
	f->cursor = (struct server_cursor){ 0, values[2], values[3], values[4] };
	f->has_cursor = true;
	return get_sort(values[0], &sort, &reversed) && sort == f->sort &&
	       reversed == f->reversed && get_rank(values[1], &f->cursor.rank);
}

static bool get_verdict(struct server_filter *f, const char *text)
{
	enum verdict verdict;

	if (strcmp(text, "not_monitored") == 0)
		f->not_monitored = true;
	else if (verdict_from_name(text, &verdict))
		f->verdicts[verdict] = true;
	else
		return false;
	f->any_verdict = false;
	return true;
}

static bool get_silent(struct server_filter *f, const char *text)
{
	bool silent;

	if (!get_bool(text, &silent))
		return false;
	f->silent[silent] = true;
	f->any_silent = false;
	return true;
}

static bool get_adapter(struct server_filter *f, const char *text)
{
	for (int state = ADAPTER_INACTIVE; state <= ADAPTER_ISOLATED; state++) {
		if (strcmp(text, adapter_state_name((enum adapter_state)state)) == 0) {
			f->adapters |= (uint8_t)(1U << state);
			return true;
		}
	}
	return false;
}

/* NULL, or what is wrong with the pair. The cursor is read last: it has to fit the order. */
static const char *add_pair(struct server_filter *f, const struct query_pair *pair)
{
	const char *key = pair->key;
	const char *value = pair->value;

	if (strcmp(key, "verdict") == 0)
		return get_verdict(f, value) ? NULL : "is not a verdict";
	if (strcmp(key, "silent") == 0)
		return get_silent(f, value) ? NULL : "is neither true nor false";
	if (strcmp(key, "adapter") == 0)
		return get_adapter(f, value) ? NULL : "is not the state of an adapter";
	if (strcmp(key, "limit") == 0)
		return get_limit(value, &f->limit) ? NULL : "is not a number from 1 to 10000";
	if (strcmp(key, "sort") == 0)
		return get_sort(value, &f->sort, &f->reversed) ? NULL : "is not an order";
	if (strcmp(key, "site") == 0)
		f->sites[f->n_sites++] = value;
	else if (strcmp(key, "organization") == 0)
		f->organizations[f->n_organizations++] = value;
	else if (strcmp(key, "q") == 0)
		f->words[f->n_words++] = value;
	else if (strcmp(key, "cursor") != 0)
		return "is not a key of this query";
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
	for (size_t i = 0; i < query.n; i++) {
		if (strcmp(query.pairs[i].key, "cursor") == 0 &&
		    !get_cursor(query.pairs[i].value, arena, out))
			return "cursor: it is none that a Link field gave for this order.";
	}
	return NULL;
}

/* Takes the text over into the arena. */
static const char *keep(struct buffer *text, struct arena *arena)
{
	const char *kept = arena_strdup(arena, text->bytes ? text->bytes : "");

	buffer_deinit(text);
	return kept;
}

const char *server_filter_write(const char *text, struct arena *arena)
{
	struct buffer out;
	struct query query;

	buffer_init(&out);
	if (query_read(text, arena, &query) != STATUS_OK)
		query.n = 0;
	for (size_t i = 0; i < query.n; i++) {
		const struct query_pair *pair = &query.pairs[i];
		if (strcmp(pair->key, "cursor") != 0 && strcmp(pair->key, "limit") != 0)
			query_add(&out, pair->key, pair->value);
	}
	return keep(&out, arena);
}

const char *server_cursor_write(const struct server_filter *f, const struct server_cursor *cursor,
				struct arena *arena)
{
	struct buffer out;

	buffer_init(&out);
	query_add(&out, "by",
		  arena_printf(arena, "%s%s", f->reversed ? "-" : "", sort_names[f->sort]));
	query_add(&out, "rank", arena_printf(arena, "%" PRId64, cursor->rank));
	query_add(&out, "key", cursor->key);
	query_add(&out, "organization", cursor->organization);
	query_add(&out, "site", cursor->site);
	return keep(&out, arena);
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

_Static_assert(QUERY_MAX_PAIRS <= 64, "a word has a bit");

/* Is `text` one of them, or is there none? */
static bool is_one_of(const char *text, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (text_equal(text, names[i]))
			return true;
	}
	return n == 0;
}

struct server_site_answer *server_filter_ask_sites(const struct server_filter *f,
						   const struct fleet *fleet, struct arena *arena)
{
	size_t n = fleet_count_sites(fleet);
	struct server_site_answer *answers = arena_alloc_array(arena, n, sizeof *answers);

	for (size_t i = 0; i < n; i++) {
		struct fleet_place place = fleet_place(fleet, i);
		answers[i].is_wanted =
			is_one_of(place.site, f->sites, f->n_sites) &&
			is_one_of(place.organization, f->organizations, f->n_organizations);
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

bool server_filter_matches(const struct server_filter *f, const struct server_site_answer *site,
			   const struct fleet_row *row)
{
	return (f->any_verdict || f->verdicts[row->verdict]) &&
	       (f->any_silent || f->silent[row->silent]) && site->is_wanted &&
	       (f->adapters == 0 || (f->adapters & row->view->adapters) != 0) &&
	       has_words(f, site->words, row->view);
}

bool server_filter_matches_missing(const struct server_filter *f, const struct view *view)
{
	const char *site = view->site ? view->site : "";
	const char *organization = view->organization ? view->organization : "";

	for (size_t i = 0; i < f->n_words; i++) {
		if (*f->words[i] && !contains(view->server, f->words[i]) &&
		    !contains(site, f->words[i]) && !contains(organization, f->words[i]))
			return false;
	}
	return f->adapters == 0 && (f->any_verdict || f->not_monitored) &&
	       (f->any_silent || f->silent[false]) && is_one_of(site, f->sites, f->n_sites) &&
	       is_one_of(organization, f->organizations, f->n_organizations);
}
