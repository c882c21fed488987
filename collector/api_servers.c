#include "collector/api.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "collector/buffer.h"
#include "collector/json_add.h"
#include "collector/log.h"
#include "collector/problem.h"
#include "collector/query.h"
#include "collector/view.h"
#include "proto/text.h"

/* Servers in one answer; "matched" tells how many there were. */
#define SERVERS_DEFAULT_LIMIT 1000
#define SERVERS_MAX_LIMIT     10000

#define MAX_FILTERS QUERY_MAX_PAIRS

/* What a query asks for; a key that comes again means "or". */
struct filter {
	bool verdicts[VERDICT_COUNT];
	bool any_verdict; /* none was named */
	const char *sites[MAX_FILTERS];
	size_t n_sites;
	bool silent[2]; /* by what `silent` may be */
	bool any_silent;
	const char *words[MAX_FILTERS]; /* each must be found somewhere */
	size_t n_words;
	size_t limit;
};

/* What a fleet adds up to. */
struct tally {
	size_t by_verdict[VERDICT_COUNT];
	size_t silent;
};

static bool get_limit(const char *text, size_t *out)
{
	size_t value = 0;
	if (*text == '\0')
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		value = value * 10 + (size_t)(*text - '0');
		if (value > SERVERS_MAX_LIMIT)
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
static const char *add_pair(struct filter *f, const struct query_pair *pair)
{
	enum verdict verdict;
	bool silent;

	if (strcmp(pair->key, "verdict") == 0) {
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

/* Reads the query; answers the call and returns false where it is none of ours. */
static bool read_filter(struct call *call, struct filter *out)
{
	struct filter f = { .any_verdict = true,
			    .any_silent = true,
			    .limit = SERVERS_DEFAULT_LIMIT };
	struct problem problem = {
		.status = 400,
		.code = "invalid_query",
		.detail = "The query is not percent-encoded as it should be, or has too many keys."
	};
	struct query query;
	const char *wrong = NULL;

	if (query_read(call->request->query, &call->arena, &query) != STATUS_OK) {
		problem_answer(call, &problem);
		return false;
	}
	for (size_t i = 0; i < query.n && !wrong; i++) {
		wrong = add_pair(&f, &query.pairs[i]);
		if (wrong)
			problem.detail =
				arena_printf(&call->arena, "%s: \"%s\" %s.", query.pairs[i].key,
					     query.pairs[i].value, wrong);
	}
	if (wrong)
		problem_answer(call, &problem);
	else
		*out = f;
	return !wrong;
}

/* Is `word` somewhere in `text`, without ASCII case? */
static bool contains(const char *text, const char *word)
{
	for (; text && *text; text++) {
		if (text_has_prefix(text, word))
			return true;
	}
	return false;
}

static bool matches_words(const struct filter *f, const struct view *v)
{
	for (size_t i = 0; i < f->n_words; i++) {
		const char *word = f->words[i];
		if (*word && !contains(v->server, word) && !contains(v->exchange_server, word) &&
		    !contains(v->site, word) && !contains(v->organization, word))
			return false;
	}
	return true;
}

static bool matches_sites(const struct filter *f, const struct view *v)
{
	for (size_t i = 0; i < f->n_sites; i++) {
		if (text_equal(v->site ? v->site : "", f->sites[i]))
			return true;
	}
	return f->n_sites == 0;
}

static bool matches(const struct filter *f, const struct view *v)
{
	return (f->any_verdict || f->verdicts[v->verdict]) &&
	       (f->any_silent || f->silent[v->silent]) && matches_sites(f, v) &&
	       matches_words(f, v);
}

/* Worst first, then by name. */
static int compare(const void *left, const void *right)
{
	const struct view *a = *(const struct view *const *)left;
	const struct view *b = *(const struct view *const *)right;
	if (a->verdict != b->verdict)
		return a->verdict < b->verdict ? -1 : 1;
	return strcmp(a->key, b->key);
}

/* Those that match, in their order; counts all. */
static struct view **select_views(const struct fleet *fleet, const struct filter *f,
				  struct arena *arena, size_t *n, struct tally *tally)
{
	size_t count = fleet_count(fleet);
	struct view **views = arena_alloc_array(arena, count, sizeof(struct view *));

	*n = 0;
	for (size_t i = 0; i < count; i++) {
		struct view *v = fleet_view(fleet, i);
		if (!v)
			continue;
		tally->by_verdict[v->verdict]++;
		tally->silent += v->silent;
		if (matches(f, v))
			views[(*n)++] = v;
	}
	if (*n > 0)
		qsort(views, *n, sizeof(struct view *), compare);
	return views;
}

static void add_counts(struct buffer *out, const struct tally *tally)
{
	buffer_add_text(out, ",\"counts\":{");
	for (size_t i = 0; i < VERDICT_COUNT; i++)
		buffer_printf(out, "\"%s\":%zu,", verdict_name((enum verdict)i),
			      tally->by_verdict[i]);
	buffer_printf(out, "\"silent\":%zu}", tally->silent);
}

static void add_list(struct buffer *out, const struct api *api, const struct filter *f,
		     struct arena *arena)
{
	struct tally tally = { 0 };
	int64_t now = pipeline_now_ms(api->pipeline);
	size_t n;
	struct view **views = select_views(pipeline_fleet(api->pipeline), f, arena, &n, &tally);

	buffer_add_text(out, "{\"as_of\":");
	json_add_time(out, now);
	add_counts(out, &tally);
	buffer_printf(out, ",\"matched\":%zu,\"servers\":[", n);
	for (size_t i = 0; i < n && i < f->limit; i++) {
		buffer_add_text(out, i ? ",\n" : "\n");
		view_add(views[i], now, out);
	}
	buffer_add_text(out, "]}\n");
}

/* The etag of whatever is shown now at one path and query. */
static const char *etag_now(const struct api *api, struct arena *arena)
{
	return arena_printf(arena, "W/\"%016" PRIx64 "-%" PRIu64 "\"", api->epoch,
			    pipeline_revision(api->pipeline));
}

static void answer_json(struct call *call, struct buffer *out, const char *etag)
{
	struct answer answer = { .status = 200, .content_type = "application/json", .etag = etag };
	answer.body = buffer_take(out, &answer.size);
	call_answer(call, &answer);
}

void api_server_list(struct call *call)
{
	const struct api *api = call->context;
	const char *etag = etag_now(api, &call->arena);
	struct filter filter;
	struct buffer out;

	if (!read_filter(call, &filter))
		return;
	if (call_has_etag(call, etag)) {
		call_answer_not_modified(call, etag);
		return;
	}
	buffer_init(&out);
	add_list(&out, api, &filter, &call->arena);
	answer_json(call, &out, etag);
}

void api_server_get(struct call *call)
{
	static const struct problem unknown = { .status = 404,
						.code = "unknown_server",
						.detail = "No server of this name has reported." };
	const struct api *api = call->context;
	const struct view *view = fleet_find(pipeline_fleet(api->pipeline), call->params[0]);
	const char *etag = etag_now(api, &call->arena);
	static const struct problem unreadable = {
		.status = 503,
		.code = "not_readable",
		.detail = "The store cannot be read at this moment.",
	};
	char error[FLEET_ERROR_SIZE];
	struct buffer out;

	if (!view) {
		problem_answer(call, &unknown);
	} else if (call_has_etag(call, etag)) {
		call_answer_not_modified(call, etag);
	} else {
		buffer_init(&out);
		if (fleet_add_detail(pipeline_fleet(api->pipeline), view,
				     pipeline_now_ms(api->pipeline), &out, error) != STATUS_OK) {
			log_error("%s", error);
			problem_answer(call, &unreadable);
			buffer_deinit(&out);
			return;
		}
		buffer_add_char(&out, '\n');
		answer_json(call, &out, etag);
	}
}
