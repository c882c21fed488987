#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "collector/cli/api_client.h"
#include "collector/cli/arguments.h"
#include "collector/cli/report_source.h"
#include "collector/cli/terminal.h"
#include "collector/commands/commands.h"
#include "proto/json/fields.h"
#include "proto/report/report.h"

const char import_help[] =
	"mtawatch-collector import: give a collector reports that were carried by hand.\n"
	"\n"
	"Examples:\n"
	"  mtawatch-collector import exch8.json exch9.json\n"
	"  mtawatch-collector export --data /mnt/old | mtawatch-collector import - \\\n"
	"    --url https://collector.example.com:8285 --token-file operator.token\n"
	"\n"
	"A file holds one report, as `mtawatch-agent report` prints it, or a report a line, as\n"
	"`export` does; - is standard input. A report counts for the time at which it was made "
	"and\n"
	"never takes the place of a newer one. A collector has to run.\n"
	"\n"
	"Options:\n" API_CLIENT_HELP "\n"
	"The token's role is operator or admin. Prints what became of each report. Exit status: 0\n"
	"all are known to the collector now, 1 some are not, 2 wrong usage.\n";

/* A file on its way to the collector. */
struct source {
	struct api_client *client;
	struct report_source file;
	bool failed;      /* one of its reports, or it could not be read */
	bool is_hopeless; /* no further report has a chance */
};

static void print_refusal(struct source *s, const char *why)
{
	char place[REPORT_SOURCE_PLACE_SIZE];

	s->failed = true;
	fflush(stdout); /* so that what is told stays in its order */
	terminal_fail("%s: not imported: %s", report_source_place(&s->file, place), why);
}

/* "imported, EXCH8 is exposed": what the collector's answer says. */
static void print_taken(struct source *s, const struct api_client_answer *answer)
{
	struct json_reading in;
	struct json_place root;
	struct arena arena;
	char place[REPORT_SOURCE_PLACE_SIZE];
	const char *server = NULL;
	const char *taken = NULL;
	const char *verdict = NULL;

	arena_init(&arena);
	if (json_begin(&in, answer->body, answer->size, REPORT_MAX_STRING, &arena, &root) ==
	    STATUS_OK) {
		server = json_borrow_text(&in, &root, "server");
		taken = json_borrow_text(&in, &root, "taken");
		verdict = json_borrow_text(&in, &root, "verdict");
	}
	report_source_place(&s->file, place);
	if (!server || !taken)
		print_refusal(s, "the answer is not that of a collector of this version");
	else if (strcmp(taken, "known") == 0)
		terminal_print("%s: known already, of %s\n", place, server);
	else if (strcmp(taken, "older") == 0)
		terminal_print("%s: older than what is known of %s, kept in its history\n", place,
			       server);
	else
		terminal_print("%s: imported, %s is %s\n", place, server,
			       verdict ? verdict : "not judged");
	json_end(&in);
	arena_deinit(&arena);
}

static void send_report(struct source *s)
{
	struct api_client_call call = { .method = "POST",
					.path = "/v1/reports/import",
					.type = "application/json",
					.body = s->file.text.bytes,
					.size = s->file.text.size };
	struct api_client_answer answer;
	const char *error = NULL;

	if (s->file.text.size > REPORT_MAX_BYTES) {
		print_refusal(s, "it is longer than the 1 MiB that a report may have");
		return;
	}
	enum api_client_result result = api_client_call(s->client, &call, &answer, &error);
	if (result == API_CLIENT_OK)
		print_taken(s, &answer);
	else
		print_refusal(s, error);
	s->is_hopeless = result == API_CLIENT_FAILED;
	api_client_forget(s->client);
}

static void send_all(struct source *s)
{
	while (!s->is_hopeless && report_source_next(&s->file))
		send_report(s);
	if (report_source_has_failed(&s->file)) {
		print_refusal(s, strerror(errno));
	} else if (s->file.n == 0) {
		s->file.line = 0;
		print_refusal(s, "there is no report in it");
	}
}

/* False: it is no use to go on with other files. */
static bool import_file(struct api_client *client, const char *name, bool *failed)
{
	struct source s = { .client = client };
	const char *why = report_source_open(&s.file, name);

	if (why)
		print_refusal(&s, why);
	else
		send_all(&s);
	report_source_close(&s.file);
	*failed |= s.failed;
	return !s.is_hopeless;
}

int import_main(int argc, char **argv)
{
	static const char *const forms[] = { "import FILE..." };
	struct api_client_options parsed = { 0 };
	struct arguments_option options[] = { API_CLIENT_OPTIONS(&parsed) };
	struct api_client *client = NULL;
	struct arguments words;
	bool failed = false;

	int rc = ARGUMENTS_READ(&words, argc, argv, forms, options);
	if (rc == TERMINAL_EXIT_OK)
		rc = api_client_open(&client, &parsed);
	for (size_t i = 0; rc == TERMINAL_EXIT_OK && i < words.n_words; i++) {
		if (!import_file(client, words.words[i], &failed))
			break;
	}
	api_client_close(client);
	if (fflush(stdout) != 0)
		rc = terminal_fail("could not write: %s", strerror(errno));
	return rc == TERMINAL_EXIT_OK && failed ? TERMINAL_EXIT_FAILED : rc;
}
