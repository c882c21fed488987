#include "collector/query/site_paper.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "collector/base/html.h"
#include "proto/base/count.h"
#include "proto/base/printable.h"
#include "proto/base/timestamp.h"
#include "proto/exposure/exposure.h"
#include "proto/site/site.h"

static const char style[] =
	"body{font:10.5pt/1.4 'Segoe UI',Helvetica,Arial,sans-serif;color:#1f2328;"
	"background:#fff;max-width:60em;margin:2em auto;padding:0 1em}"
	"h1{font-size:20pt;line-height:1.2;margin:0 0 .3em}"
	"h2{font-size:13pt;margin:1.6em 0 .4em;break-after:avoid}"
	"h3{font-size:11pt;margin:0 0 .2em}"
	"p,ol,dl{margin:.3em 0}"
	"ol{padding-left:1.6em}"
	"table{border-collapse:collapse;width:100%}"
	"th,td{text-align:left;vertical-align:top;padding:.25em .8em .25em 0;"
	"border-bottom:1px solid #d1d9e0;overflow-wrap:anywhere}"
	"th{font-size:9pt;color:#59636e}"
	".n{text-align:right;width:3em;overflow-wrap:normal}"
	"thead{display:table-header-group}"
	"tr,article,figure,.certificate{break-inside:avoid}"
	"h3{break-after:avoid}p{orphans:3;widows:3}"
	"td b{white-space:nowrap}"
	".well th{width:15%}.well th:nth-child(3){width:23%}.well th:last-child{width:auto}"
	"article{border-left:4px solid #6e7781;padding:.1em 0 .1em .9em;margin:1em 0}"
	".bad{border-color:#b42318}.warning{border-color:#b25e00}.good{border-color:#1a7f37}"
	"b.bad{color:#b42318}b.warning{color:#9a4a00}b.good{color:#1a7f37}"
	".dim{color:#59636e;font-size:9.5pt}"
	".certificate{border:2px solid #1a7f37;padding:.6em 1em;margin:1em 0}"
	"figure{margin:.5em 0}svg{width:100%;height:auto}"
	"@media print{body{margin:0;max-width:none;padding:0}"
	"*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}";

struct page {
	const struct site_paper *report;
	struct arena *arena;
	struct buffer *out;
};

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

static void add(struct page *page, const char *markup)
{
	buffer_add_text(page->out, markup);
}

/* Text of reports, too: what no document may hold is made harmless, the rest is escaped. */
static void add_text(struct page *page, const char *text)
{
	size_t size = strlen(text ? text : "") + 1;

	html_add_escaped(page->out, printable(arena_alloc(page->arena, size), size, text));
}

static void add_paragraph(struct page *page, const char *style_class, const char *text)
{
	buffer_printf(page->out, "<p class=\"%s\">", style_class);
	add_text(page, text);
	add(page, "</p>\n");
}

/* "2026-11-22 10:45:23 UTC" */
static const char *time_words(struct page *page, int64_t ms)
{
	char text[TIMESTAMP_TEXT_SIZE];

	if (ms == TIMESTAMP_NONE)
		return "never";
	timestamp_format(ms, text);
	return arena_printf(page->arena, "%.10s %.8s UTC", text, text + strlen("2026-11-22T"));
}

/* "at risk" of "at_risk" */
static const char *verdict_words(const char *name)
{
	if (strcmp(name, "not_monitored") == 0)
		return "not monitored";
	return verdict_word_of(name);
}

static void add_verdict(struct page *page, const struct site_paper_server *server)
{
	buffer_printf(page->out, "<b class=\"%s\">", words[word_of(server)].tone);
	add_text(page, verdict_words(server->verdict));
	add(page, server->silent ? ", silent</b>" : "</b>");
}

/* The first moment at which a report ceases to be fresh, and whose. */
static int64_t find_end(const struct site_paper *report, const struct site_paper_server **whose)
{
	int64_t end_ms = INT64_MAX;

	for (size_t i = 0; i < report->n; i++) {
		const struct site_paper_server *server = &report->servers[i];
		int64_t until_ms =
			server->reported_ms + SITE_FRESH_INTERVALS * server->interval_s * 1000;
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

/* A dash for what reports do not name, as in paths. */
static const char *name_or_dash(const char *name)
{
	return *name ? name : "-";
}

static void add_site_name(struct page *page)
{
	const struct site_paper *report = page->report;

	add_text(page, name_or_dash(report->organization));
	add(page, "/");
	add_text(page, name_or_dash(report->site));
}

/* Text within a string of the style: what could end that, or the style, is written by number. */
static void add_style_text(struct page *page, const char *text)
{
	size_t size = strlen(text) + 1;
	const char *harmless = printable(arena_alloc(page->arena, size), size, text);

	for (const char *at = harmless; *at; at++) {
		bool is_plain = (unsigned char)*at >= 0x80 || (*at >= '0' && *at <= '9') ||
				(*at >= 'A' && *at <= 'Z') || (*at >= 'a' && *at <= 'z') ||
				strchr(" -._:,", *at);
		if (is_plain)
			buffer_add_char(page->out, *at);
		else
			buffer_printf(page->out, "\\%x ", (unsigned)(unsigned char)*at);
	}
}

/* On each sheet of paper: what it is of, from when and from where. */
static void add_page_style(struct page *page, const char *title)
{
	static const char font[] = "font:8.5pt 'Segoe UI',Helvetica,Arial,sans-serif;color:#59636e";
	const struct site_paper *report = page->report;

	buffer_printf(page->out, "@page{margin:18mm 15mm;@top-left{%s;content:\"%s: ", font, title);
	add_style_text(page, arena_printf(page->arena, "%s/%s", name_or_dash(report->organization),
					  name_or_dash(report->site)));
	buffer_printf(page->out, "\"}@top-right{%s;content:\"as of %s\"}@bottom-left{%s;content:\"",
		      font, time_words(page, report->at_ms), font);
	add_style_text(page, report->collector ? report->collector : "mtawatch-collector");
	buffer_printf(page->out,
		      "\"}@bottom-right{%s;content:\"page \" counter(page) \" of \" "
		      "counter(pages)}}",
		      font);
}

static void add_head(struct page *page, bool certificate)
{
	const struct site_paper *report = page->report;
	const char *title = certificate ? "Site certificate" : "Site report";

	add(page, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
		  "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		  "style-src 'unsafe-inline'\"/>\n"
		  "<meta name=\"viewport\" content=\"width=device-width\"/>\n<title>");
	add(page, title);
	add(page, ": ");
	add_site_name(page);
	add(page, "</title>\n<style>");
	add_page_style(page, title);
	buffer_printf(page->out, "%s</style>\n</head>\n<body>\n<h1>%s: ", style, title);
	add_site_name(page);
	add(page, "</h1>\n<p>As of <b>");
	add_text(page, time_words(page, report->at_ms));
	add(page, "</b>, as the collector ");
	if (report->collector) {
		add(page, "at ");
		add_text(page, report->collector);
		add(page, " ");
	}
	add(page, "knew it. What happened later is not in here.</p>\n"
		  "<p class=\"dim\">Whether the MTA of each Exchange 5.5 server would start again, "
		  "by the rule of Microsoft's article Q285350.</p>\n");
}

static void add_rests_on(struct page *page)
{
	const struct site_paper *report = page->report;

	add(page, "<table>\n<thead><tr><th>It rests on</th><th>report of</th><th>fresh until</th>"
		  "<th>build</th><th>verdict</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < report->n; i++) {
		const struct site_paper_server *server = &report->servers[i];
		add(page, "<tr><td>");
		add_text(page, server->name);
		add(page, "</td><td>");
		add_text(page, time_words(page, server->reported_ms));
		add(page, "</td><td>");
		add_text(page,
			 time_words(page, server->reported_ms + SITE_FRESH_INTERVALS *
									server->interval_s * 1000));
		add(page, "</td><td>");
		add_text(page, server->build ? server->build : "none known");
		add(page, "</td><td>");
		add_verdict(page, server);
		add(page, "</td></tr>\n");
	}
	add(page, "</tbody>\n</table>\n");
}

static void add_certificate(struct page *page)
{
	const struct site_paper *report = page->report;
	const struct site_paper_server *whose = &report->servers[0];
	int64_t end_ms = find_end(report, &whose);

	add(page,
	    "<section class=\"certificate\">\n<p>Every server of this site is clear, protected "
	    "or not applicable; none is silent or not monitored.</p>\n"
	    "<p>This holds until <b>");
	add_text(page, time_words(page, end_ms));
	add(page, "</b>: then the report of ");
	add_text(page, whose->name);
	add(page,
	    " ceases to be fresh, and nobody can tell from it any more. A change of a server "
	    "or of the network ends it sooner, and of servers that neither report nor stand in "
	    "the inventory it says nothing.</p>\n</section>\n");
	add_rests_on(page);
}

static void add_counts(struct page *page)
{
	const struct site_paper *report = page->report;
	size_t silent = 0;

	add(page, "<h2>Servers by verdict</h2>\n<table>\n");
	for (size_t k = 0; k < N_WORDS; k++) {
		size_t n = 0;
		for (size_t i = 0; i < report->n; i++)
			n += word_of(&report->servers[i]) == k;
		if (n == 0)
			continue;
		enum verdict verdict;
		buffer_printf(page->out, "<tr><td class=\"n\">%zu</td><td><b class=\"%s\">", n,
			      words[k].tone);
		add_text(page, verdict_words(words[k].name));
		add(page, "</b></td><td>");
		if (verdict_from_name(words[k].name, &verdict))
			add_text(page, verdict_meaning(verdict));
		else
			add(page, strcmp(words[k].name, "silent") == 0
					  ? "Was well, and has stopped reporting."
					  : "Should be there, and has never reported.");
		add(page, "</td></tr>\n");
	}
	for (size_t i = 0; i < report->n; i++)
		silent += report->servers[i].silent;
	buffer_printf(page->out, "<tr><td class=\"n\">%zu</td><td>in all</td><td>", report->n);
	if (silent > 0)
		buffer_printf(page->out,
			      "%zu of them silent: the verdict of such a server is that of its "
			      "last fresh report.",
			      silent);
	add(page, "</td></tr>\n</table>\n");
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

static void add_change(struct page *page, const struct site_paper_server *server)
{
	add(page, "<tr><td>");
	add_text(page, server->name);
	add(page, "</td><td>");
	add(page, change_words(server));
	add(page, "</td><td>");
	add_text(page, verdict_words(server->before ? server->before : "unknown"));
	add(page, "</td><td>");
	add_verdict(page, server);
	add(page, "</td><td>");
	add_text(page, time_words(page, server->changed_ms));
	buffer_printf(page->out, "</td><td class=\"n\">%zu</td></tr>\n", server->n_changes);
}

static void add_changes(struct page *page)
{
	const struct site_paper *report = page->report;
	size_t n = 0;

	add(page, "<h2>What has changed since ");
	add_text(page, time_words(page, report->since_ms));
	add(page, "</h2>\n");
	for (size_t i = 0; i < report->n; i++)
		n += report->servers[i].n_changes > 0;
	if (n == 0) {
		add(page, "<p>No verdict of these servers.</p>\n");
		return;
	}
	add(page, "<table>\n<thead><tr><th>server</th><th>what</th><th>then</th><th>now</th>"
		  "<th>last change</th><th class=\"n\">changes</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < report->n; i++) {
		if (report->servers[i].n_changes > 0)
			add_change(page, &report->servers[i]);
	}
	add(page,
	    "</tbody>\n</table>\n<p class=\"dim\">Of the servers that are in the fleet now.</p>\n");
}

/* The trend */

#define PLOT_LEFT   40
#define PLOT_TOP    10
#define PLOT_WIDTH  740
#define PLOT_HEIGHT 120
#define PLOT_BOTTOM (PLOT_TOP + PLOT_HEIGHT)

/* Where a moment is on the page; those before it begins are at its edge. */
static double plot_x(const struct site_paper *report, int64_t ms)
{
	double part = (double)(ms - report->since_ms) / (double)(report->at_ms - report->since_ms);

	return PLOT_LEFT + PLOT_WIDTH * (part < 0 ? 0 : part > 1 ? 1 : part);
}

static double plot_y(int64_t n, int64_t most)
{
	return PLOT_BOTTOM - PLOT_HEIGHT * (double)n / (double)most;
}

static void add_plot_label(struct page *page, int x, int y, const char *anchor, const char *text)
{
	buffer_printf(page->out,
		      "<text x=\"%d\" y=\"%d\" text-anchor=\"%s\" font-size=\"12\" "
		      "fill=\"#59636e\">",
		      x, y, anchor);
	add_text(page, text);
	add(page, "</text>\n");
}

/* A count holds until the next one. */
static void add_steps(struct page *page, int64_t most)
{
	const struct site_paper *report = page->report;

	buffer_printf(page->out,
		      "<path fill=\"#b42318\" fill-opacity=\".25\" stroke=\"#b42318\" "
		      "stroke-width=\"1.5\" d=\"M%.1f %d",
		      plot_x(report, report->trend[0].at_ms), PLOT_BOTTOM);
	for (size_t i = 0; i < report->n_trend; i++) {
		const struct site_paper_count *row = &report->trend[i];
		int64_t end_ms = i + 1 < report->n_trend ? row[1].at_ms : report->at_ms;
		buffer_printf(page->out, "V%.1fH%.1f", plot_y(row->n, most),
			      plot_x(report, end_ms));
	}
	buffer_printf(page->out, "V%dZ\"/>\n", PLOT_BOTTOM);
}

static void add_gap(struct page *page, int64_t from_ms, int64_t to_ms)
{
	double from = plot_x(page->report, from_ms);

	buffer_printf(page->out,
		      "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" "
		      "fill=\"#e6e9ed\"/>\n",
		      from, PLOT_TOP, plot_x(page->report, to_ms) - from, PLOT_HEIGHT);
}

/* Where nothing was counted nobody can tell that nothing was wrong. True: there is such a time. */
static bool add_gaps(struct page *page)
{
	const struct site_paper *report = page->report;
	bool begins_later = report->trend[0].at_ms > report->since_ms;

	if (begins_later)
		add_gap(page, report->since_ms, report->trend[0].at_ms);
	for (size_t i = 0; i < report->n_gaps; i++)
		add_gap(page, report->gaps[i].from_ms, report->gaps[i].to_ms);
	return begins_later || report->n_gaps > 0;
}

static void add_axes(struct page *page, int64_t most)
{
	const struct site_paper *report = page->report;

	buffer_printf(page->out, "<path fill=\"none\" stroke=\"#59636e\" d=\"M%d %dV%dH%d\"/>\n",
		      PLOT_LEFT, PLOT_TOP, PLOT_BOTTOM, PLOT_LEFT + PLOT_WIDTH);
	add_plot_label(page, PLOT_LEFT - 6, PLOT_TOP + 8, "end",
		       arena_printf(page->arena, "%" PRId64, most));
	add_plot_label(page, PLOT_LEFT - 6, PLOT_BOTTOM, "end", "0");
	add_plot_label(page, PLOT_LEFT, PLOT_BOTTOM + 18, "start",
		       time_words(page, report->since_ms));
	add_plot_label(page, PLOT_LEFT + PLOT_WIDTH, PLOT_BOTTOM + 18, "end",
		       time_words(page, report->at_ms));
}

static void add_plot(struct page *page, int64_t most)
{
	const struct site_paper *report = page->report;
	int64_t now = report->trend[report->n_trend - 1].n;
	int64_t top = most > 0 ? most : 1;

	buffer_printf(page->out,
		      "<figure>\n<svg viewBox=\"0 0 800 160\" role=\"img\" aria-label=\"Servers in "
		      "trouble: at most %" PRId64 ", now %" PRId64 "\">\n",
		      most, now);
	bool has_gaps = add_gaps(page);
	add_steps(page, top);
	add_axes(page, top);
	buffer_printf(page->out,
		      "</svg>\n<figcaption class=\"dim\">Servers that are failing, exposed or at "
		      "risk: at most %" PRId64 ", now %" PRId64 ".%s</figcaption>\n</figure>\n",
		      most, now, has_gaps ? " Grey: nothing was counted." : "");
}

static void add_trend(struct page *page)
{
	const struct site_paper *report = page->report;
	int64_t most = 0;

	if (report->n_trend == 0)
		return;
	for (size_t i = 0; i < report->n_trend; i++)
		most = report->trend[i].n > most ? report->trend[i].n : most;
	add(page, "<h2>Servers in trouble</h2>\n");
	add_plot(page, most);
}

/* A server */

static void add_remedy(struct page *page, const struct findings *findings)
{
	for (size_t i = 0; i < findings->n_options; i++) {
		const struct findings_option *option = &findings->options[i];
		if (findings->n_options > 1)
			buffer_printf(page->out, "<p>To mend it, option %zu:</p>\n<ol>\n", i + 1);
		else
			add(page, "<p>To mend it:</p>\n<ol>\n");
		for (size_t k = 0; k < option->n; k++) {
			const char *after = option->steps[k].verdict_after;
			add(page, "<li>");
			add_text(page, option->steps[k].text);
			add(page, " <span class=\"dim\">(then: ");
			add_text(page, verdict_words(after ? after : "unknown"));
			add(page, ")</span></li>\n");
		}
		add(page, "</ol>\n");
	}
	if (findings->remedy)
		add_paragraph(page, "remedy", findings->remedy);
}

static void add_fact(struct page *page, const char *name, const char *value)
{
	if (!value || !*value)
		return;
	buffer_printf(page->out, "; %s ", name);
	add_text(page, value);
}

static void add_evidence(struct page *page, const struct site_paper_server *server)
{
	const struct findings_reason *lead = findings_lead(&server->findings);

	if (server->reported_ms == TIMESTAMP_NONE)
		return;
	add(page, "<p class=\"dim\">Evidence: report of ");
	add_text(page, time_words(page, server->reported_ms));
	add_fact(page, "adapter", lead->adapter);
	if (lead->event > 0)
		buffer_printf(page->out, "; event %" PRId64 " of its log", lead->event);
	if (lead->event > 0 && lead->event_ms != TIMESTAMP_NONE) {
		add(page, " at ");
		add_text(page, time_words(page, lead->event_ms));
	}
	add_fact(page, "build", server->build);
	add_fact(page, "MTA", server->mta);
	add_fact(page, "system", server->os);
	add(page, "</p>\n");
}

#define MAX_REASONS 5

static void add_reasons(struct page *page, const struct findings *findings)
{
	for (size_t i = 0; i < findings->n_reasons && i < MAX_REASONS; i++)
		add_paragraph(page, i == 0 ? "lead" : "dim", findings->reasons[i].text);
	if (findings->n_reasons > MAX_REASONS)
		buffer_printf(page->out, "<p class=\"dim\">and %zu reasons more</p>\n",
			      findings->n_reasons - MAX_REASONS);
	for (size_t i = 0; i < findings->n_notes; i++)
		add_paragraph(page, "note", findings->notes[i].text);
}

static void add_server(struct page *page, const struct site_paper_server *server)
{
	buffer_printf(page->out, "<article class=\"%s\">\n<h3>", words[word_of(server)].tone);
	add_text(page, server->name);
	add(page, ": ");
	add_verdict(page, server);
	add(page, "</h3>\n");
	if (server->since_ms != TIMESTAMP_NONE) {
		add(page, "<p class=\"dim\">since ");
		add_text(page, time_words(page, server->since_ms));
		add(page, "</p>\n");
	}
	add_reasons(page, &server->findings);
	add_remedy(page, &server->findings);
	add_evidence(page, server);
	add(page, "</article>\n");
}

static void add_well_server(struct page *page, const struct site_paper_server *server)
{
	add(page, "<tr><td>");
	add_text(page, server->name);
	add(page, "</td><td>");
	add_verdict(page, server);
	add(page, "</td><td>");
	add_text(page, time_words(page, server->since_ms));
	add(page, "</td><td>");
	add_text(page, server->build ? server->build : "none known");
	add(page, "</td><td>");
	add_text(page, findings_lead(&server->findings)->text);
	add(page, "</td></tr>\n");
}

static size_t count_well(const struct site_paper *report)
{
	size_t n = 0;

	for (size_t i = 0; i < report->n; i++)
		n += is_well(&report->servers[i]);
	return n;
}

/* What there is to do comes with each of those that are not well; of the others a line is enough. */
static void add_servers(struct page *page)
{
	const struct site_paper *report = page->report;
	size_t n_well = count_well(report);

	if (n_well < report->n)
		add(page, "<h2>Servers to look after</h2>\n");
	for (size_t i = 0; i < report->n; i++) {
		if (!is_well(&report->servers[i]))
			add_server(page, &report->servers[i]);
	}
	if (n_well == 0)
		return;
	add(page,
	    "<h2>Servers that are well</h2>\n<table class=\"well\">\n<thead><tr><th>server</th>"
	    "<th>verdict</th><th>since</th><th>build</th><th>why</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < report->n; i++) {
		if (is_well(&report->servers[i]))
			add_well_server(page, &report->servers[i]);
	}
	add(page, "</tbody>\n</table>\n");
}

void site_paper_write(const struct site_paper *report, struct arena *arena, struct buffer *out)
{
	struct page page = { report, arena, out };
	bool certificate = is_certificate(report);

	add_head(&page, certificate);
	if (certificate)
		add_certificate(&page);
	add_counts(&page);
	add_changes(&page);
	add_trend(&page);
	add_servers(&page);
	add(&page, "<p class=\"dim\">All times are those of the collector but of events, which are "
		   "by the server's clock. Cannot tell means that facts are missing which could "
		   "change the answer. Written by mtawatch-collector.</p>\n</body>\n</html>\n");
}
