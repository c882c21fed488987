#include "collector/store/sqlite/internal.h"

#include <stdlib.h>

#include "proto/base/mem.h"

/* Servers that one chunk looks at; of as many one is looked at thoroughly. */
#define MAX_HOSTS 64

/* Behind so many reports that do not have to go none is looked for that has to. */
#define PATIENCE 4

#define DAY_MS (INT64_C(24) * 3600 * 1000)

static const char what[] = "drop what is old";

/* A report at the old end of its stream. */
struct old_report {
	int64_t id;
	int64_t at_ms;
	bool stays; /* its server stands on it, or others are based on it */
};

/* What goes of one server's reports. */
struct dropping {
	struct store_db *db;
	struct store_host host;
	size_t too_many;       /* so many are beyond what is kept */
	int64_t not_before_ms; /* older ones are too old */
	size_t patience;       /* looks no further behind so many that do not have to go */
	size_t budget;         /* so many may go */
	struct old_report *rows;
	size_t n;
	size_t room;
};

static enum status drop_row(struct store_db *db, enum store_statement which, int64_t id,
			    char error[STORE_ERROR_SIZE])
{
	return STORE_RUN(db, which, what, error, STORE_NUMBER(id));
}

/* The server's row. */
static enum status read_host(struct dropping *d, char error[STORE_ERROR_SIZE])
{
	int64_t columns[2] = { 0 };
	sqlite3_stmt *read = STORE_BOUND(d->db, STORE_READ_HOST, STORE_NUMBER(d->host.id));
	enum status status = store_db_numbers(d->db, read, what, columns, 2, error);
	d->host.base_id = columns[0];
	d->host.latest_id = columns[1];
	return status;
}

/* How many reports it has: counted once. */
static enum status count_reports(struct dropping *d, size_t *out, char error[STORE_ERROR_SIZE])
{
	int64_t n = 0;

	if (writer_cache_count(&d->db->cache, d->host.id, out))
		return STATUS_OK;
	sqlite3_stmt *count = STORE_BOUND(d->db, STORE_COUNT_REPORTS, STORE_NUMBER(d->host.id));
	enum status status = store_db_numbers(d->db, count, what, &n, 1, error);
	*out = (size_t)n;
	if (status == STATUS_OK)
		writer_cache_set_count(&d->db->cache, d->host.id, *out);
	return status;
}

/* A row of STORE_WALK_STREAM; `*stays` tells whether it may not go. */
static enum status take_row(struct dropping *d, sqlite3_stmt *walk, bool *stays,
			    char error[STORE_ERROR_SIZE])
{
	d->rows = mem_make_room(d->rows, d->n, &d->room, sizeof *d->rows);
	struct old_report *row = &d->rows[d->n++];
	bool is_whole = sqlite3_column_int(walk, 2) != 0;
	int64_t has_delta = 0;
	enum status status = STATUS_OK;

	row->id = sqlite3_column_int64(walk, 0);
	row->at_ms = sqlite3_column_int64(walk, 1);
	row->stays = row->id == d->host.latest_id || row->id == d->host.base_id;
	if (is_whole && !row->stays)
		status = store_db_numbers(
			d->db, STORE_BOUND(d->db, STORE_HAS_DELTA, STORE_NUMBER(row->id)), what,
			&has_delta, 1, error);
	row->stays = row->stays || has_delta;
	*stays = row->stays;
	return status;
}

/* A walk along a stream whose reports are taken. */
struct walk {
	struct dropping *dropping;
	size_t too_many;
	size_t budget;
	size_t others; /* in succession, that do not have to go */
	char *error;
};

/* STATUS_LIMIT: there is no need to look any further. */
static enum status visit_report(sqlite3_stmt *row, void *user)
{
	struct walk *walk = user;
	struct dropping *d = walk->dropping;
	bool is_old = sqlite3_column_int64(row, 1) < d->not_before_ms;
	bool stays = true;
	enum status status = STATUS_OK;

	if (walk->budget == 0 || walk->others >= d->patience)
		return STATUS_LIMIT;
	walk->others = is_old || walk->too_many > 0 ? 0 : walk->others + 1;
	if (walk->others <= PATIENCE)
		status = take_row(d, row, &stays, walk->error);
	if (walk->others == 0 && !stays) {
		walk->budget--;
		walk->too_many -= walk->too_many > 0;
	}
	return status;
}

/*
 * Takes the reports at the old end of a stream: enough of them for all that have to go, and a few
 * more, for they need not be in the order of their times. `*is_empty`: there are none.
 */
static enum status walk_stream(struct dropping *d, int64_t stream_id, bool *is_empty,
			       char error[STORE_ERROR_SIZE])
{
	size_t too_many = d->too_many < d->budget ? d->too_many : d->budget;
	size_t n_before = d->n;
	struct walk walk = { d, too_many, d->budget, 0, error };
	sqlite3_stmt *list = STORE_BOUND(d->db, STORE_WALK_STREAM, STORE_NUMBER(stream_id));
	enum status status = store_db_list(d->db, list, what, visit_report, &walk, error);
	*is_empty = status == STATUS_OK && d->n == n_before;
	return status == STATUS_LIMIT ? STATUS_OK : status;
}

struct streams {
	struct dropping *dropping;
	int64_t gone_id; /* the last one without reports; 0: none */
	char *error;
};

static enum status visit_stream(sqlite3_stmt *row, void *user)
{
	struct streams *streams = user;
	int64_t stream_id = sqlite3_column_int64(row, 0);
	bool is_empty = false;

	enum status status = walk_stream(streams->dropping, stream_id, &is_empty, streams->error);
	if (is_empty)
		streams->gone_id = stream_id;
	return status;
}

/* What the writer remembers of a server may be a stream that goes. */
static enum status forget_server(struct store_db *db, int64_t host_id, char error[STORE_ERROR_SIZE])
{
	sqlite3_stmt *find = STORE_BOUND(db, STORE_HOST_KEY, STORE_NUMBER(host_id));
	enum status status = store_db_step(db, find, what, error);

	if (status == STATUS_OK)
		writer_cache_forget_server(&db->cache, store_db_text(find, 0));
	store_db_done(find);
	return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/*
 * Walks the server's streams. One of which nothing is left, an agent's former life, goes: it would
 * be looked at for ever.
 */
static enum status walk_streams(struct dropping *d, char error[STORE_ERROR_SIZE])
{
	struct streams streams = { d, 0, error };
	sqlite3_stmt *list = STORE_BOUND(d->db, STORE_LIST_STREAMS, STORE_NUMBER(d->host.id));
	enum status status = store_db_list(d->db, list, what, visit_stream, &streams, error);
	if (status != STATUS_OK || streams.gone_id == 0)
		return status;
	status = forget_server(d->db, d->host.id, error);
	return status == STATUS_OK ? drop_row(d->db, STORE_DROP_STREAM, streams.gone_id, error)
				   : status;
}

static int compare_times(const void *a, const void *b)
{
	const struct old_report *x = a;
	const struct old_report *y = b;

	if (x->at_ms != y->at_ms)
		return x->at_ms < y->at_ms ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

/* Drops the oldest of the reports that were taken. */
static enum status drop_rows(struct dropping *d, char error[STORE_ERROR_SIZE])
{
	enum status status = STATUS_OK;

	if (d->n > 0)
		qsort(d->rows, d->n, sizeof *d->rows, compare_times);
	for (size_t i = 0; status == STATUS_OK && d->budget > 0 && i < d->n; i++) {
		const struct old_report *row = &d->rows[i];
		if (row->stays || (i >= d->too_many && row->at_ms >= d->not_before_ms))
			continue;
		status = drop_row(d->db, STORE_DROP_REPORT, row->id, error);
		writer_cache_count_on(&d->db->cache, d->host.id, -1);
		d->budget--;
	}
	return status;
}

static enum status drop_reports(struct store_db *db, int64_t host_id,
				const struct store_retention *retention, size_t *budget,
				char error[STORE_ERROR_SIZE])
{
	const struct store_limits *limits = retention->limits;
	size_t keep = limits->reports;
	size_t n_reports = 0;
	struct dropping d = {
		.db = db,
		.host = { .id = host_id },
		.not_before_ms = retention->now_ms - (int64_t)limits->report_days * DAY_MS,
		.patience = retention->thorough ? STORE_MAX_DISORDER : PATIENCE,
		.budget = *budget,
	};

	enum status status = read_host(&d, error);
	if (status == STATUS_OK)
		status = count_reports(&d, &n_reports, error);
	if (retention->halve && keep > n_reports / 2)
		keep = n_reports / 2;
	d.too_many = n_reports > keep ? n_reports - keep : 0;
	if (status == STATUS_OK)
		status = walk_streams(&d, error);
	if (status == STATUS_OK)
		status = drop_rows(&d, error);
	free(d.rows);
	*budget = d.budget;
	return status;
}

/* Where changes go, and where it is told what goes wrong. */
struct history_drop {
	struct store_db *db;
	size_t *budget;
	char *error;
};

static enum status drop_change(sqlite3_stmt *row, void *user)
{
	struct history_drop *d = user;

	--*d->budget;
	return drop_row(d->db, STORE_DROP_HISTORY, sqlite3_column_int64(row, 0), d->error);
}

/* Row by row, for most times there is none: a statement that drops them all costs more. */
static enum status drop_history(struct history_drop *d, int64_t host_id,
				const struct store_retention *retention)
{
	const struct store_limits *limits = retention->limits;
	int64_t not_before_ms = retention->now_ms - (int64_t)limits->change_days * DAY_MS;
	sqlite3_stmt *list = STORE_BOUND(d->db, STORE_OLD_HISTORY, STORE_NUMBER(host_id),
					 STORE_NUMBER(limits->changes), STORE_NUMBER(not_before_ms),
					 STORE_NUMBER(*d->budget));

	return store_db_list(d->db, list, what, drop_change, d, d->error);
}

enum status store_db_retain(struct store_db *db, int64_t host_id,
			    const struct store_retention *retention, size_t *budget,
			    char error[STORE_ERROR_SIZE])
{
	struct history_drop history = { db, budget, error };

	enum status status = drop_reports(db, host_id, retention, budget, error);
	if (status == STATUS_OK && *budget > 0)
		status = drop_history(&history, host_id, retention);
	return status;
}

enum status store_db_read_clock(struct store_db *db, const char *name, int64_t *out,
				char error[STORE_ERROR_SIZE])
{
	*out = 0;
	enum status status =
		store_db_numbers(db, STORE_BOUND(db, STORE_READ_CLOCK, STORE_TEXT(name)),
				 "read what the time was", out, 1, error);
	return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status store_db_read_latest_time(struct store_db *db, int64_t *out,
				      char error[STORE_ERROR_SIZE])
{
	return store_db_read_clock(db, "latest_ms", out, error);
}

enum status store_db_save_clocks(struct store_db *db, bool *saved, char error[STORE_ERROR_SIZE])
{
	struct store_clocks *clocks = &db->clocks;

	*saved = false;
	if (!store_clocks_are_due(clocks))
		return STATUS_OK;
	sqlite3_stmt *save = STORE_BOUND(db, STORE_SAVE_CLOCKS, STORE_NUMBER(clocks->age_ms),
					 STORE_NUMBER(clocks->latest_ms));
	enum status status = store_db_run(db, save, "save what the time is", error);
	*saved = status == STATUS_OK;
	if (*saved)
		clocks->saved_ms = clocks->seen_ms;
	return status;
}

/* Bytes of the pages in use; pages that became free are used again before the file grows. */
static enum status read_size(struct store_db *db, uint64_t *out, char error[STORE_ERROR_SIZE])
{
	static const enum store_statement numbers[] = { STORE_PAGE_COUNT, STORE_FREE_COUNT,
							STORE_PAGE_SIZE };
	int64_t values[3] = { 0 };
	enum status status = STATUS_OK;

	for (size_t i = 0; status == STATUS_OK && i < 3; i++)
		status = store_db_numbers(db, store_db_statement(db, numbers[i]), what, &values[i],
					  1, error);
	*out = (uint64_t)((values[0] - values[1]) * values[2]);
	return status;
}

/* The servers that are next, one after the other, until the budget is used. */
static enum status sweep_hosts(struct store_db *db, struct store_retention *retention,
			       struct store_sweep *sweep, size_t *budget,
			       char error[STORE_ERROR_SIZE])
{
	enum status status = STATUS_OK;

	for (int i = 0; status == STATUS_OK && *budget > 0 && i < MAX_HOSTS; i++) {
		int64_t host_id = 0;
		sqlite3_stmt *next = STORE_BOUND(db, STORE_NEXT_HOST, STORE_NUMBER(sweep->host_id));
		status = store_db_numbers(db, next, what, &host_id, 1, error);
		if (status == STATUS_OK && host_id == 0) {
			sweep->host_id = 0; /* from the first one on, the next time */
			sweep->round++;
			break;
		}
		retention->thorough = (host_id + sweep->round) % MAX_HOSTS == 0;
		if (status == STATUS_OK)
			status = store_db_retain(db, host_id, retention, budget, error);
		if (*budget > 0)
			sweep->host_id = host_id;
	}
	return status;
}

enum status store_db_sweep(struct store_db *db, const struct store_limits *limits, int64_t now_ms,
			   struct store_sweep *sweep, size_t *dropped, char error[STORE_ERROR_SIZE])
{
	struct store_retention retention = { .limits = limits, .now_ms = now_ms };
	size_t budget = STORE_SWEEP_ROWS;
	uint64_t size = 0;

	enum status status = store_db_begin(db, error);
	if (status != STATUS_OK)
		return status;
	status = read_size(db, &size, error);
	retention.halve = limits->max_mb > 0 && size > limits->max_mb * UINT64_C(1000000);
	if (status == STATUS_OK)
		status = sweep_hosts(db, &retention, sweep, &budget, error);
	*dropped = STORE_SWEEP_ROWS - budget;
	return store_db_end(db, status, error);
}
