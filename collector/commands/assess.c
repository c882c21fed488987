#include "collector/commands/assess.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collector/base/buffer.h"
#include "collector/fleet/report_set.h"
#include "proto/base/timestamp.h"
#include "proto/exposure/verdict_json.h"

const char assess_help[] =
	"mtawatch-collector assess: judge report files as a running collector would.\n"
	"\n"
	"Examples:\n"
	"  mtawatch-collector assess exch1.json exch2.json\n"
	"  mtawatch-collector assess --at 2026-11-22T10:45:23Z reports/*.json\n"
	"  mtawatch-agent report | mtawatch-collector assess -\n"
	"\n"
	"Options:\n"
	"  --at TIME   judge as of this moment (RFC 3339); default: now\n"
	"\n"
	"Prints one JSON array, ordered by server. Exit status: 0 nothing alarming, 1 a server is\n"
	"exposed or failing, 2 a file was no valid report or the usage is wrong.\n";

struct assess {
	int64_t at_ms;
	char **files;
	int n_files;
};

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool parse_time(const char *text, int64_t *out)
{
	if (text && timestamp_parse(text, out) == STATUS_OK)
		return true;
	fprintf(stderr, "mtawatch-collector: --at: '%s' is no time such as 2026-11-22T10:45:23Z\n",
		text ? text : "");
	return false;
}

/* Options may stand anywhere before "--"; the files are moved to the front of `argv`. */
static bool parse(int argc, char **argv, struct assess *out)
{
	bool options = true;

	*out = (struct assess){ .at_ms = now_ms(), .files = argv };
	for (int i = 0; i < argc; i++) {
		if (!options || argv[i][0] != '-' || strcmp(argv[i], "-") == 0) {
			argv[out->n_files++] = argv[i];
		} else if (strcmp(argv[i], "--") == 0) {
			options = false;
		} else if (strcmp(argv[i], "--at") == 0) {
			if (!parse_time(++i < argc ? argv[i] : NULL, &out->at_ms))
				return false;
		} else if (strncmp(argv[i], "--at=", 5) == 0) {
			if (!parse_time(argv[i] + 5, &out->at_ms))
				return false;
		} else {
			fprintf(stderr,
				"mtawatch-collector: assess knows no option '%s'; see assess "
				"--help\n",
				argv[i]);
			return false;
		}
	}
	if (out->n_files == 0)
		fprintf(stderr,
			"mtawatch-collector: assess needs report files; see assess --help\n");
	return out->n_files > 0;
}

/* Reads all of `file`, one byte more than a report may have at most. */
static bool read_all(FILE *file, struct buffer *out)
{
	char block[16 * 1024];

	while (out->size <= REPORT_MAX_BYTES) {
		size_t n = fread(block, 1, sizeof block, file);
		buffer_add(out, block, n);
		if (n < sizeof block)
			return ferror(file) == 0;
	}
	return true;
}

static bool read_file(const char *name, struct buffer *out)
{
	bool is_stdin = strcmp(name, "-") == 0;
	FILE *file = is_stdin ? stdin : fopen(name, "rb");

	bool ok = file && read_all(file, out);
	if (!ok)
		fprintf(stderr, "mtawatch-collector: could not read '%s': %s\n", name,
			strerror(errno));
	if (file && !is_stdin)
		fclose(file);
	return ok;
}

static void say_invalid(const char *name, enum status status, const struct json_error *why)
{
	fprintf(stderr, "mtawatch-collector: '%s' is no valid report: %s%s%s (%s)\n", name,
		why->pointer, *why->pointer ? ": " : "", why->detail, status_text(status));
}

static void say_later(const char *name, const struct snapshot *snapshot, int64_t at_ms)
{
	char collected[TIMESTAMP_TEXT_SIZE];
	char at[TIMESTAMP_TEXT_SIZE];

	fprintf(stderr,
		"mtawatch-collector: '%s' is ignored: its facts were collected at %s, after %s\n",
		name, timestamp_format(snapshot->at_ms, collected), timestamp_format(at_ms, at));
}

/* Returns false where the file is no valid report. */
static bool add_file(struct report_set *set, const char *name, int64_t at_ms)
{
	struct json_error why = { 0 };
	struct snapshot *snapshot = NULL;
	struct buffer text;

	buffer_init(&text);
	bool ok = read_file(name, &text);
	if (ok) {
		enum status status = snapshot_read_file(text.bytes ? text.bytes : "", text.size,
							&snapshot, &why);
		ok = status == STATUS_OK;
		if (!ok)
			say_invalid(name, status, &why);
	}
	if (snapshot && snapshot->at_ms > at_ms) {
		say_later(name, snapshot, at_ms);
		snapshot_unref(snapshot);
	} else if (snapshot) {
		report_set_add(set, snapshot);
	}
	buffer_deinit(&text);
	return ok;
}

/* Returns whether a verdict is alarming. */
static bool print(const struct report_set_verdict *verdicts, size_t n)
{
	bool alarming = false;

	printf("[");
	for (size_t i = 0; i < n; i++) {
		const struct report_set_verdict *v = &verdicts[i];
		char *json = verdict_json_write(&v->snapshot->report, v->silent, &v->assessment);
		printf("%s\n%s", i > 0 ? "," : "", json);
		free(json);
		alarming |= verdict_is_alarm(v->assessment.verdict);
	}
	printf("%s]\n", n > 0 ? "\n" : "");
	return alarming;
}

static int judge(const struct report_set *set, int64_t at_ms)
{
	struct report_set_verdict *verdicts = NULL;
	struct arena arena;
	size_t n = 0;

	arena_init(&arena);
	report_set_judge(set, at_ms, &arena, &verdicts, &n);
	int exit_status = print(verdicts, n) ? ASSESS_EXIT_ALARMING : ASSESS_EXIT_OK;
	arena_deinit(&arena);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "mtawatch-collector: could not write the result: %s\n",
			strerror(errno));
		return ASSESS_EXIT_ERROR;
	}
	return exit_status;
}

int assess_main(int argc, char **argv)
{
	struct assess command;

	if (!parse(argc, argv, &command))
		return ASSESS_EXIT_ERROR;

	struct report_set *set = report_set_new();
	bool all_valid = true;
	for (int i = 0; i < command.n_files; i++)
		all_valid &= add_file(set, command.files[i], command.at_ms);
	int exit_status = judge(set, command.at_ms);
	report_set_free(set);
	return all_valid ? exit_status : ASSESS_EXIT_ERROR;
}
