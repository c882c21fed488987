#include "collector/model/trend_past.h"

#include <stdlib.h>
#include <string.h>

#include "collector/base/text_map.h"
#include "collector/model/event_detail.h"
#include "proto/base/count.h"
#include "proto/base/mem.h"
#include "proto/json/slice.h"

#define HOUR_MS (INT64_C(3600) * 1000)
#define DAY_MS  (24 * HOUR_MS)

/* What is counted: the verdicts, and behind them who is silent, and all. */
#define COUNTED_SILENT VERDICT_COUNT
#define COUNTED_TOTAL  (VERDICT_COUNT + 1)

/* From a step on there are so many more. */
struct step {
	size_t place; /* its number */
	int64_t at_ms;
	int counted;
	int more; /* or less */
};

struct trend_past {
	int64_t now_ms;
	int64_t hourly_ms; /* since then, a midnight, by the hour */
	int64_t begin_ms;  /* no row is older */
	int64_t watched_from_ms;
	struct arena names;
	struct text_map numbers; /* of places, one more than they are, as pointers */
	const char **places;
	size_t n_places;
	size_t places_room;
	struct step *steps;
	size_t n;
	size_t room;
};

/* A server on its way through its history. */
struct past_server {
	bool is_known;
	bool silent;
	enum verdict verdict;
	size_t place;
};

static size_t find_place(struct trend_past *past, const char *place)
{
	size_t *number = text_map_get(&past->numbers, place);

	if (number)
		return *number;
	number = arena_alloc(&past->names, sizeof *number);
	*number = past->n_places;
	past->places = mem_make_room(past->places, past->n_places, &past->places_room,
				     sizeof(const char *));
	past->places[past->n_places++] = arena_strdup(&past->names, place);
	text_map_add(&past->numbers, past->places[*number], number);
	return *number;
}

struct trend_past *trend_past_new(int64_t now_ms, int hourly_days, int days)
{
	struct trend_past *past = mem_alloc(sizeof *past);

	*past = (struct trend_past){ .now_ms = now_ms };
	past->hourly_ms = now_ms / DAY_MS * DAY_MS - hourly_days * DAY_MS;
	past->begin_ms = now_ms - days * DAY_MS;
	past->watched_from_ms = INT64_MIN;
	arena_init(&past->names);
	find_place(past, RECORD_TREND_FLEET);
	return past;
}

void trend_past_watched_from(struct trend_past *past, int64_t from_ms)
{
	past->watched_from_ms = from_ms;
}

void trend_past_free(struct trend_past *past)
{
	text_map_deinit(&past->numbers);
	arena_deinit(&past->names);
	free(past->places);
	free(past->steps);
	free(past);
}

/* The end of the hour or of the day: what was so then is what a row says. */
static int64_t round_up(const struct trend_past *past, int64_t at_ms)
{
	int64_t from_ms = at_ms < past->begin_ms ? past->begin_ms : at_ms;
	int64_t step_ms = from_ms < past->hourly_ms ? DAY_MS : HOUR_MS;

	return (from_ms + step_ms - 1) / step_ms * step_ms;
}

static void add_step(struct trend_past *past, size_t place, int64_t at_ms, int counted, int more)
{
	past->steps = mem_make_room(past->steps, past->n, &past->room, sizeof *past->steps);
	past->steps[past->n++] = (struct step){ place, round_up(past, at_ms), counted, more };
}

/* As collector/query/server_select.h counts: what was good of a silent one is good no longer. */
static bool counts_by_verdict(const struct past_server *server)
{
	return !server->silent || server->verdict < VERDICT_CLEAR;
}

static void count_in(struct trend_past *past, const struct past_server *server, size_t place,
		     int64_t at_ms, int more)
{
	add_step(past, place, at_ms, COUNTED_TOTAL, more);
	if (counts_by_verdict(server))
		add_step(past, place, at_ms, (int)server->verdict, more);
	if (server->silent)
		add_step(past, place, at_ms, COUNTED_SILENT, more);
}

/* 0 is the number of the fleet, and the place of a server whose site nobody knows. */
static void count_steps(struct trend_past *past, const struct past_server *server, int64_t at_ms,
			int more)
{
	if (!server->is_known)
		return;
	count_in(past, server, 0, at_ms, more);
	if (server->place != 0)
		count_in(past, server, server->place, at_ms, more);
}

static size_t read_place(struct trend_past *past, const char *detail, const char *member,
			 struct arena *arena)
{
	struct json_slice place;

	if (!json_slice_member(detail, member, &place))
		return 0;
	return find_place(past,
			  record_trend_area(event_detail_text(place.at, "organization", arena),
					    event_detail_text(place.at, "site", arena), arena));
}

/* What a change of `kind` makes of it. */
static void apply_event(struct trend_past *past, struct past_server *server, const char *kind,
			const char *detail, struct arena *arena)
{
	if (strcmp(kind, "reported") == 0)
		*server =
			(struct past_server){ .verdict = VERDICT_UNKNOWN, .place = server->place };
	server->is_known = true;
	if (strcmp(kind, "verdict") == 0)
		event_detail_verdict(detail, "after", &server->verdict);
	else if (strcmp(kind, "silent") == 0)
		server->silent = event_detail_is_true(detail, "silent");
	else if (strcmp(kind, "place") == 0 && server->place != 0)
		server->place = read_place(past, detail, "after", arena);
	else if (strcmp(kind, "removed") == 0)
		server->is_known = false;
}

static bool is_counted(const struct record_event *event)
{
	static const char *const kinds[] = { "reported", "verdict", "silent", "place", "removed" };

	for (size_t i = 0; i < COUNT(kinds); i++) {
		if (strcmp(event->kind, kinds[i]) == 0)
			return event_detail_is_valid(event->detail);
	}
	return false;
}

static bool counts_then(const struct trend_past *past, const struct record_event *event)
{
	return event->at_ms >= past->watched_from_ms || strcmp(event->kind, "silent") != 0;
}

/* Where it was before it first moved; where it is, if it never did. */
static size_t first_place(struct trend_past *past, const struct trend_past_server *server,
			  struct arena *arena)
{
	if (!server->site)
		return 0;
	for (size_t i = 0; i < server->n_events; i++) {
		const struct record_event *event = &server->events[i];
		if (strcmp(event->kind, "place") == 0 && is_counted(event))
			return read_place(past, event->detail, "before", arena);
	}
	return find_place(past, record_trend_area(server->organization, server->site, arena));
}

void trend_past_add(struct trend_past *past, const struct trend_past_server *server)
{
	struct past_server then = { .verdict = VERDICT_UNKNOWN };
	struct arena arena;

	arena_init(&arena);
	then.place = first_place(past, server, &arena);
	for (size_t i = 0; i < server->n_events; i++) {
		const struct record_event *event = &server->events[i];
		if (!is_counted(event) || event->at_ms >= past->now_ms || !counts_then(past, event))
			continue;
		count_steps(past, &then, event->at_ms, -1);
		apply_event(past, &then, event->kind, event->detail, &arena);
		count_steps(past, &then, event->at_ms, 1);
	}
	arena_deinit(&arena);
}

static int compare_steps(const void *a, const void *b)
{
	const struct step *x = a;
	const struct step *y = b;

	if (x->place != y->place)
		return x->place > y->place ? -1 : 1; /* the fleet last */
	return (x->at_ms > y->at_ms) - (x->at_ms < y->at_ms);
}

/* The rows as they are made. */
struct row_list {
	const struct trend_past *past;
	struct arena *arena;
	struct record_trend *rows;
	size_t n;
	size_t room;
};

static void add_row(struct row_list *list, const struct record_trend *row)
{
	if (row->at_ms >= list->past->now_ms)
		return; /* what is so now its keeper says */
	list->rows = mem_make_room(list->rows, list->n, &list->room, sizeof *list->rows);
	list->rows[list->n++] = *row;
}

static bool counts_the_same(const struct record_trend *a, const struct record_trend *b)
{
	return a->silent == b->silent && a->total == b->total &&
	       memcmp(a->by_verdict, b->by_verdict, sizeof a->by_verdict) == 0;
}

/* A row for each hour or day behind `row` in which nothing changed, before `until_ms`. */
static void fill_row(struct row_list *list, struct record_trend row, int64_t until_ms)
{
	int64_t at_ms = round_up(list->past, row.at_ms + 1);

	while (at_ms < until_ms && at_ms < list->past->now_ms) {
		row.at_ms = at_ms;
		add_row(list, &row);
		at_ms = round_up(list->past, at_ms + 1);
	}
}

static void take_step(struct record_trend *row, const struct step *step)
{
	if (step->counted == COUNTED_TOTAL)
		row->total += step->more;
	else if (step->counted == COUNTED_SILENT)
		row->silent += step->more;
	else
		row->by_verdict[step->counted] += step->more;
}

/* The rows of a place, whose first step is at `i`; returns behind the last one. */
static size_t make_rows(struct row_list *list, size_t i)
{
	const struct trend_past *past = list->past;
	size_t place = past->steps[i].place;
	struct record_trend row = { .area = arena_strdup(list->arena, past->places[place]) };
	struct record_trend before = row;

	while (i < past->n && past->steps[i].place == place) {
		row.at_ms = past->steps[i].at_ms;
		if (place == 0 && before.at_ms > 0)
			fill_row(list, before, row.at_ms);
		for (; i < past->n && past->steps[i].place == place &&
		       past->steps[i].at_ms == row.at_ms;
		     i++)
			take_step(&row, &past->steps[i]);
		if (place == 0 || !counts_the_same(&row, &before))
			add_row(list, &row);
		before = row;
	}
	if (place == 0)
		fill_row(list, row, past->now_ms);
	return i;
}

void trend_past_rows(struct trend_past *past, struct arena *arena, struct record_trend **out,
		     size_t *n)
{
	struct row_list list = { .past = past, .arena = arena };

	if (past->n > 0)
		qsort(past->steps, past->n, sizeof *past->steps, compare_steps);
	for (size_t i = 0; i < past->n;)
		i = make_rows(&list, i);
	*n = list.n;
	*out = arena_alloc_array(arena, list.n, sizeof **out);
	if (list.n > 0)
		memcpy(*out, list.rows, list.n * sizeof **out);
	free(list.rows);
}
