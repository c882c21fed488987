/*
 * The newest events that fit a question, out of a log that is read from its oldest record on: what
 * host_read_events() gives back on every platform.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "agent/host.h"
#include "proto/arena.h"
#include "proto/eventlog.h"

struct event_window {
	const char *source; /* without case */
	const uint16_t *ids;
	size_t n_ids;
	struct host_event kept[HOST_MAX_EVENTS]; /* private: a ring */
	size_t n_seen;                           /* private: fitting events so far */
};

void event_window_init(struct event_window *window, const char *source, const uint16_t *ids,
		       size_t n_ids);

/* Walks through the rest of `log`; strings go to `arena`. */
void event_window_add(struct event_window *window, struct eventlog *log, struct arena *arena);

/* The events kept, oldest first, in `arena`. */
struct host_event *event_window_take(const struct event_window *window, struct arena *arena,
				     size_t *n);
