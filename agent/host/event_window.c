#include "agent/host/event_window.h"

#include <string.h>

#include "proto/base/text.h"
#include "proto/base/timestamp.h"

void event_window_init(struct event_window *window, const struct host_question *question)
{
	window->filter = (struct eventlog_filter){
		.source = question->source,
		.computers = question->computers,
		.n_computers = question->n_computers,
	};
	window->ids = question->ids;
	window->n_ids = question->n_ids;
	event_window_empty(window);
}

void event_window_empty(struct event_window *window)
{
	window->n_seen = 0;
	window->newest = 0;
	window->log = (struct host_log){ .oldest_ms = TIMESTAMP_NONE, .newest_ms = TIMESTAMP_NONE };
	window->own = 0;
	window->of_source = 0;
	window->n_before_loss = 0;
	window->other[0] = '\0';
}

static bool is_asked(const struct event_window *window, uint16_t id)
{
	for (size_t i = 0; i < window->n_ids; i++) {
		if (window->ids[i] == id)
			return true;
	}
	return false;
}

static void keep_event(struct event_window *window, const struct eventlog_event *event)
{
	if (!is_asked(window, event->id))
		return;
	window->newest = event->number;
	window->kept[window->n_seen++ % HOST_MAX_EVENTS] = (struct host_event){
		.id = event->id,
		.number = event->number,
		.full_id = event->full_id,
		.at_ms = event->generated_ms,
		.strings = event->strings,
		.n_strings = event->n_strings,
	};
}

/* Takes over what a finished walk through `log` told of it. */
static void add_facts(struct event_window *window, const struct eventlog *log)
{
	if (window->log.records == 0)
		window->log.oldest_ms = log->oldest_ms;
	if (log->records > 0)
		window->log.newest_ms = log->newest_ms;
	if (log->other[0] && (log->foreign > 0 || window->log.foreign == 0))
		memcpy(window->other, log->other, sizeof window->other);
	window->log.records += log->records;
	window->log.lost += log->lost;
	window->log.foreign += log->foreign;
	window->own += log->own;
	window->of_source += log->of_source;
}

void event_window_add(struct event_window *window, struct eventlog *log, struct arena *arena)
{
	struct eventlog_event event;
	size_t lost = 0;
	bool more = true;
	while (more) {
		more = eventlog_next(log, &window->filter, arena, &event);
		if (log->lost > lost)
			window->n_before_loss = window->n_seen;
		lost = log->lost;
		if (more)
			keep_event(window, &event);
	}
	add_facts(window, log);
}

void event_window_add_loss(struct event_window *window)
{
	window->log.lost++;
	window->n_before_loss = window->n_seen;
}

bool event_window_add_younger(struct event_window *window, struct eventlog *log, uint32_t known,
			      struct arena *arena)
{
	const struct eventlog_filter all = { .source = NULL };
	struct eventlog_event event;
	while (eventlog_next(log, &all, arena, &event)) {
		if (event.number <= known)
			return true;
		if (text_equal(event.source, window->filter.source))
			keep_event(window, &event);
	}
	return false;
}

struct host_event *event_window_take(const struct event_window *window, struct arena *arena,
				     size_t *n)
{
	size_t count = window->n_seen < HOST_MAX_EVENTS ? window->n_seen : HOST_MAX_EVENTS;
	struct host_event *events = arena_alloc_array(arena, count, sizeof *events);
	for (size_t i = 0; i < count; i++)
		events[i] = window->kept[(window->n_seen - count + i) % HOST_MAX_EVENTS];
	*n = count;
	return events;
}

void event_window_answer(const struct event_window *window, struct arena *arena,
			 struct host_answer *out)
{
	*out = (struct host_answer){ .log = window->log,
				     .own = window->own,
				     .of_source = window->of_source };
	out->events = event_window_take(window, arena, &out->n);
	if (window->other[0])
		out->other = arena_strdup(arena, window->other);
	size_t forgotten = window->n_seen - out->n;
	if (window->n_before_loss > forgotten)
		out->n_before_loss = window->n_before_loss - forgotten;
}
