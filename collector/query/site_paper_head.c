#include "collector/query/site_paper_internal.h"

#include <string.h>

#include "proto/base/printable.h"

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

/* A dash for what reports do not name, as in paths. */
static const char *name_or_dash(const char *name)
{
	return *name ? name : "-";
}

static void add_site_name(struct paper *page)
{
	const struct site_paper *report = page->report;

	paper_add_text(page, name_or_dash(report->organization));
	paper_add(page, "/");
	paper_add_text(page, name_or_dash(report->site));
}

/* Text within a string of the style: what could end that, or the style, is written by number. */
static void add_style_text(struct paper *page, const char *text)
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
static void add_page_style(struct paper *page, const char *title)
{
	static const char font[] = "font:8.5pt 'Segoe UI',Helvetica,Arial,sans-serif;color:#59636e";
	const struct site_paper *report = page->report;

	buffer_printf(page->out, "@page{margin:18mm 15mm;@top-left{%s;content:\"%s: ", font, title);
	add_style_text(page, arena_printf(page->arena, "%s/%s", name_or_dash(report->organization),
					  name_or_dash(report->site)));
	buffer_printf(page->out, "\"}@top-right{%s;content:\"as of %s\"}@bottom-left{%s;content:\"",
		      font, paper_time_words(page, report->at_ms), font);
	add_style_text(page, report->collector ? report->collector : "mtawatch-collector");
	buffer_printf(page->out,
		      "\"}@bottom-right{%s;content:\"page \" counter(page) \" of \" "
		      "counter(pages)}}",
		      font);
}

void paper_add_head(struct paper *page, bool certificate)
{
	const struct site_paper *report = page->report;
	const char *title = certificate ? "Site certificate" : "Site report";

	paper_add(page,
		  "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
		  "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		  "style-src 'unsafe-inline'\"/>\n"
		  "<meta name=\"viewport\" content=\"width=device-width\"/>\n<title>");
	paper_add(page, title);
	paper_add(page, ": ");
	add_site_name(page);
	paper_add(page, "</title>\n<style>");
	add_page_style(page, title);
	buffer_printf(page->out, "%s</style>\n</head>\n<body>\n<h1>%s: ", style, title);
	add_site_name(page);
	paper_add(page, "</h1>\n<p>As of <b>");
	paper_add_text(page, paper_time_words(page, report->at_ms));
	paper_add(page, "</b>, as the collector ");
	if (report->collector) {
		paper_add(page, "at ");
		paper_add_text(page, report->collector);
		paper_add(page, " ");
	}
	paper_add(page,
		  "knew it. What happened later is not in here.</p>\n"
		  "<p class=\"dim\">Whether the MTA of each Exchange 5.5 server would start again, "
		  "by the rule of Microsoft's article Q285350.</p>\n");
}
