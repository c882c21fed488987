#include "collector/api/past.h"

#include <stdlib.h>
#include <string.h>

#include "collector/api/handler.h"
#include "collector/api/servers.h"
#include "collector/base/hash.h"
#include "collector/http/call.h"
#include "collector/http/problem.h"
#include "proto/base/casefold.h"
#include "proto/base/timestamp.h"
#include "proto/json/write.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)

/* Servers whose history one question reads: other pages wait for so long. */
#define SERVERS 200

const struct api_past_changes api_past_no_changes = { TIMESTAMP_NONE, TIMESTAMP_NONE };

static struct past_subject *add_subject(struct api_past *past, const char *key, const char *server,
					const char *exchange_server)
{
	struct arena *arena = &past->call->arena;

	past->subjects = arena_make_room(arena, past->subjects, past->n, &past->room,
					 sizeof *past->subjects);
	struct past_subject *subject = &past->subjects[past->n++];
	*subject = (struct past_subject){ .key = arena_strdup(arena, key),
					  .server = arena_strdup(arena, server),
					  .exchange_server = arena_strdup(arena, exchange_server) };
	return subject;
}

static void add_fleet(struct api_past *past, const struct fleet *fleet)
{
	struct arena *arena = &past->call->arena;
	size_t n;
	const struct fleet_row *rows = fleet_rows(fleet, &n);

	for (size_t i = 0; i < n; i++) {
		const struct view *view = rows[i].view;
		const struct fleet_place place = fleet_place(fleet, rows[i].site);
		struct past_subject *subject =
			add_subject(past, view->key, view->server, view->exchange_server);
		subject->now = (struct past_now){
			.is_there = true,
			.silent = view->silent,
			.verdict = view->verdict,
			.since_ms = view->since_ms,
			.organization = arena_strdup(arena, place.organization),
			.site = arena_strdup(arena, place.site),
		};
	}
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(((const struct past_subject *)a)->key, ((const struct past_subject *)b)->key);
}

static struct past_subject *find_subject(const struct api_past *past, size_t n, const char *key)
{
	const struct past_subject wanted = { .key = key };

	return n == 0 ? NULL : bsearch(&wanted, past->subjects, n, sizeof wanted, compare_keys);
}

const struct past_subject *api_past_find(const struct api_past *past, const char *key)
{
	return find_subject(past, past->n, key);
}

/* Those of the fleet, which are in the order of keys, come first. */
struct removals {
	struct api_past *past;
	size_t n_in_fleet;
};

static enum status add_removal(void *user, const struct record_removal *removal)
{
	const struct removals *removals = user;

	if (!find_subject(removals->past, removals->n_in_fleet, removal->key))
		add_subject(removals->past, removal->key, removal->server, removal->server);
	return STATUS_OK;
}

static enum status read_removals(const struct store_connection *reader, struct api_past *past,
				 char error[STORE_ERROR_SIZE])
{
	struct removals removals = { past, past->n };
	enum status status = store_read_removals(reader, add_removal, &removals, error);

	past->has_removals = true;
	if (past->n > 1)
		qsort(past->subjects, past->n, sizeof *past->subjects, compare_keys);
	return status;
}

/* Histories on their way to the subjects `next` to `end`. */
struct reading {
	struct api_past *past;
	struct past now; /* of the subject `at` */
	size_t at;
	size_t end;
};

static void end_subject(struct reading *reading)
{
	struct past_subject *subject = &reading->past->subjects[reading->at++];

	past_end(&reading->now, &subject->now, &reading->past->call->arena, &subject->then);
	past_begin(&reading->now, reading->past->at_ms);
}

/* Some hosts of the store are nobody's: they never had a report that was taken. */
static enum status take_event(void *user, const struct record_event *event,
			      struct store_history_place place)
{
	struct reading *reading = user;
	const struct past_subject *subjects = reading->past->subjects;

	while (reading->at < reading->end && strcmp(subjects[reading->at].key, event->key) < 0)
		end_subject(reading);
	if (reading->at < reading->end && strcmp(subjects[reading->at].key, event->key) == 0)
		past_take(&reading->now, event, place.number);
	return STATUS_OK;
}

static void read_place(const char *body, size_t size, struct past_subject *subject,
		       struct arena *arena)
{
	struct json_error ignored;
	struct snapshot *last;

	if (snapshot_read(body, size, 0, 0, &last, &ignored) != STATUS_OK)
		return;
	const char *organization = last->report.exchange.organization;
	const char *site = last->report.exchange.site;
	subject->then.organization = arena_strdup(arena, organization ? organization : "");
	subject->then.site = arena_strdup(arena, site ? site : "");
	snapshot_unref(last);
}

/* Where a server was that has been removed, and never moved, only its reports tell. */
static enum status find_place(const struct store_connection *reader, struct api_past *past,
			      struct past_subject *subject, char error[STORE_ERROR_SIZE])
{
	struct record_report record;
	struct arena arena;

	if (subject->then.site)
		return STATUS_OK;
	arena_init(&arena);
	enum status status =
		store_read_report_until(reader, subject->key, past->now_ms, &arena, &record, error);
	if (status == STATUS_OK)
		read_place(record.body, record.body_size, subject, &past->call->arena);
	arena_deinit(&arena);
	return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status read_histories(const struct store_connection *reader, struct api_past *past,
				  char error[STORE_ERROR_SIZE])
{
	size_t left = past->n - past->next;
	struct reading reading = { .past = past,
				   .at = past->next,
				   .end = past->next + (left < SERVERS ? left : SERVERS) };
	const char *after = past->next > 0 ? past->subjects[past->next - 1].key : "";
	enum status status = STATUS_OK;

	if (left == 0)
		return STATUS_OK;
	past_begin(&reading.now, past->at_ms);
	status = store_read_histories(reader, after, past->subjects[reading.end - 1].key,
				      take_event, &reading, error);
	while (reading.at < reading.end)
		end_subject(&reading);
	for (; status == STATUS_OK && past->next < reading.end; past->next++)
		status = find_place(reader, past, &past->subjects[past->next], error);
	return status;
}

/* On the reading thread, which alone uses the call's arena meanwhile. */
static enum status read_some(const struct store_connection *reader, void *user,
			     char error[STORE_ERROR_SIZE])
{
	struct api_past *past = user;
	enum status status = STATUS_OK;

	if (!past->has_removals)
		status = read_removals(reader, past, error);
	return status == STATUS_OK ? read_histories(reader, past, error) : status;
}

/* What is older than a history may be is not kept, whatever is still there. */
static void find_begin(struct api_past *past)
{
	const struct api *api = past->call->context;
	struct store_limits limits = store_get_limits(api->store);
	int64_t kept_from_ms = past->now_ms - (int64_t)limits.change_days * DAY_MS;
	int64_t first_ms = INT64_MAX;

	for (size_t i = 0; i < past->n; i++) {
		const struct past_subject *subject = &past->subjects[i];
		if (subject->then.first_ms != TIMESTAMP_NONE && subject->then.first_ms < first_ms)
			first_ms = subject->then.first_ms;
		if (subject->now.is_there && subject->now.since_ms < first_ms)
			first_ms = subject->now.since_ms;
	}
	past->known_from_ms = first_ms == INT64_MAX     ? TIMESTAMP_NONE
			      : first_ms < kept_from_ms ? kept_from_ms
							: first_ms;
}

static void refuse(struct call *call, const char *code, const char *detail)
{
	call_answer_problem(call, &(struct problem){ 422, code, detail, NULL, NULL, NULL, NULL });
}

static void refuse_too_early(struct api_past *past)
{
	struct call *call = past->call;
	char text[TIMESTAMP_TEXT_SIZE];

	if (past->known_from_ms == TIMESTAMP_NONE)
		refuse(call, "before_history", "No server has reported yet: there is no past.");
	else
		refuse(call, "before_history",
		       arena_printf(&call->arena,
				    "at: the history that is kept begins at %s; of the time before "
				    "nothing is known.",
				    timestamp_format(past->known_from_ms, text)));
}

static void ask(struct api_past *past);

static void on_read(struct call *call, void *user, enum status status)
{
	struct api_past *past = user;
	(void)call;
	(void)status; /* a fleet without servers is one */

	if (past->next < past->n) {
		ask(past);
		return;
	}
	find_begin(past);
	if (past->known_from_ms == TIMESTAMP_NONE || past->at_ms < past->known_from_ms)
		refuse_too_early(past);
	else
		past->done(past, past->user);
}

static void ask(struct api_past *past)
{
	api_ask(past->call, &(struct api_question){ read_some, on_read, NULL, past, STORE_PAGE });
}

void api_past_gather(struct call *call, int64_t at_ms,
		     void (*done)(struct api_past *past, void *user), void *user)
{
	const struct api *api = call->context;
	struct api_past *past = arena_alloc(&call->arena, sizeof *past);
	char text[TIMESTAMP_TEXT_SIZE];

	*past = (struct api_past){ .call = call,
				   .at_ms = at_ms,
				   .now_ms = pipeline_now_ms(api->pipeline),
				   .done = done,
				   .user = user };
	if (at_ms > past->now_ms) {
		refuse(call, "not_past",
		       arena_printf(&call->arena,
				    "at: that moment has not come; by the collector's clock it is "
				    "%s.",
				    timestamp_format(past->now_ms, text)));
		return;
	}
	add_fleet(past, pipeline_fleet(api->pipeline));
	ask(past);
}

struct view_verdict api_past_verdict(const struct api_past *past,
				     const struct past_subject *subject)
{
	const struct past_server *then = &subject->then;

	return (struct view_verdict){
		.verdict = then->verdict,
		.silent = then->silent,
		.since_ms = then->since_ms,
		.findings_json = past_findings(then->reasons_json, &past->call->arena),
	};
}

struct view *api_past_view(const struct api_past *past, const struct past_subject *subject)
{
	const struct view_verdict verdict = api_past_verdict(past, subject);
	const struct view_names names = { subject->key, subject->server, subject->then.organization,
					  subject->then.site, subject->exchange_server };

	return view_make_then(&names, &verdict);
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

bool api_past_is_of(const struct past_subject *subject, const char *organization, const char *site)
{
	return (!organization ||
		casefold_equal(or_empty(subject->then.organization), organization)) &&
	       (!site || casefold_equal(or_empty(subject->then.site), site));
}

static bool is_place(const struct past_place *place, const char *organization, const char *site)
{
	return place->site &&
	       (!organization || casefold_equal(or_empty(place->organization), organization)) &&
	       (!site || casefold_equal(place->site, site));
}

bool api_past_touches(const struct past_subject *subject, const char *organization,
		      const char *site)
{
	return api_past_is_of(subject, organization, site) ||
	       is_place(&subject->then.earlier, organization, site) ||
	       is_place(&subject->then.later, organization, site);
}

/* `body` may lie in the call's arena, which goes with the answer. */
void api_past_answer(struct call *call, struct buffer *body, const char *fields)
{
	struct buffer own = *body;
	const char *etag =
		api_make_etag(call->context, hash_bytes(own.bytes, own.size), &call->arena);

	if (call_answer_not_modified(call, etag))
		buffer_deinit(&own);
	else
		api_answer_tagged(call, &own, etag, fields);
}

const char *api_past_kept_reports(const struct api_past *past)
{
	const struct api *api = past->call->context;
	struct store_limits limits = store_get_limits(api->store);

	return arena_printf(&past->call->arena,
			    "of each server the last %zu reports are kept, for %zu days at most",
			    limits.reports, limits.report_days);
}

void api_past_count_change(struct api_past_changes *changes, const struct past_subject *subject)
{
	int64_t before_ms = subject->then.before_ms;
	int64_t after_ms = subject->then.after_ms;

	if (before_ms > changes->before_ms)
		changes->before_ms = before_ms;
	if (after_ms != TIMESTAMP_NONE &&
	    (changes->after_ms == TIMESTAMP_NONE || after_ms < changes->after_ms))
		changes->after_ms = after_ms;
}

void api_past_write(const struct api_past *past, const struct api_past_changes *changes,
		    const char *const *not_kept, size_t n, struct buffer *out)
{
	json_open_object(out, "past");
	json_put_time(out, "at", past->at_ms);
	json_put_time(out, "known_from", past->known_from_ms);
	json_put_time(out, "before", changes->before_ms);
	json_put_time(out, "after", changes->after_ms);
	json_put_texts(out, "not_kept", not_kept, n);
	json_close_object(out);
}
