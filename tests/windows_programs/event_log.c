/*
 * event_log COMMAND FILE.evt ...: the Windows agent's reading of the Application log,
 * through calls that serve the records of a file as ReadEventLog does. Wine's own log is always
 * empty.
 *
 *   read     prints the ids of the MTA's events, oldest first
 *   cramped  the same; each first reading on a handle wants more room than it was given
 *   cleared  the same; the log is cleared while it is read for the first time
 *   always   the log is cleared whenever it is read
 *   denied   the log does not open
 *   broken   its second reading fails: what was read is printed, and why no more was
 *   look     looks for news in the first file, then in the second one: prints "new" or "-" for each
 *            of two looks at either
 *
 *   row FILE NAME yes|no
 *            what the agent reports of the log of a stopped MTA on that machine (a cluster's
 *            node: yes). A log whose header points behind the file cannot be read on there
 *
 * A failure is printed as its sentence.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/collect/internal.h"
#include "agent/host/disk.h"
#include "agent/host/event_log.h"
#include "agent/host/win32/internal.h"
#include "agent/platform/win32/text.h"
#include "proto/base/mem.h"
#include "proto/exposure/advisory.h"
#include "proto/report/json.h"

#include <windows.h>

#define HEADER_SIZE 48 /* ELF_LOGFILE_HEADER; the records follow, then the record of the end */
#define ROOM_WANTED (70 * 1024)

/* The log that is served: whole records of a file that is not a ring yet. */
static const uint8_t *records;
static uint32_t size;
static bool breaks_off; /* behind the records that are served */
static const char *command;
static int opened; /* handles so far */

struct handle {
	uint32_t at; /* bytes that were read, from either end */
	int readings;
};

static uint32_t word(const uint8_t *at)
{
	uint32_t value = 0;
	memcpy(&value, at, sizeof value);
	return value;
}

/* Without the records that the file is too short for. */
static void serve(const struct host_file *file)
{
	uint32_t end = word(file->bytes + 20); /* where the record of the end lies */
	records = file->bytes + HEADER_SIZE;
	size = 0;
	breaks_off = end > file->size;
	if (!breaks_off) {
		size = end - HEADER_SIZE;
		return;
	}
	while (HEADER_SIZE + size + sizeof end <= file->size &&
	       HEADER_SIZE + size + word(records + size) <= file->size)
		size += word(records + size);
}

static void *open_log(unsigned long *code)
{
	*code = ERROR_ACCESS_DENIED;
	if (strcmp(command, "denied") == 0)
		return NULL;
	opened++;
	return mem_alloc(sizeof(struct handle));
}

/* What the command plans for this reading; 0: nothing. */
static unsigned long planned(const struct handle *handle, uint32_t room, uint32_t *needed)
{
	*needed = ROOM_WANTED;
	if (strcmp(command, "cramped") == 0 && room < ROOM_WANTED)
		return ERROR_INSUFFICIENT_BUFFER;
	if (strcmp(command, "always") == 0 || (strcmp(command, "cleared") == 0 && opened == 1))
		return handle->readings > 1 ? ERROR_EVENTLOG_FILE_CHANGED : 0;
	if (strcmp(command, "broken") == 0 && handle->readings > 1)
		return ERROR_EVENTLOG_FILE_CORRUPT;
	return 0;
}

/* One record a call: what more of them would bring is the same again. */
static bool read_log(void *log, bool backwards, void *buffer, uint32_t room, uint32_t *got,
		     uint32_t *needed, unsigned long *code)
{
	struct handle *handle = log;
	handle->readings++;
	*code = planned(handle, room, needed);
	if (*code == 0 && handle->at == size)
		*code = breaks_off ? ERROR_EVENTLOG_FILE_CORRUPT : ERROR_HANDLE_EOF;
	if (*code != 0)
		return false;
	/* A record begins and ends with its length. */
	const uint8_t *edge = backwards ? records + size - handle->at : records + handle->at;
	*got = word(backwards ? edge - 4 : edge);
	memcpy(buffer, backwards ? edge - *got : edge, *got);
	handle->at += *got;
	return true;
}

static bool newest(void *log, uint32_t *number, unsigned long *code)
{
	(void)log;
	*code = 0;
	*number = 0;
	for (uint32_t at = 0; at < size; at += word(records + at))
		*number = word(records + at + 8);
	return true;
}

static bool notify(void *log, void *event)
{
	(void)log;
	return event != NULL;
}

static void close_log(void *log)
{
	free(log);
}

static enum status fail(struct os_error *error, unsigned long code, const char *what)
{
	return win32_fail(error, code, "%s", what);
}

static const struct event_log_calls calls = { open_log, read_log, newest, notify, close_log, fail };

/* The MTA's events, of whatever machine. */
static struct host_question ask(void)
{
	return (struct host_question){ .source = ADVISORY_MTA_SOURCE,
				       .ids = mta_starts_event_ids,
				       .n_ids = mta_starts_n_event_ids };
}

static void print_all(void)
{
	const struct host_question question = ask();
	struct host_answer answer;
	struct os_error error;
	struct arena arena;
	arena_init(&arena);
	if (event_log_read(&calls, &question, &arena, &answer, &error) == STATUS_OK) {
		for (size_t i = 0; i < answer.n; i++)
			printf("%u\n", answer.events[i].id);
		if (answer.gap)
			printf("%s\n", answer.gap->text);
	} else {
		printf("%s\n", error.text);
	}
	arena_deinit(&arena);
}

/* What the agent would report, through its own host with these calls. */
static int print_row(const char *name, bool clustered)
{
	const struct host_options options = { 0 };
	struct os_error error;
	struct report report;
	struct arena arena;
	struct collecting c = { .arena = &arena, .report = &report };
	if (host_open(&c.host, &options, &error) != STATUS_OK) {
		fprintf(stderr, "event_log: %s\n", error.text);
		return 1;
	}
	c.host->log.calls = &calls;
	arena_init(&arena);
	report_init(&report);
	report.host.name = name;
	report.exchange.clustered = clustered ? TRISTATE_YES : TRISTATE_NO;
	report.mta.known = true;
	report.mta.service = SERVICE_STATE_STOPPED;
	collect_events(&c);
	char *json = report_json_write(&report);
	puts(json);
	free(json);
	arena_deinit(&arena);
	host_close(c.host);
	return 0;
}

static int print_row_of(char **argv)
{
	struct host_file file;
	struct os_error error;
	if (disk_read(argv[2], HOST_MAX_FILE, &file, &error) != STATUS_OK) {
		fprintf(stderr, "event_log: %s\n", error.text);
		return 1;
	}
	serve(&file);
	return print_row(argv[3], strcmp(argv[4], "yes") == 0);
}

static void print_news(struct event_log_watch *watch, struct event_window *window)
{
	struct os_error error;
	bool found = false;
	event_window_empty(window);
	if (event_log_read_news(watch, window, &found, &error) == STATUS_OK)
		puts(found ? "new" : "-");
	else
		printf("%s\n", error.text);
}

int main(int argc, char **argv)
{
	const struct host_question question = ask();
	struct event_window *window = mem_alloc(sizeof *window);
	struct event_log_watch watch = { .calls = &calls };
	struct host_file files[2];
	struct os_error error;
	command = argc > 1 ? argv[1] : "";
	if (argc == 5 && strcmp(command, "row") == 0)
		return print_row_of(argv);
	if (argc < 3 || argc > 4) {
		fputs("usage: event_log COMMAND FILE.evt [FILE.evt]\n", stderr);
		return 2;
	}
	event_window_init(window, &question);
	for (int i = 0; i < argc - 2; i++) {
		if (disk_read(argv[2 + i], HOST_MAX_FILE, &files[i], &error) != STATUS_OK) {
			fprintf(stderr, "event_log: %s\n", error.text);
			return 1;
		}
		serve(&files[i]);
		if (strcmp(command, "look") != 0) {
			print_all();
			continue;
		}
		print_news(&watch, window);
		print_news(&watch, window);
	}
	event_log_stop(&watch);
	return 0;
}
