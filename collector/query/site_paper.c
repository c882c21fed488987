#include "collector/query/site_paper.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "collector/base/html.h"
#include "collector/query/site_paper_internal.h"
#include "proto/base/count.h"
#include "proto/base/printable.h"
#include "proto/base/timestamp.h"
#include "proto/exposure/exposure.h"
#include "proto/site/site.h"

/* What to tell of a verdict or of what goes beside them, worst first. */
struct word {
	const char *name;
	const char *tone; /* a class of the style */
	bool is_well;
};

static const struct word words[] = {
	{ "failing", "bad", false },        { "exposed", "bad", false },
	{ "at_risk", "warning", false },    { "silent", "warning", false },
	{ "unknown", "warning", false },    { "not_monitored", "warning", false },
	{ "clear", "good", true },          { "protected", "good", true },
	{ "not_applicable", "good", true },
};
#define N_WORDS COUNT(words)

/* The place of a name; of one of a newer collector that of "unknown": nobody knows it is good. */
static size_t find_word(const char *name)
{
	size_t unknown = 4;

	for (size_t i = 0; i < N_WORDS; i++) {
		if (strcmp(words[i].name, name) == 0)
			return i;
	}
	return unknown;
}

/* A server that was well and is silent counts as silent alone, as it does everywhere. */
static size_t word_of(const struct site_paper_server *server)
{
	size_t word = find_word(server->verdict);

	return server->silent && words[word].is_well ? find_word("silent") : word;
}

static bool is_well(const struct site_paper_server *server)
{
	return words[word_of(server)].is_well;
}

void paper_add(struct paper *page, const char *markup)
{
	buffer_add_text(page->out, markup);
}

void paper_add_text(struct paper *page, const char *text)
{
	size_t size = strlen(text ? text : "") + 1;

	html_add_escaped(page->out, printable(arena_alloc(page->arena, size), size, text));
}

const char *paper_time_words(struct paper *page, int64_t ms)
{
	char text[TIMESTAMP_TEXT_SIZE];

	if (ms == TIMESTAMP_NONE)
		return "never";
	timestamp_format(ms, text);
	return arena_printf(page->arena, "%.10s %.8s UTC", text, text + strlen("2026-11-22T"));
}

static void add_paragraph(struct paper *page, const char *style_class, const char *text)
{
	buffer_printf(page->out, "<p class=\"%s\">", style_class);
	paper_add_text(page, text);
	paper_add(page, "</p>\n");
}

/* "at risk" of "at_risk" */
static const char *verdict_words(const char *name)
{
	if (strcmp(name, "not_monitored") == 0)
		return "not monitored";
	return verdict_word_of(name);
}

static void add_verdict(struct paper *page, const struct site_paper_server *server)
{
	buffer_printf(page->out, "<b class=\"%s\">", words[word_of(server)].tone);
	paper_add_text(page, verdict_words(server->verdict));
	paper_add(page, server->silent ? ", silent</b>" : "</b>");
}

static void add_cell(struct paper *page, const char *text)
{
	paper_add(page, "<td>");
	paper_add_text(page, text);
	paper_add(page, "</td>");
}

static void add_verdict_cell(struct paper *page, const struct site_paper_server *server)
{
	paper_add(page, "<td>");
	add_verdict(page, server);
	paper_add(page, "</td>");
}

static const char *build_words(const struct site_paper_server *server)
{
	return server->build ? server->build : "none known";
}

static int64_t fresh_until(const struct site_paper_server *server)
{
	return server->reported_ms + SITE_FRESH_INTERVALS * server->interval_s * 1000;
}

/* The first moment at which a report ceases to be fresh, and whose. */
static int64_t find_end(const struct site_paper *report, const struct site_paper_server **whose)
{
	int64_t end_ms = INT64_MAX;

	for (size_t i = 0; i < report->n; i++) {
		const struct site_paper_server *server = &report->servers[i];
		int64_t until_ms = fresh_until(server);
		if (until_ms < end_ms) {
			end_ms = until_ms;
			*whose = server;
		}
	}
	return end_ms;
}

static bool is_certificate(const struct site_paper *report)
{
	for (size_t i = 0; i < report->n; i++) {
		if (!is_well(&report->servers[i]) ||
		    report->servers[i].reported_ms == TIMESTAMP_NONE)
			return false;
	}
	return report->n > 0;
}

static void add_rests_on(struct paper *page)
{
	const struct site_paper *report = page->report;

	paper_add(page,
		  "<table>\n<thead><tr><th>It rests on</th><th>report of</th><th>fresh until</th>"
		  "<th>build</th><th>verdict</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < report->n; i++) {
		const struct site_paper_server *server = &report->servers[i];
		paper_add(page, "<tr>");
		add_cell(page, server->name);
		add_cell(page, paper_time_words(page, server->reported_ms));
		add_cell(page, paper_time_words(page, fresh_until(server)));
		add_cell(page, build_words(server));
		add_verdict_cell(page, server);
		paper_add(page, "</tr>\n");
	}
	paper_add(page, "</tbody>\n</table>\n");
}

static void add_certificate(struct paper *page)
{
	const struct site_paper *report = page->report;
	const struct site_paper_server *whose = &report->servers[0];
	int64_t end_ms = find_end(report, &whose);

	paper_add(
		page,
		"<section class=\"certificate\">\n<p>Every server of this site is clear, protected "
		"or not applicable; none is silent or not monitored.</p>\n"
		"<p>This holds until <b>");
	paper_add_text(page, paper_time_words(page, end_ms));
	paper_add(page, "</b>: then the report of ");
	paper_add_text(page, whose->name);
	paper_add(
		page,
		" ceases to be fresh, and nobody can tell from it any more. A change of a server "
		"or of the network ends it sooner, and of servers that neither report nor stand in "
		"the inventory it says nothing.</p>\n</section>\n");
	add_rests_on(page);
}

static void add_counts(struct paper *page)
{
	const struct site_paper *report = page->report;
	size_t silent = 0;

	paper_add(page, "<h2>Servers by verdict</h2>\n<table>\n");
	for (size_t k = 0; k < N_WORDS; k++) {
		size_t n = 0;
		for (size_t i = 0; i < report->n; i++)
			n += word_of(&report->servers[i]) == k;
		if (n == 0)
			continue;
		enum verdict verdict;
		buffer_printf(page->out, "<tr><td class=\"n\">%zu</td><td><b class=\"%s\">", n,
			      words[k].tone);
		paper_add_text(page, verdict_words(words[k].name));
		paper_add(page, "</b></td><td>");
		if (verdict_from_name(words[k].name, &verdict))
			paper_add_text(page, verdict_meaning(verdict));
		else
			paper_add(page, strcmp(words[k].name, "silent") == 0
						? "Was well, and has stopped reporting."
						: "Should be there, and has never reported.");
		paper_add(page, "</td></tr>\n");
	}
	for (size_t i = 0; i < report->n; i++)
		silent += report->servers[i].silent;
	buffer_printf(page->out, "<tr><td class=\"n\">%zu</td><td>in all</td><td>", report->n);
	if (silent > 0)
		buffer_printf(page->out,
			      "%zu of them silent: the verdict of such a server is that of its "
			      "last fresh report.",
			      silent);
	paper_add(page, "</td></tr>\n</table>\n");
}

/* What has changed */

/* A verdict that was not known is neither better nor worse. */
static const char *change_words(const struct site_paper_server *server)
{
	size_t unknown = find_word("unknown");
	size_t now = find_word(server->verdict);
	size_t before = find_word(server->before ? server->before : "unknown");

	if (server->is_new && server->n_changes == 1)
		return "new";
	if (now == before)
		return "as it was, after changes";
	if (before == unknown)
		return "now known";
	if (now == unknown)
		return "cannot be told any more";
	if (words[now].is_well)
		return words[before].is_well ? "well before and after" : "mended";
	return now > before ? "better" : "worse";
}

static void add_change(struct paper *page, const struct site_paper_server *server)
{
	paper_add(page, "<tr>");
	add_cell(page, server->name);
	add_cell(page, change_words(server));
	add_cell(page, verdict_words(server->before ? server->before : "unknown"));
	add_verdict_cell(page, server);
	add_cell(page, paper_time_words(page, server->changed_ms));
	buffer_printf(page->out, "<td class=\"n\">%zu</td></tr>\n", server->n_changes);
}

static void add_changes(struct paper *page)
{
	const struct site_paper *report = page->report;
	size_t n = 0;

	paper_add(page, "<h2>What has changed since ");
	paper_add_text(page, paper_time_words(page, report->since_ms));
	paper_add(page, "</h2>\n");
	for (size_t i = 0; i < report->n; i++)
		n += report->servers[i].n_changes > 0;
	if (n == 0) {
		paper_add(page, "<p>No verdict of these servers.</p>\n");
		return;
	}
	paper_add(page, "<table>\n<thead><tr><th>server</th><th>what</th><th>then</th><th>now</th>"
			"<th>last change</th><th class=\"n\">changes</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < report->n; i++) {
		if (report->servers[i].n_changes > 0)
			add_change(page, &report->servers[i]);
	}
	paper_add(page, "</tbody>\n</table>\n<p class=\"dim\">Of the servers that are in the fleet "
			"now.</p>\n");
}

/* A server */

static void add_remedy(struct paper *page, const struct findings *findings)
{
	for (size_t i = 0; i < findings->n_options; i++) {
		const struct findings_option *option = &findings->options[i];
		if (findings->n_options > 1)
			buffer_printf(page->out, "<p>To mend it, option %zu:</p>\n<ol>\n", i + 1);
		else
			paper_add(page, "<p>To mend it:</p>\n<ol>\n");
		for (size_t k = 0; k < option->n; k++) {
			const char *after = option->steps[k].verdict_after;
			paper_add(page, "<li>");
			paper_add_text(page, option->steps[k].text);
			paper_add(page, " <span class=\"dim\">(then: ");
			paper_add_text(page, verdict_words(after ? after : "unknown"));
			paper_add(page, ")</span></li>\n");
		}
		paper_add(page, "</ol>\n");
	}
	if (findings->remedy)
		add_paragraph(page, "remedy", findings->remedy);
}

static void add_fact(struct paper *page, const char *name, const char *value)
{
	if (!value || !*value)
		return;
	buffer_printf(page->out, "; %s ", name);
	paper_add_text(page, value);
}

static void add_evidence(struct paper *page, const struct site_paper_server *server)
{
	const struct findings_reason *lead = findings_lead(&server->findings);

	if (server->reported_ms == TIMESTAMP_NONE)
		return;
	paper_add(page, "<p class=\"dim\">Evidence: report of ");
	paper_add_text(page, paper_time_words(page, server->reported_ms));
	add_fact(page, "adapter", lead->adapter);
	if (lead->event > 0)
		buffer_printf(page->out, "; event %" PRId64 " of its log", lead->event);
	if (lead->event > 0 && lead->event_ms != TIMESTAMP_NONE) {
		paper_add(page, " at ");
		paper_add_text(page, paper_time_words(page, lead->event_ms));
	}
	add_fact(page, "build", server->build);
	add_fact(page, "MTA", server->mta);
	add_fact(page, "system", server->os);
	paper_add(page, "</p>\n");
}

#define MAX_REASONS 5

static void add_reasons(struct paper *page, const struct findings *findings)
{
	for (size_t i = 0; i < findings->n_reasons && i < MAX_REASONS; i++)
		add_paragraph(page, i == 0 ? "lead" : "dim", findings->reasons[i].text);
	if (findings->n_reasons > MAX_REASONS)
		buffer_printf(page->out, "<p class=\"dim\">and %zu reasons more</p>\n",
			      findings->n_reasons - MAX_REASONS);
	for (size_t i = 0; i < findings->n_notes; i++)
		add_paragraph(page, "note", findings->notes[i].text);
}

static void add_server(struct paper *page, const struct site_paper_server *server)
{
	buffer_printf(page->out, "<article class=\"%s\">\n<h3>", words[word_of(server)].tone);
	paper_add_text(page, server->name);
	paper_add(page, ": ");
	add_verdict(page, server);
	paper_add(page, "</h3>\n");
	if (server->since_ms != TIMESTAMP_NONE) {
		paper_add(page, "<p class=\"dim\">since ");
		paper_add_text(page, paper_time_words(page, server->since_ms));
		paper_add(page, "</p>\n");
	}
	add_reasons(page, &server->findings);
	add_remedy(page, &server->findings);
	add_evidence(page, server);
	paper_add(page, "</article>\n");
}

static void add_well_server(struct paper *page, const struct site_paper_server *server)
{
	paper_add(page, "<tr>");
	add_cell(page, server->name);
	add_verdict_cell(page, server);
	add_cell(page, paper_time_words(page, server->since_ms));
	add_cell(page, build_words(server));
	add_cell(page, findings_lead(&server->findings)->text);
	paper_add(page, "</tr>\n");
}

static size_t count_well(const struct site_paper *report)
{
	size_t n = 0;

	for (size_t i = 0; i < report->n; i++)
		n += is_well(&report->servers[i]);
	return n;
}

/* What there is to do comes with each of those that are not well; of the others a line is enough. */
static void add_servers(struct paper *page)
{
	const struct site_paper *report = page->report;
	size_t n_well = count_well(report);

	if (n_well < report->n)
		paper_add(page, "<h2>Servers to look after</h2>\n");
	for (size_t i = 0; i < report->n; i++) {
		if (!is_well(&report->servers[i]))
			add_server(page, &report->servers[i]);
	}
	if (n_well == 0)
		return;
	paper_add(
		page,
		"<h2>Servers that are well</h2>\n<table class=\"well\">\n<thead><tr><th>server</th>"
		"<th>verdict</th><th>since</th><th>build</th><th>why</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < report->n; i++) {
		if (is_well(&report->servers[i]))
			add_well_server(page, &report->servers[i]);
	}
	paper_add(page, "</tbody>\n</table>\n");
}

void site_paper_write(const struct site_paper *report, struct arena *arena, struct buffer *out)
{
	struct paper page = { report, arena, out };
	bool certificate = is_certificate(report);

	paper_add_head(&page, certificate);
	if (certificate)
		add_certificate(&page);
	add_counts(&page);
	add_changes(&page);
	paper_add_trend(&page);
	add_servers(&page);
	paper_add(&page,
		  "<p class=\"dim\">All times are those of the collector but of events, which are "
		  "by the server's clock. Cannot tell means that facts are missing which could "
		  "change the answer. Written by mtawatch-collector.</p>\n</body>\n</html>\n");
}
