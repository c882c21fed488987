#include "collector/store_sqlite.h"

#include <stdlib.h>
#include <string.h>

#include "proto/mem.h"

/* Servers that one chunk looks at. */
#define MAX_HOSTS 64

#define DAY_MS (INT64_C(24) * 3600 * 1000)

static const char what[] = "drop what is old";

struct row {
	int64_t id;
	int64_t base_id; /* 0: stored whole */
	int64_t at_ms;
};

/* The reports of one server, the latest first, and which of them may not go. */
struct shelf {
	struct row *rows;
	size_t n;
	size_t room;
	size_t kept;         /* so many of the first stay */
	int64_t latest_id;   /* the server stands on it */
	int64_t host_base;   /* the next report may be based on it */
	int64_t latest_base; /* base of the latest, or 0 */
};

static void put(struct shelf *shelf, struct row row)
{
	if (shelf->n == shelf->room) {
		shelf->room = shelf->room ? shelf->room * 2 : 512;
		shelf->rows = mem_realloc(shelf->rows, shelf->room * sizeof *shelf->rows);
	}
	shelf->rows[shelf->n++] = row;
	if (row.id == shelf->latest_id)
		shelf->latest_base = row.base_id;
}

static enum status read_pins(struct store_db *db, int64_t host_id, struct shelf *out,
			     char error[STORE_ERROR_SIZE])
{
	sqlite3_stmt *pins = store_db_statement(db, STORE_READ_PINS);
	if (!pins || !store_db_bind_number(pins, 1, host_id))
		return store_db_fail(db, what, error);
	int code = sqlite3_step(pins);
	if (code == SQLITE_ROW) {
		out->host_base = sqlite3_column_int64(pins, 0);
		out->latest_id = sqlite3_column_int64(pins, 1);
	}
	enum status status = code == SQLITE_ROW || code == SQLITE_DONE
				     ? STATUS_OK
				     : store_db_fail(db, what, error);
	sqlite3_reset(pins);
	return status;
}

static enum status read_shelf(struct store_db *db, int64_t host_id, struct shelf *out,
			      char error[STORE_ERROR_SIZE])
{
	sqlite3_stmt *list = store_db_statement(db, STORE_LIST_SHELF);
	int code;

	enum status status = read_pins(db, host_id, out, error);
	if (status != STATUS_OK)
		return status;
	if (!list || !store_db_bind_number(list, 1, host_id))
		return store_db_fail(db, what, error);
	while ((code = sqlite3_step(list)) == SQLITE_ROW)
		put(out, (struct row){ .id = sqlite3_column_int64(list, 0),
				       .base_id = sqlite3_column_int64(list, 1),
				       .at_ms = sqlite3_column_int64(list, 2) });
	if (code != SQLITE_DONE)
		status = store_db_fail(db, what, error);
	sqlite3_reset(list);
	return status;
}

/* How many stay, of those that nothing else holds. */
static size_t count_kept(const struct shelf *shelf, size_t keep, int64_t not_before_ms)
{
	size_t n = shelf->n < keep ? shelf->n : keep;
	while (n > 0 && shelf->rows[n - 1].at_ms < not_before_ms)
		n--;
	return n;
}

static bool is_base_of_kept(const struct shelf *shelf, int64_t id)
{
	for (size_t i = 0; i < shelf->kept; i++) {
		if (shelf->rows[i].base_id == id)
			return true;
	}
	return false;
}

static bool may_go(const struct shelf *shelf, const struct row *row)
{
	if (row->id == shelf->latest_id)
		return false;
	return row->base_id != 0 || (row->id != shelf->host_base && row->id != shelf->latest_base &&
				     !is_base_of_kept(shelf, row->id));
}

static enum status drop_report(struct store_db *db, int64_t id, char error[STORE_ERROR_SIZE])
{
	sqlite3_stmt *drop = store_db_statement(db, STORE_DROP_REPORT);
	if (!drop || !store_db_bind_number(drop, 1, id))
		return store_db_fail(db, what, error);
	return store_db_run(db, drop, what, error);
}

/*
 * Drops deltas, or else what was stored whole: never a base before all that is based on it.
 */
static enum status drop(struct store_db *db, const struct shelf *shelf, bool deltas, size_t *budget,
			char error[STORE_ERROR_SIZE])
{
	enum status status = STATUS_OK;

	for (size_t i = shelf->n; status == STATUS_OK && *budget > 0 && i > shelf->kept; i--) {
		const struct row *row = &shelf->rows[i - 1];
		if ((row->base_id != 0) != deltas || !may_go(shelf, row))
			continue;
		status = drop_report(db, row->id, error);
		--*budget;
	}
	return status;
}

static enum status drop_history(struct store_db *db, int64_t host_id,
				const struct store_limits *limits, int64_t now_ms, size_t *budget,
				char error[STORE_ERROR_SIZE])
{
	sqlite3_stmt *drop_rows = store_db_statement(db, STORE_DROP_HISTORY);
	if (!drop_rows || !store_db_bind_number(drop_rows, 1, host_id) ||
	    !store_db_bind_number(drop_rows, 2, (int64_t)limits->changes) ||
	    !store_db_bind_number(drop_rows, 3, now_ms - (int64_t)limits->change_days * DAY_MS) ||
	    !store_db_bind_number(drop_rows, 4, (int64_t)*budget))
		return store_db_fail(db, what, error);
	enum status status = store_db_run(db, drop_rows, what, error);
	if (status == STATUS_OK)
		*budget -= (size_t)sqlite3_changes(db->handle);
	return status;
}

enum status store_db_retain(struct store_db *db, int64_t host_id, const struct store_limits *limits,
			    int64_t now_ms, bool halve, size_t *budget,
			    char error[STORE_ERROR_SIZE])
{
	struct shelf shelf = { 0 };
	size_t keep = limits->reports;

	enum status status = read_shelf(db, host_id, &shelf, error);
	if (halve && keep > shelf.n / 2)
		keep = shelf.n / 2;
	shelf.kept = count_kept(&shelf, keep, now_ms - (int64_t)limits->report_days * DAY_MS);
	if (status == STATUS_OK)
		status = drop(db, &shelf, true, budget, error);
	if (status == STATUS_OK && *budget > 0)
		status = drop(db, &shelf, false, budget, error);
	if (status == STATUS_OK && *budget > 0)
		status = drop_history(db, host_id, limits, now_ms, budget, error);
	free(shelf.rows);
	return status;
}

static enum status read_number(struct store_db *db, enum store_statement which, int64_t parameter,
			       int64_t *out, char error[STORE_ERROR_SIZE])
{
	sqlite3_stmt *read = store_db_statement(db, which);
	enum status status = STATUS_OK;

	if (!read ||
	    (sqlite3_bind_parameter_count(read) > 0 && !store_db_bind_number(read, 1, parameter)))
		return store_db_fail(db, what, error);
	if (sqlite3_step(read) == SQLITE_ROW)
		*out = sqlite3_column_int64(read, 0);
	else
		status = store_db_fail(db, what, error);
	sqlite3_reset(read);
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
		status = read_number(db, numbers[i], 0, &values[i], error);
	*out = (uint64_t)((values[0] - values[1]) * values[2]);
	return status;
}

/* The servers behind the cursor, one after the other, until the budget is used. */
static enum status sweep_hosts(struct store_db *db, const struct store_limits *limits,
			       int64_t now_ms, bool halve, int64_t *cursor, size_t *budget,
			       char error[STORE_ERROR_SIZE])
{
	enum status status = STATUS_OK;

	for (int i = 0; status == STATUS_OK && *budget > 0 && i < MAX_HOSTS; i++) {
		int64_t host_id = 0;
		status = read_number(db, STORE_NEXT_HOST, *cursor, &host_id, error);
		if (status == STATUS_OK && host_id == 0) {
			*cursor = 0; /* from the first one on, the next time */
			break;
		}
		if (status == STATUS_OK)
			status = store_db_retain(db, host_id, limits, now_ms, halve, budget, error);
		if (*budget > 0)
			*cursor = host_id;
	}
	return status;
}

enum status store_db_sweep(struct store_db *db, const struct store_limits *limits, int64_t now_ms,
			   int64_t *cursor, size_t *dropped, char error[STORE_ERROR_SIZE])
{
	size_t budget = STORE_SWEEP_ROWS;
	uint64_t size = 0;

	enum status status = store_db_begin(db, error);
	if (status != STATUS_OK)
		return status;
	status = read_size(db, &size, error);
	bool halve = limits->max_mb > 0 && size > limits->max_mb * UINT64_C(1000000);
	if (status == STATUS_OK)
		status = sweep_hosts(db, limits, now_ms, halve, cursor, &budget, error);
	*dropped = STORE_SWEEP_ROWS - budget;
	return store_db_end(db, status, error);
}
