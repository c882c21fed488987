/*
 * Inside site_paper.c, which writes the page, and the parts of it that are a subject of their own:
 * what a sheet looks like (site_paper_head.c), and the plot (site_paper_trend.c).
 */
#pragma once

#include "collector/query/site_paper.h"
#include "proto/base/arena.h"

/* A page that is being written. */
struct paper {
	const struct site_paper *report;
	struct arena *arena; /* of texts, until the page is written */
	struct buffer *out;
};

/* Adds markup of ours as it is. */
void paper_add(struct paper *page, const char *markup);

/* Adds text, also of reports: what no document may hold is made harmless, the rest is escaped. */
void paper_add_text(struct paper *page, const char *text);

/* "2026-11-22 10:45:23 UTC", or "never" */
const char *paper_time_words(struct paper *page, int64_t ms);

/* The document's head, with the style of the screen and of paper, and its first lines. */
void paper_add_head(struct paper *page, bool certificate);

/* How many servers were in trouble, drawn over the time; nothing where nothing was counted. */
void paper_add_trend(struct paper *page);
