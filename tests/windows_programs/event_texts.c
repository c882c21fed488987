/*
 * event_texts FILE.evt: what the agent says of each of the MTA's events in the file, with the
 * message files that this Windows has registered. One line each: id, NT error or "-", text or "-".
 *
 * Wine's event log is always empty; the records therefore come from a file, all else is Windows'.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/collect/mta_starts.h"
#include "agent/host/disk.h"
#include "agent/host/event_window.h"
#include "agent/host/win32/messages.h"
#include "proto/base/mem.h"
#include "proto/exposure/advisory.h"
#include "proto/windows/eventlog.h"

static void print_events(const struct host_event *events, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int64_t error = mta_starts_nt_error(&events[i]);
		printf("%u\t", events[i].id);
		if (error == REPORT_ABSENT)
			printf("-\t");
		else
			printf("%" PRId64 "\t", error);
		printf("%s\n", events[i].text ? events[i].text : "-");
	}
}

/* As host_read_events() does it with the records of the system. */
static void read_log(struct host *host, const struct host_file *file)
{
	const struct host_question question = { .source = ADVISORY_MTA_SOURCE,
						.ids = mta_starts_event_ids,
						.n_ids = mta_starts_n_event_ids };
	struct event_window *window = mem_alloc(sizeof *window);
	struct arena arena;
	struct eventlog log;
	size_t n = 0;
	arena_init(&arena);
	event_window_init(window, &question);
	if (eventlog_open_file(&log, file->bytes, file->size) == STATUS_OK)
		event_window_add(window, &log, &arena);
	struct host_event *events = event_window_take(window, &arena, &n);
	host_messages_put(host, ADVISORY_MTA_SOURCE, events, n, &arena);
	print_events(events, n);
	arena_deinit(&arena);
	free(window);
}

int main(int argc, char **argv)
{
	const struct host_options options = { 0 };
	struct host *host = NULL;
	struct os_error error = { .text = "" };
	struct host_file file;
	if (argc != 2) {
		fputs("usage: event_texts FILE.evt\n", stderr);
		return 2;
	}
	if (host_open(&host, &options, &error) != STATUS_OK ||
	    disk_read(argv[1], HOST_MAX_FILE, &file, &error) != STATUS_OK) {
		fprintf(stderr, "event_texts: %s\n", error.text);
		return 1;
	}
	read_log(host, &file);
	host_free_file(&file);
	host_close(host);
	return 0;
}
