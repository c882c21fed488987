#include "agent/host/event_window.h"

#include "proto/base/text.h"

void event_window_init(struct event_window *window, const char *source, const uint16_t *ids,
		       size_t n_ids)
{
	window->source = source;
	window->ids = ids;
	window->n_ids = n_ids;
	event_window_empty(window);
}

void event_window_empty(struct event_window *window)
{
	window->n_seen = 0;
	window->newest = 0;
}

static bool is_asked(const struct event_window *window, uint16_t id)
{
	for (size_t i = 0; i < window->n_ids; i++) {
		if (window->ids[i] == id)
			return true;
	}
	return false;
}

static void add(struct event_window *window, const struct eventlog_event *event)
{
	if (!is_asked(window, event->id))
		return;
	window->newest = event->number;
	window->kept[window->n_seen++ % HOST_MAX_EVENTS] = (struct host_event){
		.id = event->id,
		.full_id = event->full_id,
		.at_ms = event->generated_ms,
		.strings = event->strings,
		.n_strings = event->n_strings,
	};
}

void event_window_add(struct event_window *window, struct eventlog *log, struct arena *arena)
{
	struct eventlog_event event;
	while (eventlog_next(log, window->source, arena, &event))
		add(window, &event);
}

bool event_window_add_younger(struct event_window *window, struct eventlog *log, uint32_t known,
			      struct arena *arena)
{
	struct eventlog_event event;
	while (eventlog_next(log, NULL, arena, &event)) {
		if (event.number <= known)
			return true;
		if (text_equal(event.source, window->source))
			add(window, &event);
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
