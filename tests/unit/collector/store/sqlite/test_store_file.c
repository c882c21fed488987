/* The file of the store: damaged, of others, on a full disk. */
#include "collector/store/sqlite/engine.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cmocka.h>
#include "proto/base/mem.h"
#include "tests/unit/collector/store/store_fixture.h"
#include "tests/unit/rows.h"

static void write_file(const struct fixture *f, const char *name, const char *bytes, size_t n)
{
	char path[FIXTURE_PATH_SIZE];
	FILE *file = fopen(fixture_path(f, name, path), "r+b");
	if (!file)
		file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, n, file), n);
	assert_int_equal(fclose(file), 0);
}

static void refuses_what_is_not_its_database_and_names_the_file(void **state)
{
	static const struct {
		const char *sql; /* NULL: no database at all */
		enum status status;
		const char *says;
	} cases[] = {
		{ NULL, STATUS_MALFORMED, "not a database" },
		{ "CREATE TABLE x(y)", STATUS_MALFORMED, "another program" },
		{ "PRAGMA application_id = 1836343671; PRAGMA user_version = 1000",
		  STATUS_UNSUPPORTED, "newer version" },
	};
	(void)state;

	for_each_row(i, cases) {
		struct fixture f;
		char text[4096];
		fixture_set_up(&f);
		memset(text, 'x', sizeof text);
		if (cases[i].sql)
			fixture_execute(&f, cases[i].sql);
		else
			write_file(&f, SQLITE_ENGINE_FILE, text, sizeof text);
		assert_int_equal(fixture_try_open(&f, &f.store, f.directory), cases[i].status);
		assert_non_null(strstr(f.error, cases[i].says));
		assert_non_null(strstr(f.error, SQLITE_ENGINE_FILE));
		fixture_tear_down(&f);
	}
}

/* The pages behind the first: the schema stays readable, the tables do not. */
static void a_damaged_database_fails_in_words(void **state)
{
	struct fixture f;
	(void)state;

	fixture_set_up(&f);
	fixture_open(&f);
	fixture_report(&f, "a", 1, 1000, "body");
	fixture_close(&f);
	char path[FIXTURE_PATH_SIZE];
	struct stat file;
	const int64_t roots[] = {
		fixture_count(&f, "SELECT rootpage FROM sqlite_schema WHERE name = 'server'"),
		fixture_count(&f, "SELECT rootpage FROM sqlite_schema WHERE name = 'report'"),
	};
	assert_int_equal(stat(fixture_path(&f, SQLITE_ENGINE_FILE, path), &file), 0);
	char *bytes = mem_alloc((size_t)file.st_size);
	FILE *in = fopen(path, "rb");
	assert_non_null(in);
	assert_int_equal(fread(bytes, 1, (size_t)file.st_size, in), file.st_size);
	fclose(in);
	for (size_t i = 0; i < 2; i++) /* of the tables; the schema stays, or it would not open */
		memset(bytes + (roots[i] - 1) * 4096, 0x5a, 4096);
	write_file(&f, SQLITE_ENGINE_FILE, bytes, (size_t)file.st_size);
	free(bytes);

	fixture_open(&f);
	assert_int_equal(
		store_read_servers(store_reader(f.store), fixture_list_server, &f, f.error),
		STATUS_MALFORMED);
	assert_non_null(strstr(f.error, SQLITE_ENGINE_FILE));
	assert_non_null(strstr(f.error, "malformed"));
	fixture_report(&f, "a", 2, 2000, "body");
	assert_int_equal(f.failed, 1);
	fixture_close(&f);
	fixture_tear_down(&f);
}

/* No file of this process may grow beyond `bytes`: what a full disk looks like. */
static void limit_files(rlim_t bytes)
{
	struct rlimit limit;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* As its owner does: the checkpointer may be at the log, so once more after a pause. */
static void resume(struct fixture *f)
{
	enum status status;

	for (int i = 0; (status = fixture_resume(f)) == STATUS_TIMED_OUT && i < 500; i++)
		uv_sleep(10);
	assert_int_equal(status, STATUS_OK);
}

static void a_failed_commit_loses_nothing_and_writing_goes_on_after_it(void **state)
{
	static const char big[64 * 1024] = { [0 ... sizeof big - 2] = 'x' };
	struct fixture f;
	(void)state;

	signal(SIGXFSZ, SIG_IGN);
	fixture_set_up(&f);
	fixture_open(&f);
	fixture_report(&f, "a", 1, 1000, "body");
	limit_files(4096);
	fixture_report(&f, "b", 1, 1000, big); /* what it would have been must be forgotten */
	fixture_report(&f, "a", 2, 2000, big);
	fixture_report(&f, "a", 3, 3000, big); /* refused: worked out on top of what is lost */
	assert_int_equal(f.done, 1);
	assert_int_equal(f.failed, 3);
	assert_non_null(strstr(f.error, SQLITE_ENGINE_FILE));
	assert_int_equal(store_pending(f.store), 0);
	assert_int_not_equal(fixture_resume(&f), STATUS_OK);

	limit_files(RLIM_INFINITY);
	fixture_report(&f, "a", 3, 3000, "body");
	assert_int_equal(f.failed, 4); /* until it is resumed */
	resume(&f);
	fixture_report(&f, "c", 1, 1000, "takes the number that the lost one had");
	fixture_report(&f, "b", 1, 1000, "as if new");
	fixture_report(&f, "a", 3, 3000, "after it");
	assert_int_equal(f.done, 4);
	assert_string_equal(fixture_servers(&f),
			    "a clear silent=0 e/3 after it; b clear silent=0 e/1 as if new; "
			    "c clear silent=0 e/1 takes the number that the lost one had; ");
	fixture_close(&f);
	fixture_tear_down(&f);
}

static void report_random(struct fixture *f, int64_t sequence)
{
	char *body = fixture_make_random(64 * 1024, (uint64_t)sequence);
	fixture_report(f, "a", sequence, 1000 * sequence, body);
	free(body);
}

/* To see whether there is room must not take the room: of the log, and then of the database. */
static void where_there_is_room_again_it_is_left_to_the_reports(void **state)
{
	struct fixture f;
	(void)state;

	signal(SIGXFSZ, SIG_IGN);
	fixture_set_up(&f);
	fixture_open(&f);
	for (int64_t i = 1; i <= 20; i++)
		report_random(&f, i);
	fixture_close(&f); /* some 700 KB of them are in the database, and there is no log */
	fixture_open(&f);
	limit_files(4096);
	report_random(&f, 21);
	assert_int_equal(f.failed, 1);

	limit_files(1500 * 1024);
	resume(&f);
	for (int64_t i = 21; i <= 33; i++)
		report_random(&f, i);
	assert_int_equal(f.failed, 1);
	limit_files(RLIM_INFINITY);
	fixture_close(&f);
	fixture_tear_down(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_is_not_its_database_and_names_the_file),
		cmocka_unit_test(a_damaged_database_fails_in_words),
		cmocka_unit_test(a_failed_commit_loses_nothing_and_writing_goes_on_after_it),
		cmocka_unit_test(where_there_is_room_again_it_is_left_to_the_reports),
	};
	return cmocka_run_group_tests(tests, NULL, fixture_sweep);
}
