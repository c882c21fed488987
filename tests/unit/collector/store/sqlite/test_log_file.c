/* The write-ahead log: a commit goes to the disk in a few writes, and nothing of it is missed. */
#include "collector/store/sqlite/log_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>
#include <unistd.h>

#include <cmocka.h>

#include "collector/store/sqlite/internal.h"
#include "tests/unit/collector/store/store_fixture.h"
#include "tests/unit/rows.h"

#define ROWS 100 /* a page each */

static int n_writes;

static ssize_t count_write(int fd, const void *bytes, size_t n, off_t at)
{
	n_writes++;
	return pwrite(fd, bytes, n, at);
}

/* SQLite calls one of these, whichever it was built with. */
static void count_writes(bool on)
{
	static const char *const names[] = { "pwrite", "pwrite64" };
	sqlite3_syscall_ptr call = on ? (sqlite3_syscall_ptr)count_write : NULL;
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

	for (size_t i = 0; i < 2; i++)
		assert_int_equal(vfs->xSetSystemCall(vfs, names[i], call), SQLITE_OK);
}

static void execute(struct store_db *db, const char *sql)
{
	assert_int_equal(sqlite3_exec(db->handle, sql, NULL, NULL, NULL), SQLITE_OK);
}

/* A store with a table of the test. */
static void open_db(const struct fixture *f, const char *name, struct store_db *db)
{
	char path[FIXTURE_PATH_SIZE];
	char error[STORE_ERROR_SIZE];

	assert_int_equal(store_db_open(db, fixture_path(f, name, path), error), STATUS_OK);
	assert_int_equal(store_db_migrate(db, error), STATUS_OK);
	execute(db, "CREATE TABLE IF NOT EXISTS t (i INTEGER PRIMARY KEY, x TEXT)");
}

/* The rows as of a round, each filling a page. */
static void put_rows(struct store_db *db, int round)
{
	char sql[256];

	snprintf(sql, sizeof sql,
		 "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
		 "INSERT OR REPLACE INTO t SELECT i, printf('%%03d %%03d %%03900d', i, %d, 0) FROM "
		 "n",
		 ROWS, round);
	execute(db, sql);
}

static void assert_rows(struct store_db *db, int round)
{
	sqlite3_stmt *list = NULL;
	int n = 0;

	assert_int_equal(
		sqlite3_prepare_v2(db->handle, "SELECT x FROM t ORDER BY i", -1, &list, NULL),
		SQLITE_OK);
	while (sqlite3_step(list) == SQLITE_ROW) {
		char begin[32];
		snprintf(begin, sizeof begin, "%03d %03d 000", ++n, round);
		assert_memory_equal(store_db_text(list, 0), begin, 11);
	}
	sqlite3_finalize(list);
	assert_int_equal(n, ROWS);
}

static void copy_file(const struct fixture *f, const char *from, const char *to)
{
	char path[FIXTURE_PATH_SIZE];
	char bytes[4096];
	size_t n;
	FILE *in = fopen(fixture_path(f, from, path), "rb");
	FILE *out = fopen(fixture_path(f, to, path), "wb");

	assert_true(in && out);
	while ((n = fread(bytes, 1, sizeof bytes, in)) > 0)
		assert_int_equal(fwrite(bytes, 1, n, out), n);
	assert_int_equal(fclose(in) + fclose(out), 0);
}

/* What was committed is in the files, as whoever opens them after the end of the process finds. */
static void assert_kept(const struct fixture *f, int round)
{
	struct store_db copy;

	copy_file(f, "t.db", "copy.db");
	copy_file(f, "t.db-wal", "copy.db-wal");
	open_db(f, "copy.db", &copy);
	assert_rows(&copy, round);
	store_db_close(&copy);
}

static void a_commit_takes_few_writes(void **state)
{
	struct fixture f;
	struct store_db db;
	(void)state;

	fixture_set_up(&f);
	open_db(&f, "t.db", &db);
	count_writes(true);
	execute(&db, "BEGIN");
	put_rows(&db, 1);
	execute(&db, "COMMIT");
	count_writes(false);
	assert_in_range(n_writes, 1, ROWS / 10);
	assert_kept(&f, 1);
	store_db_close(&db);
	fixture_tear_down(&f);
}

/* With and without that SQLite waits for the disk. */
static const char *const modes[] = { "PRAGMA synchronous = FULL", "PRAGMA synchronous = OFF" };

static void others_see_a_commit_whole(void **state)
{
	(void)state;

	for_each_row(i, modes) {
		struct fixture f;
		struct store_db db;
		struct store_db other;
		fixture_set_up(&f);
		open_db(&f, "t.db", &db);
		execute(&db, modes[i]);
		open_db(&f, "t.db", &other);
		put_rows(&db, 1);
		assert_rows(&other, 1);
		assert_kept(&f, 1);
		store_db_close(&other);
		store_db_close(&db);
		fixture_tear_down(&f);
	}
}

/* Its pages leave the cache before the end, and are looked at, changed and written again. */
static void a_change_that_is_larger_than_the_cache_is_whole(void **state)
{
	(void)state;

	for_each_row(i, modes) {
		struct fixture f;
		struct store_db db;
		struct store_db other;
		fixture_set_up(&f);
		open_db(&f, "t.db", &db);
		execute(&db, modes[i]);
		execute(&db, "PRAGMA cache_size = 10");
		put_rows(&db, 1);
		open_db(&f, "t.db", &other);
		execute(&db, "BEGIN");
		put_rows(&db, 2);
		assert_rows(&db, 2);
		assert_rows(&other, 1);
		execute(&db, "ROLLBACK");
		assert_rows(&db, 1);
		execute(&db, "BEGIN");
		put_rows(&db, 3);
		put_rows(&db, 4);
		assert_rows(&db, 4);
		execute(&db, "COMMIT");
		assert_rows(&other, 4);
		assert_kept(&f, 4);
		store_db_close(&other);
		store_db_close(&db);
		fixture_tear_down(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_commit_takes_few_writes),
		cmocka_unit_test(others_see_a_commit_whole),
		cmocka_unit_test(a_change_that_is_larger_than_the_cache_is_whole),
	};
	return cmocka_run_group_tests(tests, NULL, fixture_sweep);
}
