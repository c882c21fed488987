#include "agent/event_window.h"

#include <stdbool.h>

void event_window_init(struct event_window *window, const char *source, const uint16_t *ids,
		       size_t n_ids)
{
	window->source = source;
	window->ids = ids;
	window->n_ids = n_ids;
	window->n_seen = 0;
}

static bool is_asked(const struct event_window *window, uint16_t id)
{
	for (size_t i = 0; i < window->n_ids; i++) {
		if (window->ids[i] == id)
			return true;
	}
	return false;
}

void event_window_add(struct event_window *window, struct eventlog *log, struct arena *arena)
{
	struct eventlog_event event;
	while (eventlog_next(log, window->source, arena, &event)) {
		if (!is_asked(window, event.id))
			continue;
		window->kept[window->n_seen++ % HOST_MAX_EVENTS] = (struct host_event){
			.id = event.id,
			.full_id = event.full_id,
			.at_ms = event.generated_ms,
			.strings = event.strings,
			.n_strings = event.n_strings,
		};
	}
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
