#include "collector/pipeline/trend.h"

#include <stdlib.h>
#include <string.h>

#include "collector/base/log.h"
#include "collector/base/loop.h"
#include "collector/base/text_map.h"
#include "collector/pipeline/pipeline.h"
#include "collector/pipeline/trend_filler.h"
#include "collector/query/inventory.h"
#include "collector/query/site_tally.h"
#include "proto/base/mem.h"

#define HOUR_MS (INT64_C(3600) * 1000)

struct trend {
	struct trend_options options;
	struct loop_timer *look;
	bool is_busy; /* with the store, which says when it is done */
	bool stopped;
	bool knows;       /* what the store has */
	bool has_past;    /* was filled, so far as there is history */
	int64_t begun_ms; /* when servers were seen first; 0: not yet */

	/* The last row of each area; they own their texts. */
	struct text_map last;
	struct record_trend **lasts;
	size_t n_lasts;
	size_t room;

	/* What is being stored. */
	struct arena arena;
	struct record_trend *rows;
	size_t n_rows;
	size_t rows_room;
};

static void forget(struct trend *trend)
{
	for (size_t i = 0; i < trend->n_lasts; i++) {
		free((void *)(uintptr_t)trend->lasts[i]->area);
		free(trend->lasts[i]);
	}
	trend->n_lasts = 0;
	text_map_deinit(&trend->last);
	trend->last = (struct text_map){ .n = 0 };
	trend->knows = false;
}

static void note_last(struct trend *trend, const struct record_trend *row)
{
	struct record_trend *last = text_map_get(&trend->last, row->area);

	if (!last) {
		last = mem_alloc(sizeof *last);
		last->area = mem_strdup(row->area);
		trend->lasts = mem_make_room(trend->lasts, trend->n_lasts, &trend->room,
					     sizeof(struct record_trend *));
		trend->lasts[trend->n_lasts++] = last;
		text_map_add(&trend->last, last->area, last);
	}
	const char *area = last->area;
	*last = *row;
	last->area = area;
}

static void note_rows(struct trend *trend)
{
	for (size_t i = 0; i < trend->n_rows; i++)
		note_last(trend, &trend->rows[i]);
}

static void begin_work(struct trend *trend)
{
	arena_clear(&trend->arena);
	trend->n_rows = 0;
	trend->is_busy = true;
}

static void add_row(struct trend *trend, const struct record_trend *row)
{
	trend->rows =
		mem_make_room(trend->rows, trend->n_rows, &trend->rows_room, sizeof *trend->rows);
	trend->rows[trend->n_rows] = *row;
	trend->rows[trend->n_rows++].area = arena_strdup(&trend->arena, row->area);
}

static void end_failed(struct trend *trend, enum status status, const char *error)
{
	trend->is_busy = false;
	forget(trend);
	if (!trend->stopped && status != STATUS_REFUSED)
		log_warning("the trend is not kept at the moment: %s", error);
}

static void look_soon(struct trend *trend)
{
	trend->is_busy = false;
	if (!trend->stopped)
		loop_timer_start(trend->look, 0);
}

static enum status take_last(void *user, const struct record_trend *row)
{
	add_row(user, row);
	return STATUS_OK;
}

static enum status read_lasts(const struct store_connection *reader, void *user,
			      char error[STORE_ERROR_SIZE])
{
	return store_read_last_trends(reader, take_last, user, error);
}

static void on_lasts(void *user, enum status status, const char *error)
{
	struct trend *trend = user;

	if (status != STATUS_OK) {
		end_failed(trend, status, error);
		return;
	}
	note_rows(trend);
	trend->knows = true;
	look_soon(trend);
}

static void ask_lasts(struct trend *trend)
{
	begin_work(trend);
	enum status status =
		store_ask(trend->options.store, STORE_PAGE, read_lasts, on_lasts, trend);
	if (status != STATUS_OK)
		end_failed(trend, status, "too much is asked of the store");
}

static void on_filled(void *user, enum status status, const char *error)
{
	struct trend *trend = user;

	if (status != STATUS_OK) {
		end_failed(trend, status, error);
		return;
	}
	forget(trend);
	trend->has_past = true;
	look_soon(trend);
}

static void fill_past(struct trend *trend, int64_t now_ms)
{
	begin_work(trend);
	trend_fill(trend->options.store, pipeline_fleet(trend->options.pipeline), now_ms, on_filled,
		   &trend->stopped, trend);
}

static void begin_trend(struct trend *trend, int64_t now_ms)
{
	if (now_ms - trend->begun_ms >= TREND_BEGIN_MS)
		fill_past(trend, now_ms);
}

static bool counts_the_same(const struct record_trend *a, const struct record_trend *b)
{
	return memcmp(a->by_verdict, b->by_verdict, sizeof a->by_verdict) == 0 &&
	       a->total == b->total && a->not_monitored == b->not_monitored &&
	       a->silent == b->silent;
}

static void add_if_changed(struct trend *trend, const struct record_trend *row)
{
	const struct record_trend *last = text_map_get(&trend->last, row->area);

	if (!last || !counts_the_same(last, row))
		add_row(trend, row);
}

/* A site that no server is of any more has none of any verdict. */
static void add_emptied(struct trend *trend, const struct text_map *present, int64_t now_ms)
{
	for (size_t i = 0; i < trend->n_lasts; i++) {
		const char *area = trend->lasts[i]->area;
		const struct record_trend none = { .area = area, .at_ms = now_ms };
		if (*area && !text_map_get(present, area))
			add_if_changed(trend, &none);
	}
}

static void add_areas(struct trend *trend, const struct server_list *list, int64_t now_ms,
		      struct arena *arena)
{
	struct record_trend all = { .area = RECORD_TREND_FLEET, .at_ms = now_ms };
	struct text_map present = { .n = 0 };
	struct site_tally *sites;
	size_t n;

	site_tally_make(list, arena, &sites, &n);
	for (size_t i = 0; i < n; i++) {
		struct record_trend row = { .at_ms = now_ms };
		row.area = record_trend_area(sites[i].organization, sites[i].site, arena);
		server_tally_add_to_trend(&sites[i].tally, &row);
		server_tally_add_to_trend(&sites[i].tally, &all);
		add_if_changed(trend, &row);
		text_map_add(&present, row.area, &sites[i]);
	}
	add_emptied(trend, &present, now_ms);
	add_row(trend, &all);
	text_map_deinit(&present);
}

static void on_stored(void *user, enum status status, const char *error)
{
	struct trend *trend = user;

	if (status != STATUS_OK) {
		end_failed(trend, status, error);
		return;
	}
	note_rows(trend);
	trend->is_busy = false;
}

static void store_rows(struct trend *trend, int64_t now_ms)
{
	struct store_change change = { .trends = trend->rows,
				       .n_trends = trend->n_rows,
				       .trim_trends_ms = now_ms,
				       .done = on_stored,
				       .user = trend };
	enum status status = store_submit(trend->options.store, &change);

	if (status != STATUS_OK)
		end_failed(trend, status, "too many changes wait for the store");
}

static void record(struct trend *trend, int64_t now_ms)
{
	char error[STORE_ERROR_SIZE];
	struct server_list list;
	struct arena arena;

	begin_work(trend);
	arena_init(&arena);
	enum status status =
		inventory_list(trend->options.inventory, pipeline_fleet(trend->options.pipeline),
			       &arena, &list, error);
	if (status == STATUS_OK) {
		add_areas(trend, &list, now_ms, &arena);
		store_rows(trend, now_ms);
	} else {
		end_failed(trend, status, error);
	}
	arena_deinit(&arena);
}

/* Nothing is kept of a fleet that nobody reports to. */
static void look_for_changes(struct trend *trend)
{
	struct pipeline *pipeline = trend->options.pipeline;
	int64_t now_ms = pipeline_now_ms(pipeline);
	const struct record_trend *last = text_map_get(&trend->last, RECORD_TREND_FLEET);

	if (trend->is_busy || !pipeline_may_take(pipeline) ||
	    fleet_count(pipeline_fleet(pipeline)) == 0)
		return;
	if (trend->begun_ms == 0)
		trend->begun_ms = now_ms;
	if (!trend->knows)
		ask_lasts(trend);
	else if (!last && !trend->has_past)
		begin_trend(trend, now_ms);
	else if (!last || last->at_ms / HOUR_MS != now_ms / HOUR_MS)
		record(trend, now_ms);
}

static void on_look(void *user)
{
	struct trend *trend = user;

	loop_timer_start(trend->look, TREND_LOOK_MS);
	look_for_changes(trend);
}

struct trend *trend_new(const struct trend_options *options)
{
	struct trend *trend = mem_alloc(sizeof *trend);

	*trend = (struct trend){ .options = *options };
	arena_init(&trend->arena);
	trend->look = loop_timer_new(options->loop, on_look, trend);
	loop_timer_start(trend->look, 0);
	return trend;
}

void trend_stop(struct trend *trend)
{
	trend->stopped = true;
	loop_timer_close(trend->look);
}

void trend_free(struct trend *trend)
{
	if (!trend)
		return;
	forget(trend);
	arena_deinit(&trend->arena);
	free(trend->lasts);
	free(trend->rows);
	free(trend);
}
