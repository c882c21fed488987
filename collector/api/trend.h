/*
 * The trend of the fleet or of a site, as the store has it and as it is at this moment: for the
 * calls that show it.
 */
#pragma once

#include "collector/api/api.h"
#include "collector/model/record_trend.h"

struct api_trend_row {
	struct record_trend row;
	struct api_trend_row *next;
};

struct api_trend_rows {
	struct arena *arena;
	struct api_trend_row *first;
	struct api_trend_row **end;
};

/* What is asked for, and what is read of it. */
struct api_trend {
	const char *organization; /* NULL: of the whole fleet; so `site` */
	const char *site;
	const char *area;
	int64_t since_ms;
	struct api_trend_rows rows;
	struct api_trend_rows fleet; /* its rows tell when a collector was at work */
};

/*
 * Begins one with what the query says; its texts and rows lie in the call's arena. False: the query
 * is none of ours, and the call is answered.
 */
bool api_trend_begin(struct call *call, const char *organization, const char *site,
		     struct api_trend *out);

/* Reads the rows, in api_ask(); `user` is a struct api_trend. */
store_asked api_trend_read;

/* How it is at this moment. False: the call is answered. */
bool api_trend_count_now(struct call *call, const struct api_trend *trend,
			 struct record_trend *out);

/* The next time without rows, from `*at` on, which is `trend->fleet.first` at first; or false. */
bool api_trend_next_gap(const struct api_trend_row **at, int64_t now_ms, int64_t *from_ms,
			int64_t *to_ms);
