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
#include "collector/cli/table.h"
#include "collector/commands/commands.h"
#include "collector/commands/report_files.h"
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
	table_keep_names(&table, 1);
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
	bool all_valid = report_files_add(set, files.words, files.n_words, at_ms);
	int exit_status = judge_reports(set, at_ms, json != NULL);
	report_set_free(set);
	return all_valid ? exit_status : ASSESS_EXIT_ERROR;
}
