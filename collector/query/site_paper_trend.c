#include "collector/query/site_paper_internal.h"

#include <inttypes.h>

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

static void add_plot_label(struct paper *page, int x, int y, const char *anchor, const char *text)
{
	buffer_printf(page->out,
		      "<text x=\"%d\" y=\"%d\" text-anchor=\"%s\" font-size=\"12\" "
		      "fill=\"#59636e\">",
		      x, y, anchor);
	paper_add_text(page, text);
	paper_add(page, "</text>\n");
}

/* A count holds until the next one. */
static void add_steps(struct paper *page, int64_t most)
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

static void add_gap(struct paper *page, int64_t from_ms, int64_t to_ms)
{
	double from = plot_x(page->report, from_ms);

	buffer_printf(page->out,
		      "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" "
		      "fill=\"#e6e9ed\"/>\n",
		      from, PLOT_TOP, plot_x(page->report, to_ms) - from, PLOT_HEIGHT);
}

/* Where nothing was counted nobody can tell that nothing was wrong. True: there is such a time. */
static bool add_gaps(struct paper *page)
{
	const struct site_paper *report = page->report;
	bool begins_later = report->trend[0].at_ms > report->since_ms;

	if (begins_later)
		add_gap(page, report->since_ms, report->trend[0].at_ms);
	for (size_t i = 0; i < report->n_gaps; i++)
		add_gap(page, report->gaps[i].from_ms, report->gaps[i].to_ms);
	return begins_later || report->n_gaps > 0;
}

static void add_axes(struct paper *page, int64_t most)
{
	const struct site_paper *report = page->report;

	buffer_printf(page->out, "<path fill=\"none\" stroke=\"#59636e\" d=\"M%d %dV%dH%d\"/>\n",
		      PLOT_LEFT, PLOT_TOP, PLOT_BOTTOM, PLOT_LEFT + PLOT_WIDTH);
	add_plot_label(page, PLOT_LEFT - 6, PLOT_TOP + 8, "end",
		       arena_printf(page->arena, "%" PRId64, most));
	add_plot_label(page, PLOT_LEFT - 6, PLOT_BOTTOM, "end", "0");
	add_plot_label(page, PLOT_LEFT, PLOT_BOTTOM + 18, "start",
		       paper_time_words(page, report->since_ms));
	add_plot_label(page, PLOT_LEFT + PLOT_WIDTH, PLOT_BOTTOM + 18, "end",
		       paper_time_words(page, report->at_ms));
}

static void add_plot(struct paper *page, int64_t most)
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

void paper_add_trend(struct paper *page)
{
	const struct site_paper *report = page->report;
	int64_t most = 0;

	if (report->n_trend == 0)
		return;
	for (size_t i = 0; i < report->n_trend; i++)
		most = report->trend[i].n > most ? report->trend[i].n : most;
	paper_add(page, "<h2>Servers in trouble</h2>\n");
	add_plot(page, most);
}
