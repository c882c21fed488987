/* Pages that SQLite moves in its cache: never to the number that makes every commit look at all. */
#include "collector/store/sqlite/page_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "collector/store/sqlite/internal.h"
#include "tests/unit/collector/store/store_fixture.h"

#define LEFT_OUT (0x40000000U / 4096 + 1)
#define ROWS     20000

static sqlite3_pcache_methods2 real;
static int n_moves;
static int n_moves_to_left_out;

/* The cache of SQLite sees this. */
static void count_move(sqlite3_pcache *cache, sqlite3_pcache_page *page, unsigned from, unsigned to)
{
	n_moves++;
	n_moves_to_left_out += to == LEFT_OUT;
	real.xRekey(cache, page, from, to);
}

/* Before SQLite is used, as page_cache.h does it on top of this. */
static void count_moves(void)
{
	assert_int_equal(sqlite3_config(SQLITE_CONFIG_GETPCACHE2, &real), SQLITE_OK);
	sqlite3_pcache_methods2 methods = real;
	methods.xRekey = count_move;
	assert_int_equal(sqlite3_config(SQLITE_CONFIG_PCACHE2, &methods), SQLITE_OK);
}

static void execute(sqlite3 *handle, const char *sql)
{
	assert_int_equal(sqlite3_exec(handle, sql, NULL, NULL, NULL), SQLITE_OK);
}

static int64_t number(sqlite3 *handle, const char *sql)
{
	sqlite3_stmt *query = NULL;

	assert_int_equal(sqlite3_prepare_v2(handle, sql, -1, &query, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(query), SQLITE_ROW);
	int64_t value = sqlite3_column_int64(query, 0);
	sqlite3_finalize(query);
	return value;
}

/* An index whose pages are divided anywhere, in a database beside the store. */
static void divide_pages(sqlite3 *handle)
{
	char sql[256];

	n_moves = n_moves_to_left_out = 0;
	execute(handle, "PRAGMA cache_size = 20");
	execute(handle, "DROP TABLE IF EXISTS t");
	execute(handle, "CREATE TABLE t (i INTEGER PRIMARY KEY, x INTEGER UNIQUE)");
	snprintf(sql, sizeof sql,
		 "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
		 "INSERT INTO t SELECT i, i * 7919 %% 1000003 FROM n",
		 ROWS);
	execute(handle, sql);
	assert_true(n_moves > 0);
	assert_int_equal(number(handle, "SELECT count(*) FROM t"), ROWS);
	assert_int_equal(number(handle, "SELECT count(*) FROM pragma_integrity_check "
					"WHERE integrity_check = 'ok'"),
			 1);
}

static void a_page_moves_to_no_large_number(void **state)
{
	struct fixture f;
	struct store_db db;
	char path[FIXTURE_PATH_SIZE];
	char error[STORE_ERROR_SIZE];
	sqlite3 *other = NULL;
	(void)state;

	count_moves();
	fixture_set_up(&f);
	assert_int_equal(store_db_open(&db, fixture_path(&f, "t.db", path), error), STATUS_OK);
	divide_pages(db.handle);
	assert_int_equal(n_moves_to_left_out, 0);

	/* Once there are pages of another size, the number may be that of a page in use. */
	assert_int_equal(sqlite3_open(fixture_path(&f, "other.db", path), &other), SQLITE_OK);
	execute(other, "PRAGMA page_size = 8192");
	divide_pages(other);
	sqlite3_close(other);
	divide_pages(db.handle);
	assert_true(n_moves_to_left_out > 0);
	store_db_close(&db);
	fixture_tear_down(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_moves_to_no_large_number),
	};
	return cmocka_run_group_tests(tests, NULL, fixture_sweep);
}
