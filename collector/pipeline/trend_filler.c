#include "collector/pipeline/trend_filler.h"

#include <stdlib.h>
#include <string.h>

#include "collector/base/log.h"
#include "collector/model/trend_past.h"
#include "proto/base/mem.h"

/* Servers whose history one question reads: pages wait for so long. */
#define SERVERS 200

/* Rows of one change: reports wait for so long. */
#define ROWS 1000

/* A server whose history is to be read. */
struct subject {
	const char *key;
	const char *organization;
	const char *site; /* NULL: it was removed */
};

struct filler {
	struct store *store;
	trend_filled *done;
	const bool *stopped;
	void *user;
	struct arena arena; /* of keys, and of rows */
	struct subject *subjects;
	size_t n;
	size_t room;
	size_t next;       /* subject, then row */
	size_t n_in_fleet; /* subjects, in the order of keys; others were removed */
	bool has_frame;    /* knows who was removed, and when the store was made */
	struct trend_past *past;
	struct record_trend *rows;
	size_t n_rows;
};

/* The history of one server, which is read the latest first. */
struct history {
	struct arena arena;
	struct record_event *events;
	size_t n;
	size_t room;
};

static void end_filling(struct filler *filler, enum status status, const char *error)
{
	filler->done(filler->user, status, error);
	trend_past_free(filler->past);
	arena_deinit(&filler->arena);
	free(filler->subjects);
	free(filler);
}

static void add_subject(struct filler *filler, const char *key, const char *organization,
			const char *site)
{
	filler->subjects =
		mem_make_room(filler->subjects, filler->n, &filler->room, sizeof *filler->subjects);
	filler->subjects[filler->n++] =
		(struct subject){ arena_strdup(&filler->arena, key),
				  arena_strdup(&filler->arena, organization),
				  arena_strdup(&filler->arena, site) };
}

static void add_fleet(struct filler *filler, const struct fleet *fleet)
{
	size_t n;
	const struct fleet_row *rows = fleet_rows(fleet, &n);

	for (size_t i = 0; i < n; i++) {
		const struct fleet_place place = fleet_place(fleet, rows[i].site);
		add_subject(filler, rows[i].key, place.organization, place.site);
	}
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(((const struct subject *)a)->key, ((const struct subject *)b)->key);
}

/* A server that has come back is in the fleet: its key has one history. */
static enum status add_removal(void *user, const struct record_removal *removal)
{
	struct filler *filler = user;
	const struct subject wanted = { .key = removal->key };

	if (filler->n_in_fleet == 0 ||
	    !bsearch(&wanted, filler->subjects, filler->n_in_fleet, sizeof wanted, compare_keys))
		add_subject(filler, removal->key, NULL, NULL);
	return STATUS_OK;
}

static enum status keep_event(void *user, const struct record_event *event,
			      struct store_history_place place)
{
	struct history *history = user;
	(void)place;

	history->events =
		mem_make_room(history->events, history->n, &history->room, sizeof *history->events);
	struct record_event *row = &history->events[history->n++];
	*row = *event;
	row->kind = arena_strdup(&history->arena, event->kind);
	row->detail = arena_strdup(&history->arena, event->detail);
	return STATUS_OK;
}

static void reverse(struct record_event *events, size_t n)
{
	for (size_t i = 0; i < n / 2; i++) {
		struct record_event event = events[i];
		events[i] = events[n - 1 - i];
		events[n - 1 - i] = event;
	}
}

static enum status read_subject(const struct store_connection *reader, struct filler *filler,
				const struct subject *subject, char error[STORE_ERROR_SIZE])
{
	struct history history = { .n = 0 };

	arena_init(&history.arena);
	enum status status =
		store_read_history(reader, subject->key, INT64_MIN, STORE_HISTORY_END,
				   STORE_MAX_ROWS_PER_SERVER, keep_event, &history, error);
	reverse(history.events, history.n);
	if (status == STATUS_OK)
		trend_past_add(filler->past,
			       &(struct trend_past_server){ subject->organization, subject->site,
							    history.events, history.n });
	free(history.events);
	arena_deinit(&history.arena);
	return status;
}

/* The log's first line is of the moment when the store was made. */
static enum status note_first_line(void *user, const struct record_audit *line)
{
	if (line->id == 1)
		trend_past_watched_from(user, line->at_ms);
	return STATUS_OK;
}

static enum status read_frame(const struct store_connection *reader, struct filler *filler,
			      char error[STORE_ERROR_SIZE])
{
	enum status status =
		store_read_audit_after(reader, 0, 1, note_first_line, filler->past, error);

	filler->has_frame = true;
	return status == STATUS_OK ? store_read_removals(reader, add_removal, filler, error)
				   : status;
}

/* On the reading thread, which alone uses the filler meanwhile. */
static enum status read_some(const struct store_connection *reader, void *user,
			     char error[STORE_ERROR_SIZE])
{
	struct filler *filler = user;
	enum status status = STATUS_OK;

	if (!filler->has_frame)
		status = read_frame(reader, filler, error);
	for (size_t i = 0; status == STATUS_OK && i < SERVERS && filler->next < filler->n; i++)
		status = read_subject(reader, filler, &filler->subjects[filler->next++], error);
	if (status == STATUS_OK && filler->next == filler->n)
		trend_past_rows(filler->past, &filler->arena, &filler->rows, &filler->n_rows);
	return status;
}

static void store_some(struct filler *filler);

static void on_stored(void *user, enum status status, const char *error)
{
	struct filler *filler = user;

	if (status == STATUS_OK && filler->next < filler->n_rows && !*filler->stopped)
		store_some(filler);
	else
		end_filling(filler, status, error);
}

static void store_some(struct filler *filler)
{
	size_t left = filler->n_rows - filler->next;
	struct store_change change = { .trends = filler->rows + filler->next,
				       .n_trends = left < ROWS ? left : ROWS,
				       .done = on_stored,
				       .user = filler };

	filler->next += change.n_trends;
	enum status status = store_submit(filler->store, &change);
	if (status != STATUS_OK)
		end_filling(filler, status, "too many changes wait for the store");
}

static void ask(struct filler *filler);

static void on_read(void *user, enum status status, const char *error)
{
	struct filler *filler = user;

	if (status != STATUS_OK || *filler->stopped) {
		end_filling(filler, status, error);
	} else if (filler->next < filler->n) {
		ask(filler);
	} else {
		filler->next = 0;
		store_some(filler);
	}
}

static void ask(struct filler *filler)
{
	enum status status = store_ask(filler->store, STORE_PAGE, read_some, on_read, filler);

	if (status != STATUS_OK)
		end_filling(filler, status, "too much is asked of the store");
}

void trend_fill(struct store *store, const struct fleet *fleet, int64_t now_ms, trend_filled *done,
		const bool *stopped, void *user)
{
	struct filler *filler = mem_alloc(sizeof *filler);

	*filler = (struct filler){ .store = store, .done = done, .stopped = stopped, .user = user };
	arena_init(&filler->arena);
	filler->past = trend_past_new(now_ms, STORE_TREND_HOURLY_DAYS, STORE_TREND_DAYS);
	add_fleet(filler, fleet);
	filler->n_in_fleet = filler->n;
	log_debug("the trend of the past is worked out of the history of %zu servers", filler->n);
	ask(filler);
}
