/*
 * The trend of the time before one was kept, worked out of what the history of each server tells
 * (collector/model/report_diff.h): for the first start of a collector that keeps one. Pure.
 *
 * What a history does not tell is left out: a server counts from its oldest change that is kept,
 * one that was removed counts for the fleet alone, and who was not monitored nobody knows.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "collector/model/record_report.h"
#include "collector/model/record_trend.h"

struct trend_past;

/*
 * Until `now_ms`: by the hour for `hourly_days` before it, by the day for `days`. What is older is
 * as if it had been then.
 */
struct trend_past *trend_past_new(int64_t now_ms, int hourly_days, int days);
void trend_past_free(struct trend_past *past);

/*
 * Nobody was silent before: no collector was there that could have missed reports, and what is told
 * of that time was reported later. Without it, INT64_MIN.
 */
void trend_past_watched_from(struct trend_past *past, int64_t from_ms);

/*
 * A server whose changes these are, the oldest first, and whose reports name this site now; NULL:
 * it was removed.
 */
struct trend_past_server {
	const char *organization;
	const char *site;
	const struct record_event *events;
	size_t n_events;
};
void trend_past_add(struct trend_past *past, const struct trend_past_server *server);

/*
 * The rows, of a site those that differ from the one before, of the fleet, which comes last, one
 * for each hour or day. In `arena`.
 */
void trend_past_rows(struct trend_past *past, struct arena *arena, struct record_trend **out,
		     size_t *n);
