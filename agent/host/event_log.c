#include "agent/host/event_log.h"

#include <stdlib.h>

#include "proto/base/mem.h"
#include "proto/windows/eventlog.h"

#define BUFFER_SIZE (64u * 1024)  /* bytes for ReadEventLog at first */
#define BUFFER_MAX  (512u * 1024) /* more than it ever asks for */

/* Codes of Windows (winerror.h). */
#define EVENT_LOG_DONE    0ul
#define EVENT_LOG_END     38ul   /* ERROR_HANDLE_EOF: behind the last record */
#define EVENT_LOG_NO_ROOM 122ul  /* ERROR_INSUFFICIENT_BUFFER */
#define EVENT_LOG_CHANGED 1503ul /* ERROR_EVENTLOG_FILE_CHANGED: cleared since it was opened */

/* A handle that is read from one end to the other, and its buffer. */
struct reading {
	const struct event_log_calls *calls;
	void *log;
	bool backwards;
	uint8_t *buffer;
	uint32_t room;
	uint32_t got; /* bytes of whole records that lie in the buffer */
};

static enum status start_reading(struct reading *r, const struct event_log_calls *calls,
				 bool backwards, struct os_error *error)
{
	unsigned long code = EVENT_LOG_DONE;
	void *log = calls->open(&code);
	*r = (struct reading){ .calls = calls, .log = log, .backwards = backwards };
	if (!log)
		return calls->fail(error, code, "OpenEventLog Application");
	r->room = BUFFER_SIZE;
	r->buffer = mem_alloc(r->room);
	return STATUS_OK;
}

static void finish(struct reading *r)
{
	r->calls->close(r->log);
	free(r->buffer);
}

/* Reads on; gives the system's code: EVENT_LOG_END behind the last record. */
static unsigned long read_on(struct reading *r)
{
	unsigned long code = EVENT_LOG_DONE;
	uint32_t needed = 0;
	if (r->calls->read(r->log, r->backwards, r->buffer, r->room, &r->got, &needed, &code))
		return EVENT_LOG_DONE;
	if (code != EVENT_LOG_NO_ROOM || needed <= r->room || needed > BUFFER_MAX)
		return code;
	r->buffer = mem_realloc(r->buffer, needed);
	r->room = needed;
	if (r->calls->read(r->log, r->backwards, r->buffer, r->room, &r->got, &needed, &code))
		return EVENT_LOG_DONE;
	return code;
}

static unsigned long read_all(struct reading *r, struct event_window *window, struct arena *arena)
{
	unsigned long code = read_on(r);
	for (; code == EVENT_LOG_DONE; code = read_on(r)) {
		struct eventlog records;
		eventlog_open_records(&records, r->buffer, r->got);
		event_window_add(window, &records, arena);
	}
	return code;
}

static enum status fill_window(const struct event_log_calls *calls, struct event_window *window,
			       struct arena *arena, unsigned long *code, struct os_error *error)
{
	*code = EVENT_LOG_CHANGED;
	for (int i = 0; i < EVENT_LOG_ATTEMPTS && *code == EVENT_LOG_CHANGED; i++) {
		struct reading r;
		enum status status = start_reading(&r, calls, false, error);
		if (status != STATUS_OK)
			return status;
		event_window_empty(window);
		*code = read_all(&r, window, arena);
		finish(&r);
	}
	return STATUS_OK;
}

/* Why the log could not be read on; nothing of it was of use where no record was read. */
static enum status fill_answer(const struct event_log_calls *calls,
			       const struct event_window *window, unsigned long code,
			       struct arena *arena, struct host_answer *out, struct os_error *error)
{
	enum status status = STATUS_OK;
	if (code != EVENT_LOG_END)
		status = calls->fail(error, code, "ReadEventLog Application");
	if (status != STATUS_OK && (window->log.records == 0 || code == EVENT_LOG_CHANGED))
		return status;
	event_window_answer(window, arena, out);
	if (status != STATUS_OK)
		out->gap = os_keep_error(error, arena);
	return STATUS_OK;
}

enum status event_log_read(const struct event_log_calls *calls,
			   const struct host_question *question, struct arena *arena,
			   struct host_answer *out, struct os_error *error)
{
	unsigned long code = EVENT_LOG_DONE;
	struct event_window *window = mem_alloc(sizeof *window);
	event_window_init(window, question);
	enum status status = fill_window(calls, window, arena, &code, error);
	if (status == STATUS_OK)
		status = fill_answer(calls, window, code, arena, out, error);
	free(window);
	return status;
}

/* Does a record younger than number `known` fit? Read from the newest backwards. */
static unsigned long find_younger(struct reading *r, struct event_window *window, uint32_t known)
{
	unsigned long code = read_on(r);
	for (size_t done = 0; code == EVENT_LOG_DONE && done < EVENT_LOG_NEWS_MAX;
	     code = read_on(r)) {
		struct eventlog records;
		struct arena scratch;
		arena_init(&scratch);
		eventlog_open_records(&records, r->buffer, r->got);
		bool reached = event_window_add_younger(window, &records, known, &scratch);
		arena_deinit(&scratch);
		if (reached || window->n_seen > 0)
			return EVENT_LOG_DONE;
		done += r->got;
	}
	return code == EVENT_LOG_END ? EVENT_LOG_DONE : code;
}

/* Opens the log once and asks to be told of what is written; that it can be is not relied on. */
static enum status open_watched(struct event_log_watch *watch, struct os_error *error)
{
	unsigned long code = EVENT_LOG_DONE;
	if (watch->log)
		return STATUS_OK;
	watch->log = watch->calls->open(&code);
	if (!watch->log)
		return watch->calls->fail(error, code, "OpenEventLog Application");
	if (watch->event)
		(void)watch->calls->notify(watch->log, watch->event);
	return STATUS_OK;
}

enum status event_log_read_news(struct event_log_watch *watch, struct event_window *window,
				bool *found, struct os_error *error)
{
	unsigned long code = EVENT_LOG_DONE;
	uint32_t newest = 0;
	struct reading r;
	enum status status = open_watched(watch, error);
	if (status != STATUS_OK)
		return status;
	if (!watch->calls->newest(watch->log, &newest, &code)) {
		event_log_stop(watch);
		return watch->calls->fail(error, code, "GetNumberOfEventLogRecords Application");
	}
	uint32_t before = watch->newest;
	bool written = watch->known && newest != before;
	watch->known = true;
	watch->newest = newest;
	*found = false;
	if (!written)
		return STATUS_OK;
	status = start_reading(&r, watch->calls, true, error);
	if (status != STATUS_OK)
		return status;
	code = find_younger(&r, window, newest > before ? before : 0);
	finish(&r);
	*found = window->n_seen > 0;
	return code == EVENT_LOG_DONE ? STATUS_OK
				      : watch->calls->fail(error, code, "ReadEventLog Application");
}

void event_log_stop(struct event_log_watch *watch)
{
	if (watch->log)
		watch->calls->close(watch->log);
	watch->log = NULL;
}
