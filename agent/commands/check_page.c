#include "agent/commands/check_page.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/printable.h"
#include "proto/base/arena.h"
#include "proto/base/text.h"
#include "proto/exposure/verdict_json.h"
#include "proto/report/log_words.h"
#include "proto/report/probe_words.h"

#define MAX_LINE 2048 /* bytes of one text on the page; what is longer is cut */
#define WIDTH    78   /* columns of the page */

/* ECMA-48 SGR sequences. */
#define COLOR_BAD  "\033[1;31m"
#define COLOR_WARN "\033[1;33m"
#define COLOR_GOOD "\033[1;32m"
#define COLOR_NONE "\033[0m"

static const char *color_of(enum verdict verdict)
{
	if (verdict_is_alarm(verdict))
		return COLOR_BAD;
	return verdict >= VERDICT_CLEAR ? COLOR_GOOD : COLOR_WARN;
}

struct page {
	FILE *stream;
	bool color;
};

/* Prints words broken at spaces; lines after the first are indented by `indent` columns. */
static void put_wrapped(struct page *page, size_t indent, const char *first, const char *text)
{
	char clean[MAX_LINE];
	size_t column = strlen(first);
	const char *at = printable(clean, sizeof clean, text);

	fprintf(page->stream, "%s", first);
	while (*at) {
		size_t n = strcspn(at, " ");
		if (column > indent && column + 1 + n > WIDTH) {
			fprintf(page->stream, "\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			fputc(' ', page->stream);
			column++;
		}
		fprintf(page->stream, "%.*s", (int)n, at);
		column += n;
		at += n + strspn(at + n, " ");
	}
	fputc('\n', page->stream);
}

static void put_heading(struct page *page, const char *text)
{
	fprintf(page->stream, "\n%s\n", text);
}

/* The verdict, and what it means; scripts look at the exit status, or ask for JSON. */
static void put_verdict(struct page *page, const struct report *report, enum verdict verdict)
{
	char name[MAX_LINE];

	printable(name, sizeof name, report_server_name(report));
	fprintf(page->stream, "%s: %s%s%s\n", name, page->color ? color_of(verdict) : "",
		verdict_word(verdict), page->color ? COLOR_NONE : "");
	put_wrapped(page, 0, "", verdict_meaning(verdict));
}

static void put_reasons(struct page *page, const struct assessment *assessment)
{
	if (assessment->n_reasons == 0)
		return;
	put_heading(page, "Why");
	for (size_t i = 0; i < assessment->n_reasons; i++)
		put_wrapped(page, 4, "  - ", assessment->reasons[i].text);
}

static void put_option(struct page *page, const struct remedy_option *option)
{
	for (size_t i = 0; i < option->n_steps; i++) {
		const struct remedy_step *step = &option->steps[i];
		char number[32];
		(void)snprintf(number, sizeof number, "  %lu. ", (unsigned long)i + 1);
		put_wrapped(page, 5, number, step->text);
		fprintf(page->stream, "     then: %s\n", verdict_word(step->verdict_after));
	}
}

static void put_remedy(struct page *page, const struct remedy *remedy)
{
	if (remedy->n_options == 0 && !remedy->text)
		return;
	put_heading(page, "What to do");
	for (size_t i = 0; i < remedy->n_options; i++) {
		if (i > 0)
			fputs("  or\n", page->stream);
		put_option(page, &remedy->options[i]);
	}
	if (remedy->text)
		put_wrapped(page, 2, "  ", remedy->text);
	for (size_t i = 0; i < remedy->n_missing_paths; i++) {
		const struct missing_path *path = &remedy->missing_paths[i];
		char line[MAX_LINE];
		(void)snprintf(line, sizeof line, "%s to %s: %s; should reach %s", path->adapter,
			       path->peer, probe_words(path->grade, path->error),
			       grade_name(path->proven) ? grade_name(path->proven) : "epm");
		put_wrapped(page, 4, "  - ", line);
	}
}

static void put_problems(struct page *page, const struct report *report)
{
	if (report->n_problems == 0)
		return;
	put_heading(page, "What could not be read");
	for (size_t i = 0; i < report->n_problems; i++) {
		const struct report_problem *problem = &report->problems[i];
		const char *why = problem->message ? problem->message : "no reason was given";
		bool named = text_has_prefix(why, problem->fact);
		char line[MAX_LINE];
		(void)snprintf(line, sizeof line, "%s%s%s", named ? "" : problem->fact,
			       named ? "" : ": ", why);
		put_wrapped(page, 4, "  - ", line);
	}
}

/* The event log that was read, and how far back it reaches. */
static void put_log(struct page *page, const struct report *report)
{
	struct arena arena;

	arena_init(&arena);
	const char *words = report_log_words(&report->mta.log, report_none_failed(report), &arena);
	if (words) {
		put_heading(page, "The event log");
		put_wrapped(page, 4, "  - ", words);
	}
	arena_deinit(&arena);
}

/* Facts that this verdict could not know. */
static const char *limits_of(const struct report *report)
{
	if (!report->adapters_known)
		return "Judged without adapters and probes: they are not known here.";
	if (report->n_probes == 0)
		return "No peer was probed: name other servers of the site with --peer "
		       "NAME=ADDRESS, or let a collector deal them.";
	return "Judged by this machine's own facts and probes alone; the collector also knows "
	       "what other servers see.";
}

static void put_limits(struct page *page, const struct report *report)
{
	fputc('\n', page->stream);
	put_wrapped(page, 0, "", limits_of(report));
}

/* Where the agent that runs sends its reports, and what the others answered it. */
static void put_collectors(struct page *page, const char *note)
{
	if (!note)
		return;
	put_heading(page, "The collectors");
	put_wrapped(page, 4, "  - ", note);
}

static void put_page(struct page *page, const struct report *report,
		     const struct assessment *assessment, const char *collectors)
{
	put_verdict(page, report, assessment->verdict);
	put_reasons(page, assessment);
	put_remedy(page, &assessment->remedy);
	put_log(page, report);
	put_problems(page, report);
	put_collectors(page, collectors);
	put_limits(page, report);
}

static const char *first_reason(const struct assessment *assessment)
{
	return assessment->n_reasons > 0 ? assessment->reasons[0].text : NULL;
}

static void put_restart(struct page *page, const struct report *report,
			const struct assessment *assessment, enum restart restart)
{
	struct arena arena;
	char name[MAX_LINE];

	arena_init(&arena);
	printable(name, sizeof name, report_server_name(report));
	fprintf(page->stream, "%s: ", name);
	put_wrapped(
		page, 0, "",
		restart_sentence(restart, assessment->verdict, first_reason(assessment), &arena));
	arena_deinit(&arena);
}

static void put_json(FILE *stream, const struct report *report, const struct assessment *assessment)
{
	char *json = verdict_json_write(report, false, assessment);

	fputs(json, stream);
	fputc('\n', stream);
	free(json);
}

enum status check_page_print(FILE *stream, const struct report *report,
			     const struct check_page_style *style, struct check_page_answer *out)
{
	struct page page = { .stream = stream, .color = style->color };
	struct assessment assessment;
	struct arena arena;

	arena_init(&arena);
	exposure_assess_alone(report, &assessment, &arena);
	out->verdict = assessment.verdict;
	out->restart = restart_judge(assessment.verdict, remedy_is_to_start(&assessment.remedy));
	if (style->json)
		put_json(stream, report, &assessment);
	else if (style->before_restart)
		put_restart(&page, report, &assessment, out->restart);
	else
		put_page(&page, report, &assessment, style->collectors);
	arena_deinit(&arena);
	return fflush(stream) == 0 && !ferror(stream) ? STATUS_OK : STATUS_SYSTEM;
}
