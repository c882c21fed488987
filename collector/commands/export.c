#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/cli/arguments.h"
#include "collector/cli/command.h"
#include "collector/cli/terminal.h"
#include "collector/commands/commands.h"
#include "collector/commands/local.h"
#include "collector/model/record_report.h"
#include "collector/model/server_key.h"
#include "proto/base/buffer.h"
#include "proto/base/timestamp.h"
#include "proto/report/json.h"

#define MAX_NAME 64 /* bytes of a server's name in the name of a file */

const char export_help[] =
	"mtawatch-collector export: print the reports of the store as JSON.\n"
	"\n"
	"Examples:\n"
	"  mtawatch-collector export > reports.jsonl\n"
	"  mtawatch-collector export --server EXCH1 --since 2026-11-22T00:00:00Z\n"
	"  mtawatch-collector export --directory reports && \\\n"
	"    mtawatch-collector assess --at 2026-11-22T10:45:23Z reports/*.json\n"
	"\n"
	"Each report is one line, as it came, with received_at and age_s. The oldest of a server\n"
	"comes first. A collector may run meanwhile.\n"
	"\n"
	"Options:\n"
	"  --server NAME      of this server alone\n"
	"  --since TIME       those from this moment on (RFC 3339)\n"
	"  --until TIME       those up to this moment\n"
	"  --directory DIR    a file each in this directory, which is made where it is not "
	"there\n" LOCAL_HELP_DATA "\n"
	"Exit status: 0 done, 1 not done, 2 wrong usage.\n";

struct exporting {
	const char *directory; /* NULL: on standard output */
	char *error;
	size_t n; /* reports so far */
};

/* "exch1-20261122T104523Z-17.json"; what a host name has that no file name should becomes "_". */
static FILE *open_file(const struct exporting *e, const struct record_report *report, int64_t id,
		       char path[4096])
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
	char name[MAX_NAME + 1];
	char at[TIMESTAMP_TEXT_SIZE];
	size_t n = 0;

	for (; n < MAX_NAME && report->key[n] != '\0'; n++)
		name[n] = strchr(allowed, report->key[n]) ? report->key[n] : '_';
	name[n] = '\0';
	timestamp_format(report->at_ms / 1000 * 1000, at);
	n = 0;
	for (const char *c = at; *c; c++) {
		if (*c != '-' && *c != ':')
			at[n++] = *c;
	}
	at[n] = '\0';
	snprintf(path, 4096, "%s/%s-%s-%" PRId64 ".json", e->directory, name, at, id);
	/* Not through a link that somebody laid there. */
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
	FILE *file = fd >= 0 ? fdopen(fd, "wb") : NULL;
	if (fd >= 0 && !file)
		close(fd); /* fdopen() failed: the caller says why */
	return file;
}

static void write_line(FILE *to, const char *bytes, size_t n)
{
	if (to == stdout)
		terminal_write(bytes, n);
	else
		fwrite(bytes, 1, n, to);
	putc('\n', to);
}

/* As it came, with two members in front. */
static void write_raw(FILE *to, const struct record_report *report)
{
	char received[TIMESTAMP_TEXT_SIZE];
	const char *open = memchr(report->body, '{', report->body_size);
	const char *rest = open ? open + 1 : report->body;
	size_t n = report->body_size - (size_t)(rest - report->body);
	while (n > 0 && strchr(" \t\r\n", rest[n - 1]))
		n--;

	struct buffer line;
	buffer_init(&line);
	buffer_printf(&line, "{\"received_at\":\"%s\",\"age_s\":%" PRId64 ",",
		      timestamp_format(report->received_at_ms, received), report->age_s);
	for (size_t i = 0; i < n; i++) /* a line break in JSON is white space */
		buffer_add_char(&line, rest[i] == '\n' || rest[i] == '\r' ? ' ' : rest[i]);
	write_line(to, line.bytes, line.size);
	buffer_deinit(&line);
}

/* A report that came out of another collector has these members of its own already. */
static void write_again(FILE *to, const struct record_report *record, struct report *report)
{
	report->received_at_ms = record->received_at_ms;
	report->age_s = record->age_s;
	char *text = report_json_write(report);
	write_line(to, text, strlen(text));
	free(text);
}

static void write_report(FILE *to, const struct record_report *record)
{
	struct json_error ignored;
	struct report report;
	struct arena arena;

	arena_init(&arena);
	if (report_json_read(record->body, record->body_size, &arena, &report, &ignored) ==
		    STATUS_OK &&
	    (report.received_at_ms != TIMESTAMP_NONE || report.age_s != REPORT_ABSENT))
		write_again(to, record, &report);
	else
		write_raw(to, record);
	arena_deinit(&arena);
}

static enum status export_report(void *user, const struct record_report *report, int64_t id)
{
	struct exporting *e = user;
	char path[4096] = "standard output";
	FILE *to = e->directory ? open_file(e, report, id, path) : stdout;

	bool failed = !to;
	if (to) {
		write_report(to, report);
		failed = ferror(to) != 0;
	}
	if (to && to != stdout)
		failed |= fclose(to) != 0;
	e->n += !failed;
	if (!failed)
		return STATUS_OK;
	snprintf(e->error, STORE_ERROR_SIZE, "could not write '%.400s': %s", path, strerror(errno));
	return STATUS_SYSTEM;
}

static bool is_bounded(const struct store_filter *filter)
{
	return filter->since_ms != INT64_MIN || filter->until_ms != INT64_MAX;
}

static int export_all(struct local *local, const struct store_filter *filter, const char *directory)
{
	char error[STORE_ERROR_SIZE] = "";
	struct exporting e = { .directory = directory, .error = error };

	if (directory && mkdir(directory, 0700) != 0 && errno != EEXIST)
		return terminal_fail("could not make the directory %s: %s", directory,
				     strerror(errno));
	enum status status =
		store_admin_read_reports(local->store, filter, export_report, &e, error);
	if (status == STATUS_OK && fflush(stdout) != 0)
		return terminal_fail("could not write: %s", strerror(errno));
	if (status != STATUS_OK)
		return terminal_fail("%s", error);
	if (e.n == 0 && filter->key)
		return terminal_fail("no report of a server of the name '%s' is in the store%s",
				     filter->key, is_bounded(filter) ? " for that time" : "");
	return TERMINAL_EXIT_OK;
}

int export_main(int argc, char **argv)
{
	static const char *const forms[] = { "export" };
	const char *server = NULL;
	const char *since = NULL;
	const char *until = NULL;
	const char *directory = NULL;
	struct local_place place = { 0 };
	struct arguments_option options[] = {
		{ "server", "NAME", &server, 1, 0 },
		{ "since", "TIME", &since, 1, 0 },
		{ "until", "TIME", &until, 1, 0 },
		{ "directory", "DIR", &directory, 1, 0 },
		LOCAL_OPTIONS(&place),
	};
	struct store_filter filter = { .since_ms = INT64_MIN, .until_ms = INT64_MAX };
	struct arguments words;
	struct local local;
	char key[SERVER_KEY_SIZE];

	int rc = ARGUMENTS_READ(&words, argc, argv, forms, options);
	if (rc != TERMINAL_EXIT_OK)
		return rc;
	if (arguments_time("since", since, &filter.since_ms) != TERMINAL_EXIT_OK ||
	    arguments_time("until", until, &filter.until_ms) != TERMINAL_EXIT_OK)
		return COMMAND_EXIT_USAGE;
	filter.key = server ? server_key(server, key) : NULL;
	rc = local_open(&local, &place, false);
	if (rc == TERMINAL_EXIT_OK)
		rc = export_all(&local, &filter, directory);
	local_close(&local);
	return rc;
}
