#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/base/loop.h"
#include "collector/cli/arguments.h"
#include "collector/cli/terminal.h"
#include "collector/cli/console.h"
#include "collector/cli/report_source.h"
#include "collector/cli/table.h"
#include "collector/commands/commands.h"
#include "collector/fleet/report_set.h"
#include "proto/base/text.h"
#include "proto/base/timestamp.h"
#include "proto/exposure/verdict_json.h"

#define ASSESS_EXIT_OK       0 /* no verdict is exposed or failing */
#define ASSESS_EXIT_ALARMING 1 /* one is */
#define ASSESS_EXIT_ERROR    2 /* a file was no valid report, or the command line is wrong */

const char assess_help[] =
	"mtawatch-collector assess: judge report files as a running collector would.\n"
	"\n"
	"Examples:\n"
	"  mtawatch-collector assess exch1.json exch2.json\n"
	"  mtawatch-collector assess --at 2026-11-22T10:45:23Z reports/*.json\n"
	"  mtawatch-agent report | mtawatch-collector assess -\n"
	"  mtawatch-collector export | mtawatch-collector assess -\n"
	"\n"
	"A file holds one report, or a report a line, as `export` prints them.\n"
	"\n"
	"Options:\n"
	"  --at TIME   judge as of this moment (RFC 3339); default: now\n"
	"  --json      print JSON on a terminal, too\n"
	"\n"
	"Prints a table on a terminal, else one JSON array, ordered by server. Exit status: 0 "
	"nothing alarming, 1 a server is\n"
	"exposed or failing, 2 a file was no valid report or the usage is wrong.\n";

static void say_invalid(const char *name, enum status status, const struct json_error *why)
{
	terminal_warn("'%s' is no valid report: %s%s%s (%s)", name, why->pointer,
		      *why->pointer ? ": " : "", why->detail, status_text(status));
}

static void say_later(const char *name, const struct snapshot *snapshot, int64_t at_ms)
{
	char collected[TIMESTAMP_TEXT_SIZE];
	char at[TIMESTAMP_TEXT_SIZE];

	terminal_warn("'%s' is ignored: its facts were collected at %s, after %s", name,
		      timestamp_format(snapshot->at_ms, collected), timestamp_format(at_ms, at));
}

/* Returns false where it is no valid report. */
static bool add_report(struct report_set *set, const struct report_source *file, int64_t at_ms)
{
	char place[REPORT_SOURCE_PLACE_SIZE];
	struct json_error why = { 0 };
	struct snapshot *snapshot = NULL;

	report_source_place(file, place);
	enum status status = snapshot_read_file(file->text.bytes, file->text.size, &snapshot, &why);
	if (status != STATUS_OK) {
		say_invalid(place, status, &why);
		return false;
	}
	if (snapshot->at_ms > at_ms) {
		say_later(place, snapshot, at_ms);
		snapshot_unref(snapshot);
	} else {
		report_set_add(set, snapshot);
	}
	return true;
}

static bool say_unread(const char *name, const char *why)
{
	terminal_warn("could not read '%s': %s", name, why);
	return false;
}

/* Returns false where it is not a file of valid reports alone. */
static bool add_file(struct report_set *set, const char *name, int64_t at_ms)
{
	struct report_source file;
	const char *why = report_source_open(&file, name);
	bool ok = !why;

	if (why)
		say_unread(name, why);
	while (!why && report_source_next(&file))
		ok &= add_report(set, &file, at_ms);
	if (!why && report_source_has_failed(&file))
		ok = say_unread(name, strerror(errno));
	else if (!why && file.n == 0)
		ok = say_unread(name, "there is no report in it");
	report_source_close(&file);
	return ok;
}

static bool is_alarming(const struct report_set_verdict *v)
{
	return v->assessment.verdict == VERDICT_EXPOSED || v->assessment.verdict == VERDICT_FAILING;
}

static void print_json(const struct report_set_verdict *verdicts, size_t n)
{
	printf("[");
	for (size_t i = 0; i < n; i++) {
		const struct report_set_verdict *v = &verdicts[i];
		char *json = verdict_json_write(&v->snapshot->report, v->silent, &v->assessment);
		printf("%s\n", i > 0 ? "," : "");
		terminal_write(json, strlen(json));
		free(json);
	}
	printf("%s]\n", n > 0 ? "\n" : "");
}

static enum tint tint_of(const struct report_set_verdict *v)
{
	if (is_alarming(v))
		return TINT_BAD;
	if (v->silent || v->assessment.verdict == VERDICT_AT_RISK ||
	    v->assessment.verdict == VERDICT_UNKNOWN)
		return TINT_WARNING;
	return TINT_GOOD;
}

/* The first way to mend it, step by step. */
static const char *join_steps(const struct remedy *remedy, struct arena *arena)
{
	const char *text = NULL;

	for (size_t i = 0; remedy->n_options > 0 && i < remedy->options[0].n_steps; i++)
		text = arena_printf(arena, "%s%s%s", text ? text : "", text ? "; " : "",
				    remedy->options[0].steps[i].text);
	return text ? text : remedy->text;
}

static void print_table(const struct report_set_verdict *verdicts, size_t n, struct arena *arena)
{
	static const char *const names[] = { "VERDICT", "SERVER", "ORGANIZATION",
					     "SITE",    "WHY",    "WHAT TO DO" };
	struct table table;

	table_init(&table, names, sizeof names / sizeof *names, arena);
	for (size_t i = 0; i < n; i++) {
		const struct report_set_verdict *v = &verdicts[i];
		const struct report *report = &v->snapshot->report;
		const char *verdict = verdict_word(v->assessment.verdict);
		const char *cells[] = {
			v->silent ? arena_printf(arena, "%s, silent", verdict) : verdict,
			arena_strndup(arena, report->host.name,
				      text_short_name_length(report->host.name)),
			report->exchange.organization,
			report->exchange.site,
			v->assessment.n_reasons > 0 ? v->assessment.reasons[0].text : NULL,
			join_steps(&v->assessment.remedy, arena),
		};
		table_add(&table, cells, tint_of(v));
	}
	table_print(&table, console_width(), console_has_color(), stdout);
}

static int judge_reports(const struct report_set *set, int64_t at_ms, bool is_json)
{
	struct report_set_verdict *verdicts = NULL;
	struct arena arena;
	size_t n = 0;

	arena_init(&arena);
	report_set_judge(set, at_ms, &arena, &verdicts, &n);
	int exit_status = ASSESS_EXIT_OK;
	for (size_t i = 0; i < n; i++)
		exit_status = is_alarming(&verdicts[i]) ? ASSESS_EXIT_ALARMING : exit_status;
	if (is_json || isatty(STDOUT_FILENO) != 1)
		print_json(verdicts, n);
	else
		print_table(verdicts, n, &arena);
	arena_deinit(&arena);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		terminal_warn("could not write the result: %s", strerror(errno));
		return ASSESS_EXIT_ERROR;
	}
	return exit_status;
}

int assess_main(int argc, char **argv)
{
	static const char *const forms[] = { "assess [FILE...]" };
	const char *at = NULL;
	const char *json = NULL;
	struct arguments_option options[] = { { "at", "TIME", &at, 1, 0 },
					      { "json", NULL, &json, 1, 0 } };
	struct arguments files;
	int64_t at_ms = loop_wall_ms();

	if (ARGUMENTS_READ(&files, argc, argv, forms, options) != TERMINAL_EXIT_OK ||
	    arguments_time("at", at, &at_ms) != TERMINAL_EXIT_OK)
		return ASSESS_EXIT_ERROR;
	if (files.n_words == 0) {
		terminal_warn("assess needs report files; see mtawatch-collector assess --help");
		return ASSESS_EXIT_ERROR;
	}
	struct report_set *set = report_set_new();
	bool all_valid = true;
	for (size_t i = 0; i < files.n_words; i++)
		all_valid &= add_file(set, files.words[i], at_ms);
	int exit_status = judge_reports(set, at_ms, json != NULL);
	report_set_free(set);
	return all_valid ? exit_status : ASSESS_EXIT_ERROR;
}
