#include "collector/store_sqlite.h"

#include <assert.h>
#include <stdbool.h>

/*
 * Old reports dropped with one new report at most. Each report that comes in drops one in the long
 * run; more only where the limit was lowered.
 */
#define MAX_DROPPED 16

static bool bind_text(sqlite3_stmt *statement, int at, const char *text)
{
	return sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC) == SQLITE_OK;
}

static bool bind_number(sqlite3_stmt *statement, int at, int64_t number)
{
	return sqlite3_bind_int64(statement, at, number) == SQLITE_OK;
}

static bool bind_report(sqlite3_stmt *statement, const struct record_report *report)
{
	return bind_text(statement, 1, report->key) && bind_text(statement, 2, report->agent_id) &&
	       bind_text(statement, 3, report->epoch) &&
	       bind_number(statement, 4, report->sequence) &&
	       bind_number(statement, 5, report->at_ms) &&
	       bind_number(statement, 6, report->received_at_ms) &&
	       bind_number(statement, 7, report->age_s) &&
	       bind_number(statement, 8, (int64_t)report->body_hash) &&
	       sqlite3_bind_blob64(statement, 9, report->body, report->body_size, SQLITE_STATIC) ==
		       SQLITE_OK;
}

/* Stores the report; `*id` is its row's. */
static enum status insert_report(struct store_db *db, const struct record_report *report,
				 int64_t *id, char error[STORE_ERROR_SIZE])
{
	sqlite3_stmt *insert = store_db_statement(db, STORE_INSERT_REPORT);
	if (!insert || !bind_report(insert, report))
		return store_db_fail(db, "store a report", error);
	enum status status = store_db_run(db, insert, "store a report", error);
	*id = sqlite3_last_insert_rowid(db->handle);
	return status;
}

static enum status drop_old_reports(struct store_db *db, const char *key,
				    char error[STORE_ERROR_SIZE])
{
	sqlite3_stmt *drop = store_db_statement(db, STORE_DROP_REPORTS);
	if (!drop || !bind_text(drop, 1, key) ||
	    !bind_number(drop, 2, STORE_MAX_REPORTS_PER_SERVER) ||
	    !bind_number(drop, 3, MAX_DROPPED))
		return store_db_fail(db, "drop old reports", error);
	return store_db_run(db, drop, "drop old reports", error);
}

/* `report_id` is the report's of the same change. */
static enum status put_server(struct store_db *db, const struct record_server *server,
			      int64_t report_id, char error[STORE_ERROR_SIZE])
{
	sqlite3_stmt *put = store_db_statement(db, STORE_PUT_SERVER);
	if (!put || !bind_text(put, 1, server->key) ||
	    (server->is_new_report && !bind_number(put, 2, report_id)) ||
	    !bind_number(put, 3, server->silent) || !bind_text(put, 4, server->verdict) ||
	    !bind_number(put, 5, server->since_ms) || !bind_text(put, 6, server->verdict_json) ||
	    !bind_text(put, 7, server->adapters_json))
		return store_db_fail(db, "store the state of a server", error);
	return store_db_run(db, put, "store the state of a server", error);
}

static enum status put_told(struct store_db *db, const struct record_told *told,
			    char error[STORE_ERROR_SIZE])
{
	sqlite3_stmt *put = store_db_statement(db, STORE_PUT_TOLD);
	if (!put || !bind_text(put, 1, told->key) || !bind_text(put, 2, told->verdict) ||
	    !bind_number(put, 3, told->number))
		return store_db_fail(db, "store what the hook was told", error);
	return store_db_run(db, put, "store what the hook was told", error);
}

static enum status apply(struct store_db *db, const struct store_change *change,
			 char error[STORE_ERROR_SIZE])
{
	enum status status = STATUS_OK;
	int64_t report_id = 0;

	if (change->report)
		status = insert_report(db, change->report, &report_id, error);
	for (size_t i = 0; status == STATUS_OK && i < change->n_servers; i++) {
		assert(change->report || !change->servers[i].is_new_report);
		status = put_server(db, &change->servers[i], report_id, error);
	}
	if (status == STATUS_OK && change->report)
		status = drop_old_reports(db, change->report->key, error);
	for (size_t i = 0; status == STATUS_OK && i < change->n_told; i++)
		status = put_told(db, &change->told[i], error);
	if (status == STATUS_OK)
		status = store_db_put_identity(db, change, error);
	return status;
}

static enum status begin(struct store_db *db, char error[STORE_ERROR_SIZE])
{
	return store_db_run(db, store_db_statement(db, STORE_BEGIN), "begin a change", error);
}

/* Commits, or takes everything back where `status` or the commit itself is a failure. */
static enum status end(struct store_db *db, enum status status, char error[STORE_ERROR_SIZE])
{
	if (status == STATUS_OK)
		status = store_db_run(db, store_db_statement(db, STORE_COMMIT), "commit", error);
	/* Some failures have rolled it back already (SQLite, "Response To Errors"). */
	if (status != STATUS_OK && !sqlite3_get_autocommit(db->handle)) {
		char ignored[STORE_ERROR_SIZE]; /* what failed first is what matters */
		store_db_run(db, store_db_statement(db, STORE_ROLLBACK), "roll back", ignored);
	}
	return status;
}

enum status store_db_commit(struct store_db *db, const struct store_change *const *changes,
			    size_t n, char error[STORE_ERROR_SIZE])
{
	enum status status = begin(db, error);
	if (status != STATUS_OK)
		return status;
	for (size_t i = 0; status == STATUS_OK && i < n; i++)
		status = apply(db, changes[i], error);
	return end(db, status, error);
}

enum status store_db_touch(struct store_db *db, char error[STORE_ERROR_SIZE])
{
	enum status status = begin(db, error);
	if (status != STATUS_OK)
		return status;
	status = store_db_run(db, store_db_statement(db, STORE_TOUCH), "write", error);
	return end(db, status, error);
}
