/*
 * The Application log of this Windows, read through a table of calls: event_log_calls_system is
 * advapi32.dll, on Windows alone; a test puts its own in its place, on any system (and under Wine,
 * whose event log is always empty). Read in sequence, never sought in: in a log of 2 MB or more
 * that fails (Q177199).
 *
 * Two things are done with a log: all of it is read, for a report, and between the reports it is
 * asked every few seconds how far it goes. The system also tells that something was written
 * (NotifyChangeEventLog), which makes that faster but cannot be relied on alone: it pulses an event
 * at most once in five seconds, and a pulse that nobody waits for is lost.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/host/event_window.h"
#include "agent/host/host.h"
#include "proto/base/arena.h"
#include "proto/base/status.h"

#define EVENT_LOG_ATTEMPTS 3 /* the log may be cleared while it is read */

/* Each fails with the system's code in `*code`, and is otherwise as the call that it names. */
struct event_log_calls {
	/* OpenEventLog of the Application log; NULL: it failed. */
	void *(*open)(unsigned long *code);
	/*
	 * ReadEventLog, on from where the last call on this handle ended. Where it fails for want
	 * of room, `*needed` says how many bytes it takes.
	 */
	bool (*read)(void *log, bool backwards, void *buffer, uint32_t size, uint32_t *got,
		     uint32_t *needed, unsigned long *code);
	/*
	 * Number of the newest record (GetOldestEventLogRecord, GetNumberOfEventLogRecords); 0: the
	 * log is empty.
	 */
	bool (*newest)(void *log, uint32_t *number, unsigned long *code);
	/* NotifyChangeEventLog, with an event that the system may pulse. */
	bool (*notify)(void *log, void *event);
	void (*close)(void *log);
	/* Tells of a failure of the call that `what` names: the system's words for `code`. */
	enum status (*fail)(struct os_error *error, unsigned long code, const char *what);
};

extern const struct event_log_calls event_log_calls_system;

/*
 * Reads the whole log; everything but its path is answered, strings and all in `arena`. A log that
 * is cleared meanwhile is read anew, EVENT_LOG_ATTEMPTS times in all. One that cannot be read on
 * before its end gives what was read, and a gap.
 *
 * STATUS_DENIED, STATUS_SYSTEM  it would not open, or not be read at all
 */
enum status event_log_read(const struct event_log_calls *calls,
			   const struct host_question *question, struct arena *arena,
			   struct host_answer *out, struct os_error *error);

/* A log that is watched between the reports. */
struct event_log_watch {
	const struct event_log_calls *calls;
	void *event; /* that the system may pulse, borrowed; NULL: none */
	void *log;   /* private, like what follows: NULL: not open */
	bool known;  /* `newest` is the newest record of the last look */
	uint32_t newest;
};

/*
 * Has something been written that fits the window, since the last look? The first one says no.
 * After the log was cleared, all that is in it counts. Not more than EVENT_LOG_NEWS_MAX bytes of
 * new records are read: what lies before them is left to the next report.
 *
 * STATUS_DENIED, STATUS_SYSTEM  as above; the next look opens the log anew
 */
#define EVENT_LOG_NEWS_MAX ((size_t)1024 * 1024)
enum status event_log_read_news(struct event_log_watch *watch, struct event_window *window,
				bool *found, struct os_error *error);
void event_log_stop(struct event_log_watch *watch);
