#include "agent/collect/mta_starts.h"

#include <stdbool.h>
#include <string.h>

#include "proto/base/text.h"
#include "proto/base/timestamp.h"
#include "proto/exposure/advisory.h"

#define EVENT_QUEUE_CHECK     2206 /* recovery of the database (Q163292) */
#define EVENT_RECOVERY_DONE   2207
#define EVENT_RECOVERY_STARTS 2219

/* The error stands in the first strings; the numbers of later ones name a place in the MTA. */
#define ERROR_STRINGS 2

const uint16_t mta_starts_event_ids[] = {
	ADVISORY_EVENT_STARTED,    ADVISORY_EVENT_CLOSED,      ADVISORY_EVENT_LISTEN_FAILED,
	ADVISORY_EVENT_INIT_FATAL, ADVISORY_EVENT_BIND_FAILED, ADVISORY_EVENT_BACK_FAILED,
	ADVISORY_EVENT_PERFMON,    EVENT_QUEUE_CHECK,          EVENT_RECOVERY_DONE,
	EVENT_RECOVERY_STARTS,
};
const size_t mta_starts_n_event_ids = sizeof mta_starts_event_ids / sizeof *mta_starts_event_ids;

/* The start that is being read. */
struct start {
	const struct host_event *events[MTA_STARTS_MAX_EVENTS];
	size_t n;
	bool listen_failed; /* holds a 9321 */
	bool fatal;         /* holds a 9266 */
	int64_t failed_ms;  /* of the first of these */
	int64_t last_ms;    /* of its last event */
};

struct reading {
	struct arena *arena;
	struct start start;
	struct mta_starts *history;
};

static bool is_word(char c)
{
	return text_is_digit(c) || text_is_letter(c) || c == '_' || (unsigned char)c >= 0x80;
}

/*
 * The next number of at most ten digits that stands alone: no part of a word, of an address or of a
 * version. NULL where there is none; otherwise the place behind it.
 */
static const char *next_number(const char *text, const char *end, int64_t *out)
{
	const char *at = text;
	while (at < end) {
		const char *start = at;
		while (at < end &&
		       (is_word(*at) || (*at == '.' && at + 1 < end && text_is_digit(at[1]))))
			at++;
		bool digits = at > start && at - start <= 10;
		int64_t number = 0;
		for (const char *p = start; p < at && digits; p++) {
			digits = text_is_digit(*p);
			number = number * 10 + (*p - '0');
		}
		if (digits && number <= UINT32_MAX) {
			*out = number;
			return at;
		}
		if (at == start)
			at++;
	}
	return NULL;
}

/* A formatted text ends in a bracket of the MTA's own codes, which are no errors. */
static const char *end_of_words(const char *text)
{
	return text + strcspn(text, "[");
}

/* Number `wanted` (from 1) of the first `n` strings together; REPORT_ABSENT: there are fewer. */
static int64_t number_at(const struct host_event *event, size_t n, size_t wanted)
{
	for (size_t i = 0; i < event->n_strings && i < n; i++) {
		const char *at = event->strings[i];
		const char *end = end_of_words(at);
		int64_t number = 0;
		while ((at = next_number(at, end, &number)) != NULL) {
			if (--wanted == 0)
				return number;
		}
	}
	return REPORT_ABSENT;
}

static bool holds_number(const struct host_event *event, int64_t number)
{
	int64_t found = 0;
	for (size_t i = 1; (found = number_at(event, event->n_strings, i)) != REPORT_ABSENT; i++) {
		if (found == number)
			return true;
	}
	return false;
}

int64_t mta_starts_nt_error(const struct host_event *event)
{
	if (event->id == ADVISORY_EVENT_BIND_FAILED || event->id == ADVISORY_EVENT_BACK_FAILED)
		return number_at(event, ERROR_STRINGS, 2);
	if (event->id != ADVISORY_EVENT_LISTEN_FAILED)
		return REPORT_ABSENT;
	if (holds_number(event, ADVISORY_NT_ERROR_NO_DATA))
		return ADVISORY_NT_ERROR_NO_DATA;
	return number_at(event, ERROR_STRINGS, 1);
}

/* The next "number.number", NULL where there is none; otherwise the place behind it. */
static const char *next_pair(const char *text, const char **start, size_t *length)
{
	for (const char *at = text; *at; at++) {
		if (!text_is_digit(*at))
			continue;
		size_t n = strspn(at, "0123456789.");
		size_t whole = strspn(at, "0123456789");
		size_t part = at[whole] == '.' ? strspn(at + whole + 1, "0123456789") : 0;
		if (part > 0 && whole <= 5 && part <= 5) {
			*start = at;
			*length = whole + 1 + part;
			return at + n;
		}
		at += n - 1;
	}
	return NULL;
}

const char *mta_starts_build(const struct host_event *event, struct arena *arena)
{
	const char *pair[2] = { NULL, NULL };
	size_t length[2] = { 0, 0 };
	size_t n = 0;
	for (size_t i = 0; i < event->n_strings && n < 2; i++) {
		const char *at = event->strings[i];
		while (n < 2 && (at = next_pair(at, &pair[n], &length[n])) != NULL)
			n++;
	}
	if (n < 2)
		return NULL;
	return arena_printf(arena, "%.*s.%.*s", (int)length[0], pair[0], (int)length[1], pair[1]);
}

static const char *joined_strings(const struct host_event *event, struct arena *arena)
{
	const char *text = NULL;
	for (size_t i = 0; i < event->n_strings; i++) {
		if (event->strings[i][0] == '\0')
			continue;
		text = text ? arena_printf(arena, "%s %s", text, event->strings[i])
			    : event->strings[i];
		if (strlen(text) > REPORT_MAX_STRING)
			break;
	}
	return text;
}

static void fill_start(const struct start *start, enum start_outcome outcome, int64_t at_ms,
		       struct arena *arena, struct report_start *out)
{
	*out = (struct report_start){
		.present = true,
		.at_ms = at_ms,
		.outcome = outcome,
		.events = arena_alloc_array(arena, start->n, sizeof *out->events),
		.n_events = start->n,
	};
	for (size_t i = 0; i < start->n; i++) {
		const struct host_event *event = start->events[i];
		out->events[i] = (struct report_event){
			.id = event->id,
			.at_ms = event->at_ms,
			.nt_error = mta_starts_nt_error(event),
			.text = report_text(
				event->text ? event->text : joined_strings(event, arena), arena),
		};
	}
}

static bool has_failed(const struct start *start)
{
	return start->listen_failed || start->fatal;
}

/* The start that was read is over; what only came along is forgotten. */
static void end_start(struct reading *r)
{
	if (has_failed(&r->start)) {
		fill_start(&r->start, START_OUTCOME_FAILED, r->start.failed_ms, r->arena,
			   &r->history->last_failure);
		r->history->last_start = r->history->last_failure;
	}
	r->start = (struct start){ 0 };
}

bool mta_starts_tells_outcome(uint16_t id)
{
	return id == ADVISORY_EVENT_STARTED || id == ADVISORY_EVENT_LISTEN_FAILED ||
	       id == ADVISORY_EVENT_INIT_FATAL;
}

/* Does this event belong to a later start than the one that is being read? */
static bool begins_anew(const struct start *start, const struct host_event *event)
{
	if (start->n > 0 && event->at_ms - start->last_ms >= MTA_STARTS_GAP_MS)
		return true;
	switch (event->id) {
	case ADVISORY_EVENT_STARTED:
	case ADVISORY_EVENT_INIT_FATAL:
		return start->fatal;
	case ADVISORY_EVENT_LISTEN_FAILED:
		return start->fatal && start->listen_failed;
	default:
		return false;
	}
}

/* The newest event that only came along makes room for one that decides. */
static void make_room(struct start *start)
{
	size_t gone = start->n - 1;
	while (gone > 0 && mta_starts_tells_outcome(start->events[gone]->id))
		gone--;
	start->n--;
	for (size_t i = gone; i < start->n; i++)
		start->events[i] = start->events[i + 1];
}

static void add_event(struct start *start, const struct host_event *event)
{
	start->last_ms = event->at_ms;
	if (start->n == MTA_STARTS_MAX_EVENTS && mta_starts_tells_outcome(event->id))
		make_room(start);
	if (start->n < MTA_STARTS_MAX_EVENTS)
		start->events[start->n++] = event;
}

static void note_failure(struct start *start, const struct host_event *event)
{
	if (!has_failed(start))
		start->failed_ms = event->at_ms;
	if (event->id == ADVISORY_EVENT_INIT_FATAL)
		start->fatal = true;
	else
		start->listen_failed = true;
}

static void note_success(struct reading *r, const struct host_event *event)
{
	const char *build = mta_starts_build(event, r->arena);
	if (build)
		r->history->build = build;
	fill_start(&r->start, START_OUTCOME_STARTED, event->at_ms, r->arena,
		   &r->history->last_start);
	r->start = (struct start){ 0 };
}

static void read_event(struct reading *r, const struct host_event *event)
{
	if (event->id == ADVISORY_EVENT_CLOSED || begins_anew(&r->start, event))
		end_start(r);
	if (event->id == ADVISORY_EVENT_CLOSED)
		return;

	add_event(&r->start, event);
	if (event->id == ADVISORY_EVENT_STARTED)
		note_success(r, event);
	else if (mta_starts_tells_outcome(event->id))
		note_failure(&r->start, event);
}

void mta_starts_judge(const struct host_event *events, size_t n, enum service_state service,
		      int64_t now_ms, struct arena *arena, struct mta_starts *out)
{
	struct reading r = { .arena = arena, .history = out };
	*out = (struct mta_starts){
		.last_start = { .at_ms = TIMESTAMP_NONE },
		.last_failure = { .at_ms = TIMESTAMP_NONE },
	};
	for (size_t i = 0; i < n; i++)
		read_event(&r, &events[i]);

	bool under_way = service == SERVICE_STATE_START_PENDING && !r.start.fatal &&
			 now_ms - r.start.last_ms < MTA_STARTS_GAP_MS;
	if (!under_way)
		end_start(&r);
}
