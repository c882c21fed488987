/*
 * The newest events that fit a question, out of a log that is read from its oldest record on: what
 * host_read_events() gives back on every platform.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/host/host.h"
#include "proto/base/arena.h"
#include "proto/windows/eventlog.h"

struct event_window {
	struct eventlog_filter filter;
	const uint16_t *ids;
	size_t n_ids;
	struct host_event kept[HOST_MAX_EVENTS]; /* private: a ring */
	size_t n_seen;                           /* fitting events so far */
	uint32_t newest;                         /* number of the last one's record; 0: none */

	/* Totals of all records so far, as in struct eventlog. */
	struct host_log log;
	size_t own;
	size_t of_source;
	size_t n_before_loss; /* fitting events before the last damaged record */
	char other[EVENTLOG_MAX_COMPUTER];
};

/* The question is borrowed. */
void event_window_init(struct event_window *window, const struct host_question *question);

/* Walks through the rest of `log`; strings go to `arena`. */
void event_window_add(struct event_window *window, struct eventlog *log, struct arena *arena);

/*
 * The same for records that come newest first, up to the one of number `known`, which is left out
 * with all that follow. True: it was reached.
 */
bool event_window_add_younger(struct event_window *window, struct eventlog *log, uint32_t known,
			      struct arena *arena);

/* A whole log ends here without its newest records: as if one of them were damaged. */
void event_window_add_loss(struct event_window *window);

/* Forgets what was added. */
void event_window_empty(struct event_window *window);

/* The events kept, oldest first, in `arena`. */
struct host_event *event_window_take(const struct event_window *window, struct arena *arena,
				     size_t *n);

/* Gives the events of the window, with all that was told of the log but its path and `gap`. */
void event_window_answer(const struct event_window *window, struct arena *arena,
			 struct host_answer *out);
