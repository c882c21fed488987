#include "collector/store/sqlite/engine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "collector/base/loop.h"
#include "collector/store/sqlite/internal.h"
#include "proto/base/arena.h"
#include "proto/base/mem.h"

static const char *locate(const struct store_location *location, struct arena *arena)
{
	return arena_printf(arena, "%s/%s", location->directory, SQLITE_ENGINE_FILE);
}

static bool exists(const struct store_location *location)
{
	struct arena arena;
	struct stat found;

	arena_init(&arena);
	bool is_there = stat(locate(location, &arena), &found) == 0 || errno != ENOENT;
	arena_deinit(&arena);
	return is_there;
}

/*
 * With its last connection SQLite empties the log and removes what stands under the log's name: not
 * where that is another store's.
 */
static void leave_log(struct store_db *db)
{
	char ignored[STORE_ERROR_SIZE];

	if (store_place_look(&db->place, ignored) != STATUS_OK)
		sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
}

static void close_connection(struct store_db *db)
{
	if (!db)
		return;
	if (db->checkpointer)
		store_checkpointer_stop(db->checkpointer);
	leave_log(db);
	store_db_close(db);
	free(db);
}

/* What is noted has to be what SQLite has open. */
static enum status note_place(struct store_db *db, char error[STORE_ERROR_SIZE])
{
	int has_moved = 0;

	enum status status = store_place_note(&db->place, db->path, error);
	if (status != STATUS_OK)
		return status;
	sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_HAS_MOVED, &has_moved);
	if (!has_moved)
		return STATUS_OK;
	snprintf(error, STORE_ERROR_SIZE, "'%s' was replaced while it was opened", db->path);
	return STATUS_CONFLICT;
}

static enum status prepare_writer(struct store_db *db, char error[STORE_ERROR_SIZE])
{
	enum status status = store_db_migrate(db, error);
	if (status == STATUS_OK)
		status = store_db_count_hosts(db, error);
	if (status == STATUS_OK)
		status = store_db_read_clock(db, "age_ms", &db->clocks.age_ms, error);
	if (status == STATUS_OK)
		status = store_db_read_clock(db, "latest_ms", &db->clocks.latest_ms, error);
	if (status == STATUS_OK)
		status = note_place(db, error);
	if (status == STATUS_OK)
		status = store_checkpointer_start(&db->checkpointer, db->path, error);
	return status;
}

static enum status open_reader(struct store_db **out, const struct store_location *location,
			       char error[STORE_ERROR_SIZE])
{
	struct arena arena;

	arena_init(&arena);
	*out = mem_alloc(sizeof **out);
	enum status status = store_db_open(*out, locate(location, &arena), error);
	if (status != STATUS_OK) {
		free(*out);
		*out = NULL;
	}
	arena_deinit(&arena);
	return status;
}

static enum status open_writer(struct store_db **out, const struct store_location *location,
			       const struct store_claim *claim, char error[STORE_ERROR_SIZE])
{
	(void)claim; /* the data directory's lock is enough */
	/* Nobody asks how much memory it has, and counting takes a lock at each allocation. */
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	enum status status = open_reader(out, location, error);
	if (status == STATUS_OK)
		status = prepare_writer(*out, error);
	if (status != STATUS_OK) {
		close_connection(*out);
		*out = NULL;
	}
	return status;
}

static enum status open_admin(struct store_db **out, const struct store_location *location,
			      bool create, char error[STORE_ERROR_SIZE])
{
	*out = mem_alloc(sizeof **out);
	enum status status = store_db_open_admin(*out, location->directory, create, error);
	if (status != STATUS_OK) {
		close_connection(*out);
		*out = NULL;
	}
	return status;
}

static enum status look_at_place(struct store_db *db, char error[STORE_ERROR_SIZE])
{
	return store_place_look(&db->place, error);
}

/* A connection of the terminal's has no checkpointer: it does without. */
static enum status commit(struct store_db *db, const struct store_change *const *changes, size_t n,
			  const struct store_limits *limits, char error[STORE_ERROR_SIZE])
{
	if (db->checkpointer)
		store_checkpointer_wait(db->checkpointer);
	enum status status = store_db_commit(db, changes, n, limits, error);
	if (status == STATUS_OK && db->checkpointer)
		store_checkpointer_wake(db->checkpointer, db->log_pages);
	/* Looked at behind the commit: what went into a file that is gone is not acknowledged. */
	return status == STATUS_OK ? look_at_place(db, error) : status;
}

static enum status sweep(struct store_db *db, const struct store_limits *limits, int64_t now_ms,
			 bool *more, char error[STORE_ERROR_SIZE])
{
	size_t dropped = 0;

	bool saved = false;

	store_clocks_advance(&db->clocks, now_ms, loop_monotonic_ms());
	enum status status = store_db_save_clocks(db, &saved, error);
	if (status == STATUS_OK)
		status = store_db_sweep(db, limits, db->clocks.age_ms, &db->sweep, &dropped, error);
	if (status == STATUS_OK && (dropped > 0 || saved))
		store_checkpointer_wake(db->checkpointer, db->log_pages);
	*more = dropped >= STORE_SWEEP_ROWS;
	return status;
}

static enum status begin_snapshot(struct store_db *db, char error[STORE_ERROR_SIZE])
{
	return sqlite3_exec(db->handle, "BEGIN", NULL, NULL, NULL) == SQLITE_OK
		       ? STATUS_OK
		       : store_db_fail(db, "read the store", error);
}

static enum status backup(const struct store_location *location, const char *path, bool replace,
			  char error[STORE_ERROR_SIZE])
{
	return store_db_backup(location->directory, path, replace, error);
}

static enum status restore(const char *path, const struct store_location *location,
			   void (*tell)(const char *fault), char error[STORE_ERROR_SIZE])
{
	return store_db_restore(path, location->directory, tell, error);
}

static enum status check_store(const struct store_location *location,
			       void (*tell)(const char *fault), struct store_check *out,
			       char error[STORE_ERROR_SIZE])
{
	struct arena arena;

	arena_init(&arena);
	enum status status = store_db_check(locate(location, &arena), tell, out, error);
	arena_deinit(&arena);
	return status;
}

const struct store_engine sqlite_engine = {
	.exists = exists,
	.locate = locate,
	.open_writer = open_writer,
	.open_reader = open_reader,
	.open_admin = open_admin,
	.close = close_connection,
	.commit = commit,
	.look = look_at_place,
	.sweep = sweep,
	.touch = store_db_touch,
	.read_servers = store_db_read_servers,
	.read_server = store_db_read_server,
	.read_removals = store_db_read_removals,
	.read_other_names = store_db_read_other_names,
	.read_expected = store_db_read_expected,
	.read_former_expected = store_db_read_former_expected,
	.read_latest_time = store_db_read_latest_time,
	.read_expected_version = store_db_read_expected_version,
	.read_open_alerts = store_db_read_open_alerts,
	.read_silences = store_db_read_silences,
	.read_hooks = store_db_read_hooks,
	.read_summaries = store_db_read_summaries,
	.read_last_alert_id = store_db_read_last_alert_id,
	.read_alerts = store_db_read_alerts,
	.read_alert = store_db_read_alert,
	.read_deliveries = store_db_read_deliveries,
	.read_delivery = store_db_read_delivery,
	.read_report_until = store_db_read_report_until,
	.read_body_hash = store_db_read_body_hash,
	.read_last_sequence = store_db_read_last_sequence,
	.read_identity = store_db_read_identity,
	.read_identities = store_db_read_identities,
	.read_audit_after = store_db_read_audit_after,
	.read_audit_before = store_db_read_audit_before,
	.read_last_audit = store_db_read_last_audit,
	.read_history = store_db_read_history,
	.read_remarks = store_db_read_remarks,
	.read_bookmarks = store_db_read_bookmarks,
	.read_histories = store_db_read_histories,
	.read_trend = store_db_read_trend,
	.read_last_trends = store_db_read_last_trends,
	.read_reports = store_db_read_reports,
	.begin_snapshot = begin_snapshot,
	.set_last_audit = store_db_set_last_audit,
	.backup = backup,
	.restore = restore,
	.check = check_store,
	.check_backup = store_db_check,
};
