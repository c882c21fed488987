#include "collector/model/past.h"

#include <string.h>

#include "collector/model/event_detail.h"
#include "proto/base/timestamp.h"
#include "proto/json/slice.h"
#include "proto/json/write.h"

enum { THEN, AFTER };

#define NO_CHANGE ((struct past_change){ .number = INT64_MIN })

void past_begin(struct past *past, int64_t at_ms)
{
	*past = (struct past){ .at_ms = at_ms,
			       .first_ms = TIMESTAMP_NONE,
			       .before_ms = TIMESTAMP_NONE,
			       .after_ms = TIMESTAMP_NONE };
	for (int i = THEN; i <= AFTER; i++)
		past->known[i] = past->silent[i] = past->verdict[i] = past->place[i] = NO_CHANGE;
}

static bool is_there(const struct past_change *change)
{
	return change->number != INT64_MIN;
}

/* Of those until then the last that came counts, of those after it the first. */
static void put(struct past *past, struct past_change change[2], const struct record_event *event,
		int64_t number, bool is_true)
{
	bool is_after = event->at_ms > past->at_ms;
	struct past_change *kept = &change[is_after];

	if (is_after ? is_there(kept) : kept->number > number)
		return;
	kept->at_ms = event->at_ms;
	kept->number = number;
	kept->is_true = is_true;
	kept->detail.size = 0;
	buffer_add_text(&kept->detail, event->detail);
}

/* A server that has come, or come back, is heard of, and its verdict follows. */
static void put_report(struct past *past, const struct record_event *event, int64_t number)
{
	put(past, past->known, event, number, true);
	if (event->at_ms > past->at_ms)
		return;
	put(past, past->silent, event, number, false);
	put(past, past->verdict, event, number, false);
}

static void note_time(struct past *past, int64_t at_ms)
{
	if (past->first_ms == TIMESTAMP_NONE || at_ms < past->first_ms)
		past->first_ms = at_ms;
	if (at_ms < past->at_ms && at_ms > past->before_ms)
		past->before_ms = at_ms;
	if (at_ms > past->at_ms && (past->after_ms == TIMESTAMP_NONE || at_ms < past->after_ms))
		past->after_ms = at_ms;
}

void past_take(struct past *past, const struct record_event *event, int64_t number)
{
	note_time(past, event->at_ms);
	past->has_events_then |= event->at_ms <= past->at_ms;
	if (!event_detail_is_valid(event->detail))
		return;
	if (strcmp(event->kind, "reported") == 0)
		put_report(past, event, number);
	else if (strcmp(event->kind, "removed") == 0)
		put(past, past->known, event, number, false);
	else if (strcmp(event->kind, "silent") == 0)
		put(past, past->silent, event, number,
		    event_detail_is_true(event->detail, "silent"));
	else if (strcmp(event->kind, "verdict") == 0)
		put(past, past->verdict, event, number, true);
	else if (strcmp(event->kind, "place") == 0)
		put(past, past->place, event, number, true);
}

static bool was_known(const struct past *past, const struct past_now *now)
{
	if (is_there(&past->known[THEN]))
		return past->known[THEN].is_true;
	if (is_there(&past->known[AFTER]))
		return !past->known[AFTER].is_true;
	if (past->first_ms != TIMESTAMP_NONE)
		return true; /* what tells that it came is not kept any more */
	return now->is_there && now->since_ms <= past->at_ms;
}

/* The state before or after a change of verdict; false: it tells none. */
static bool read_verdict(const struct past_change *change, const char *member, enum verdict *out)
{
	return is_there(change) && event_detail_verdict(change->detail.bytes, member, out);
}

static void find_verdict(const struct past *past, const struct past_now *now, struct arena *arena,
			 struct past_server *out)
{
	const struct past_change *then = &past->verdict[THEN];
	struct json_slice reasons;

	out->verdict = VERDICT_UNKNOWN;
	if (is_there(then)) {
		out->since_ms = then->at_ms;
		read_verdict(then, "after", &out->verdict);
		if (json_slice_member(then->detail.bytes, "reasons", &reasons))
			out->reasons_json = arena_strndup(arena, reasons.at, reasons.size);
		return;
	}
	if (read_verdict(&past->verdict[AFTER], "before", &out->verdict))
		return;
	if (now->is_there && now->since_ms <= past->at_ms) {
		out->verdict = now->verdict;
		out->since_ms = now->since_ms;
	}
}

static void find_silence(const struct past *past, const struct past_now *now,
			 struct past_server *out)
{
	const struct past_change *then = &past->silent[THEN];
	const struct past_change *after = &past->silent[AFTER];

	if (is_there(after) && after->is_true)
		out->silent_next_ms = after->at_ms;
	if (is_there(then)) {
		out->silent = then->is_true;
		out->silent_since_ms = then->is_true ? then->at_ms : TIMESTAMP_NONE;
	} else if (is_there(after)) {
		out->silent = !after->is_true;
	} else {
		out->silent = now->is_there && now->silent;
	}
}

static struct past_place read_place(const struct past_change *change, const char *member,
				    struct arena *arena)
{
	struct json_slice place;

	if (!is_there(change) || !json_slice_member(change->detail.bytes, member, &place))
		return (struct past_place){ NULL, NULL };
	return (struct past_place){ event_detail_text(place.at, "organization", arena),
				    event_detail_text(place.at, "site", arena) };
}

static void find_place(const struct past *past, const struct past_now *now, struct arena *arena,
		       struct past_server *out)
{
	struct past_place place = read_place(&past->place[THEN], "after", arena);

	if (!place.site)
		place = read_place(&past->place[AFTER], "before", arena);
	if (!place.site)
		place = (struct past_place){ arena_strdup(arena, now->organization),
					     arena_strdup(arena, now->site) };
	out->organization = place.organization;
	out->site = place.site;
	out->earlier = read_place(&past->place[THEN], "before", arena);
	out->later = read_place(&past->place[AFTER], "after", arena);
}

static void free_changes(struct past *past)
{
	for (int i = THEN; i <= AFTER; i++) {
		buffer_deinit(&past->known[i].detail);
		buffer_deinit(&past->silent[i].detail);
		buffer_deinit(&past->verdict[i].detail);
		buffer_deinit(&past->place[i].detail);
	}
}

void past_end(struct past *past, const struct past_now *now, struct arena *arena,
	      struct past_server *out)
{
	*out = (struct past_server){ .is_known = was_known(past, now),
				     .since_ms = TIMESTAMP_NONE,
				     .silent_since_ms = TIMESTAMP_NONE,
				     .silent_next_ms = TIMESTAMP_NONE,
				     .first_ms = past->first_ms,
				     .before_ms = past->before_ms,
				     .after_ms = past->after_ms };
	find_verdict(past, now, arena, out);
	find_silence(past, now, out);
	find_place(past, now, arena, out);
	free_changes(past);
}

/* "adapter_isolated": "Adapter isolated" */
static const char *words_of(const char *code, struct arena *arena)
{
	char *words = arena_strdup(arena, code);

	for (char *c = words; *c; c++)
		*c = *c == '_' ? ' ' : *c;
	if (*words >= 'a' && *words <= 'z')
		*words = (char)(*words - 'a' + 'A');
	return words;
}

const char *past_findings(const char *reasons_json, struct arena *arena)
{
	struct json_slice code;
	struct buffer out;

	buffer_init(&out);
	json_open_array(&out, "reasons");
	while (reasons_json && json_slice_next(&reasons_json, &code)) {
		if (code.size < 2)
			continue;
		const char *text = arena_strndup(arena, code.at + 1, code.size - 2);
		json_open_object(&out, NULL);
		json_put_text(&out, "code", text);
		json_put_text(&out, "text", words_of(text, arena));
		json_open_object(&out, "evidence");
		json_close_object(&out);
		json_close_object(&out);
	}
	json_close_array(&out);
	json_open_object(&out, "remedy");
	json_open_array(&out, "options");
	json_close_array(&out);
	json_close_object(&out);
	const char *kept = arena_strndup(arena, out.bytes, out.size);
	buffer_deinit(&out);
	return kept;
}
