#include "tests/unit/collector/store/sqlite/stream_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

const char rig_same[256] = { [0 ... sizeof rig_same - 2] = 'x' };

void rig_open(struct rig *rig)
{
	char path[FIXTURE_PATH_SIZE];
	fixture_path(&rig->fixture, SQLITE_ENGINE_FILE, path);
	assert_int_equal(store_db_open(&rig->db, path, rig->error), STATUS_OK);
	assert_int_equal(store_db_migrate(&rig->db, rig->error), STATUS_OK);
}

void rig_set_up(struct rig *rig)
{
	*rig = (struct rig){ .latest_ms = INT64_MIN };
	fixture_set_up(&rig->fixture);
	rig_open(rig);
}

void rig_tear_down(struct rig *rig)
{
	store_db_close(&rig->db);
	fixture_tear_down(&rig->fixture);
}

int64_t rig_number(struct rig *rig, const char *query)
{
	sqlite3_stmt *statement = NULL;

	assert_int_equal(sqlite3_prepare_v2(rig->db.handle, query, -1, &statement, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	int64_t n = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return n;
}

void rig_execute(struct rig *rig, const char *sql)
{
	assert_int_equal(sqlite3_exec(rig->db.handle, sql, NULL, NULL, NULL), SQLITE_OK);
}

void rig_put(struct rig *rig, const char *key, const char *epoch, int64_t sequence, int64_t at_ms,
	     const char *body)
{
	struct record_report report = { .key = key,
					.is_latest = at_ms > rig->latest_ms,
					.agent_id = "id",
					.epoch = epoch,
					.sequence = sequence,
					.at_ms = at_ms,
					.received_at_ms = at_ms,
					.body_hash = (uint64_t)at_ms,
					.body = body,
					.body_size = strlen(body) };
	struct store_change change = { .report = &report };
	const struct store_change *changes[] = { &change };

	if (report.is_latest)
		rig->latest_ms = at_ms;
	assert_int_equal(store_db_commit(&rig->db, changes, 1, NULL, rig->error), STATUS_OK);
}

struct store_limits rig_keep(size_t reports, size_t days)
{
	struct store_limits limits = STORE_LIMITS_DEFAULT;
	limits.reports = reports;
	limits.report_days = days;
	return limits;
}

size_t rig_retain(struct rig *rig, const struct store_retention *retention, size_t budget)
{
	size_t left = budget;

	assert_int_equal(store_db_begin(&rig->db, rig->error), STATUS_OK);
	enum status status = store_db_retain(&rig->db, 1, retention, &left, rig->error);
	assert_int_equal(store_db_end(&rig->db, status, rig->error), STATUS_OK);
	return budget - left;
}

void rig_check_bases(struct rig *rig)
{
	assert_int_equal(rig_number(rig,
				    "SELECT count(*) FROM report r WHERE base_id NOT NULL AND NOT "
				    "EXISTS (SELECT 1 FROM report b WHERE b.id = r.base_id AND "
				    "b.base_id IS NULL)"),
			 0);
	assert_int_equal(rig_number(rig,
				    "SELECT count(*) FROM host h WHERE NOT EXISTS (SELECT 1 FROM "
				    "report WHERE id = " STORE_LATEST_ID " AND host_id = h.id)"),
			 0);
	assert_int_equal(rig_number(rig,
				    "SELECT count(*) FROM report r LEFT JOIN stream s ON s.id = "
				    "r.stream_id WHERE s.host_id IS NOT r.host_id"),
			 0);
}
