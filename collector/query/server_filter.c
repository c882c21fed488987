#include "collector/query/server_filter.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/casefold.h"
#include "proto/base/number.h"
#include "proto/base/timestamp.h"

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

/* A cursor is a query of its own: the order that it is of, and the place in it. */
static bool get_cursor(const char *text, struct arena *arena, struct server_filter *f)
{
	static const char *const names[] = { "by", "rank", "key", "organization", "site" };
	const char *values[sizeof names / sizeof *names];
	enum server_sort sort;
	bool reversed;
	struct query_string query;

	if (query_string_read(text, arena, &query) != STATUS_OK ||
	    query.n != sizeof names / sizeof *names)
		return false;
	for (size_t i = 0; i < query.n; i++) {
		if (strcmp(query.pairs[i].key, names[i]) != 0)
			return false;
		values[i] = query.pairs[i].value;
	}
	f->cursor = (struct server_cursor){ 0, values[2], values[3], values[4] };
	f->has_cursor = true;
	return get_sort(values[0], &sort, &reversed) && sort == f->sort &&
	       reversed == f->reversed &&
	       number_parse(values[1], INT64_MIN, INT64_MAX, &f->cursor.rank);
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

static bool get_drift(struct server_filter *f, const char *text)
{
	bool drift;

	if (!get_bool(text, &drift))
		return false;
	f->drift |= (uint8_t)(1U << drift);
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

static bool add_word(struct server_filter *f, const char *word)
{
	if (f->n_words == SERVER_FILTER_MAX_WORDS)
		return false;
	f->words[f->n_words++] = word;
	return true;
}

static bool is_of_page(const struct query_string_pair *pair)
{
	return strcmp(pair->key, "cursor") == 0 || strcmp(pair->key, "limit") == 0;
}

/* Would the query still be one with the limit and the cursor of another page? */
static bool has_room_for_page(const struct query_string *query)
{
	size_t n = 0;

	for (size_t i = 0; i < query->n; i++)
		n += !is_of_page(&query->pairs[i]);
	return n <= SERVER_FILTER_MAX_KEYS;
}

/* NULL, or what is wrong with the pair. The cursor is read last: it has to fit the order. */
static const char *add_pair(struct server_filter *f, const struct query_string_pair *pair)
{
	const char *key = pair->key;
	const char *value = pair->value;

	if (strcmp(key, "verdict") == 0)
		return get_verdict(f, value) ? NULL : "is not a verdict";
	if (strcmp(key, "silent") == 0)
		return get_silent(f, value) ? NULL : "is neither true nor false";
	if (strcmp(key, "drift") == 0)
		return get_drift(f, value) ? NULL : "is neither true nor false";
	if (strcmp(key, "adapter") == 0)
		return get_adapter(f, value) ? NULL : "is not the state of an adapter";
	if (strcmp(key, "limit") == 0)
		return get_limit(value, &f->limit) ? NULL : "is not a number from 1 to 1000";
	if (strcmp(key, "sort") == 0)
		return get_sort(value, &f->sort, &f->reversed) ? NULL : "is not an order";
	if (strcmp(key, "at") == 0)
		return timestamp_parse(value, &f->at_ms) == STATUS_OK
			       ? NULL
			       : "is not a time such as 2026-11-22T10:45:23Z";
	if (strcmp(key, "site") == 0)
		f->sites[f->n_sites++] = value;
	else if (strcmp(key, "organization") == 0)
		f->organizations[f->n_organizations++] = value;
	else if (strcmp(key, "owner") == 0)
		f->owners[f->n_owners++] = value;
	else if (strcmp(key, "q") == 0)
		return add_word(f, value) ? NULL : "is one word too many, more than 8";
	else if (strcmp(key, "cursor") != 0)
		return "is not a key of this query";
	return NULL;
}

const char *server_filter_read(const char *text, struct arena *arena, struct server_filter *out)
{
	static const char *const single[] = { "limit", "sort", "cursor", "at" };
	struct query_string query;

	*out = (struct server_filter){ .any_verdict = true,
				       .any_silent = true,
				       .at_ms = TIMESTAMP_NONE,
				       .limit = SERVER_FILTER_MAX_LIMIT };
	if (query_string_read(text, arena, &query) != STATUS_OK || !has_room_for_page(&query))
		return "The query is not percent-encoded as it should be, or has too many keys.";
	for (size_t i = 0; i < sizeof single / sizeof *single; i++) {
		if (query_string_count(&query, single[i]) > 1)
			return arena_printf(arena, "%s: it may come once.", single[i]);
	}
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
static const char *take_text(struct buffer *text, struct arena *arena)
{
	const char *kept = arena_strdup(arena, text->bytes ? text->bytes : "");

	buffer_deinit(text);
	return kept;
}

const char *server_filter_write(const char *text, struct arena *arena)
{
	struct buffer out;
	struct query_string query;

	buffer_init(&out);
	if (query_string_read(text, arena, &query) != STATUS_OK)
		query.n = 0;
	for (size_t i = 0; i < query.n; i++) {
		const struct query_string_pair *pair = &query.pairs[i];
		if (!is_of_page(pair))
			query_string_add(&out, pair->key, pair->value);
	}
	return take_text(&out, arena);
}

const char *server_cursor_write(const struct server_filter *f, const struct server_cursor *cursor,
				struct arena *arena)
{
	struct buffer out;

	buffer_init(&out);
	query_string_add(&out, "by",
			 arena_printf(arena, "%s%s", f->reversed ? "-" : "", sort_names[f->sort]));
	query_string_add(&out, "rank", arena_printf(arena, "%" PRId64, cursor->rank));
	query_string_add(&out, "key", cursor->key);
	query_string_add(&out, "organization", cursor->organization);
	query_string_add(&out, "site", cursor->site);
	return take_text(&out, arena);
}

/* Is `text` one of them, or is there none? */
static bool is_one_of(const char *text, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (casefold_equal(text, names[i]))
			return true;
	}
	return n == 0;
}

_Static_assert(SERVER_FILTER_MAX_WORDS <= NAME_INDEX_MAX_WORDS, "a word has a bit");

struct site_answer {
	bool is_wanted;
	bool has_wanted_owner; /* which its servers have that have none of their own */
	uint8_t words;         /* those that the site's names hold, a bit each */
};

struct server_matcher {
	const struct server_filter *filter;
	const struct site_answer *sites; /* by the number of a row */
	const uint8_t *names;            /* by that of its names: the words that they hold */
	uint8_t words;                   /* all */
};

static bool site_has_wanted_owner(const struct server_filter *f, const struct fleet_place *place)
{
	if (f->n_owners == 0)
		return true;
	struct remark_pair pair = remarks_of_site(f->remarks, place->organization, place->site);
	return is_one_of(pair.owner.text ? pair.owner.text : "", f->owners, f->n_owners);
}

/* Which of the words, which are folded, are somewhere in the text? */
static uint8_t find_words(const struct server_filter *f, const char *const *words, const char *text,
			  struct buffer *folded)
{
	uint8_t found = 0;

	folded->size = 0;
	casefold_copy(buffer_extend(folded, strlen(text)), text);
	for (size_t i = 0; i < f->n_words; i++) {
		if (strstr(folded->bytes, words[i]))
			found |= (uint8_t)(1U << i);
	}
	return found;
}

static struct site_answer ask_site(const struct server_filter *f, const struct fleet_place *place,
				   const char *const *words, struct buffer *folded)
{
	struct site_answer answer = {
		.is_wanted = is_one_of(place->site, f->sites, f->n_sites) &&
			     is_one_of(place->organization, f->organizations, f->n_organizations),
		.has_wanted_owner = site_has_wanted_owner(f, place),
	};

	if (f->n_words > 0)
		answer.words = find_words(f, words, place->site, folded) |
			       find_words(f, words, place->organization, folded);
	return answer;
}

const struct server_matcher *server_filter_prepare(const struct server_filter *f,
						   const struct server_table *table,
						   struct arena *arena)
{
	struct server_matcher *q = arena_alloc(arena, sizeof *q);
	struct site_answer *sites = arena_alloc_array(arena, table->n_places, sizeof *sites);

	const char **words = arena_alloc_array(arena, f->n_words, sizeof *words);
	struct buffer folded = { 0 };

	for (size_t i = 0; i < f->n_words; i++) {
		char *word = arena_alloc(arena, strlen(f->words[i]) + 1);
		casefold_copy(word, f->words[i]);
		words[i] = word;
	}
	for (size_t i = 0; i < table->n_places; i++)
		sites[i] = ask_site(f, &table->places[i], words, &folded);
	buffer_deinit(&folded);
	if (f->n_words > 0 && table->n > 0)
		q->names = name_index_find(table->names, f->words, f->n_words, arena);
	q->words = (uint8_t)((1U << f->n_words) - 1);
	q->filter = f;
	q->sites = sites;
	return q;
}

static bool has_words(const struct server_matcher *q, const struct fleet_row *row)
{
	return q->words == 0 || (q->sites[row->site].words | q->names[row->name]) == q->words;
}

static bool has_wanted_owner(const struct server_matcher *q, const struct fleet_row *row)
{
	const struct server_filter *f = q->filter;
	const struct record_remark *own =
		f->n_owners > 0 && f->remarks ? remarks_find(f->remarks, row->key) : NULL;

	return own && *own->owner ? is_one_of(own->owner, f->owners, f->n_owners)
				  : q->sites[row->site].has_wanted_owner;
}

bool server_matcher_matches(const struct server_matcher *q, const struct fleet_row *row)
{
	const struct server_filter *f = q->filter;
	bool verdict = row->not_monitored ? f->not_monitored : f->verdicts[row->verdict];

	return (f->any_verdict || verdict) && (f->any_silent || f->silent[row->silent]) &&
	       (f->drift == 0 || (f->drift & 1U << row->drifted) != 0) &&
	       (f->adapters == 0 || (f->adapters & row->adapters) != 0) &&
	       q->sites[row->site].is_wanted && has_wanted_owner(q, row) && has_words(q, row);
}
