#include "collector/store_sqlite.h"

/* Servers that one chunk looks at. */
#define MAX_HOSTS 64

#define DAY_MS (INT64_C(24) * 3600 * 1000)

static const char what[] = "drop what is old";

/* Runs a statement that deletes; what it deletes is taken off the budget. */
static enum status run_drop(struct store_db *db, sqlite3_stmt *drop, size_t *budget,
			    char error[STORE_ERROR_SIZE])
{
	enum status status = store_db_run(db, drop, what, error);
	if (status == STATUS_OK)
		*budget -= (size_t)sqlite3_changes(db->handle);
	return status;
}

/* Reports of a time before this are too old, or too many. */
static enum status find_cutoff(struct store_db *db, int64_t host_id, size_t keep,
			       int64_t not_before_ms, int64_t *out, char error[STORE_ERROR_SIZE])
{
	sqlite3_stmt *find = store_db_statement(db, STORE_FIND_CUTOFF);
	enum status status = STATUS_OK;

	if (!find || !store_db_bind_number(find, 1, host_id) ||
	    !store_db_bind_number(find, 2, (int64_t)keep) ||
	    !store_db_bind_number(find, 3, not_before_ms))
		return store_db_fail(db, what, error);
	int code = sqlite3_step(find);
	if (code == SQLITE_ROW)
		*out = sqlite3_column_int64(find, 0);
	else
		status = store_db_fail(db, what, error);
	sqlite3_reset(find);
	return status;
}

static enum status drop_reports(struct store_db *db, enum store_statement which, int64_t host_id,
				int64_t before_ms, size_t *budget, char error[STORE_ERROR_SIZE])
{
	sqlite3_stmt *drop = store_db_statement(db, which);
	if (!drop || !store_db_bind_number(drop, 1, host_id) ||
	    !store_db_bind_number(drop, 2, before_ms) ||
	    !store_db_bind_number(drop, 3, (int64_t)*budget))
		return store_db_fail(db, what, error);
	return run_drop(db, drop, budget, error);
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
	return run_drop(db, drop_rows, budget, error);
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

/* Half of what is there, where that is less. */
static enum status halve_kept(struct store_db *db, int64_t host_id, size_t *keep,
			      char error[STORE_ERROR_SIZE])
{
	int64_t n = 0;

	enum status status = read_number(db, STORE_COUNT_REPORTS, host_id, &n, error);
	if (*keep > (size_t)n / 2)
		*keep = (size_t)n / 2;
	return status;
}

enum status store_db_retain(struct store_db *db, int64_t host_id, const struct store_limits *limits,
			    int64_t now_ms, bool halve, size_t *budget,
			    char error[STORE_ERROR_SIZE])
{
	int64_t not_before_ms = now_ms - (int64_t)limits->report_days * DAY_MS;
	enum status status = STATUS_OK;
	size_t keep = limits->reports;
	int64_t cutoff_ms = 0;

	if (halve)
		status = halve_kept(db, host_id, &keep, error);
	if (status == STATUS_OK)
		status = find_cutoff(db, host_id, keep, not_before_ms, &cutoff_ms, error);
	if (status == STATUS_OK)
		status = drop_reports(db, STORE_DROP_DELTAS, host_id, cutoff_ms, budget, error);
	/* Behind the deltas: never a base before all that is based on it. */
	if (status == STATUS_OK && *budget > 0)
		status = drop_reports(db, STORE_DROP_WHOLE, host_id, cutoff_ms, budget, error);
	if (status == STATUS_OK && *budget > 0)
		status = drop_history(db, host_id, limits, now_ms, budget, error);
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
