#include "collector/store/store.h"

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

static void gives_back_what_was_committed_after_a_restart(void **state)
{
	struct fixture f;
	(void)state;

	fixture_set_up(&f);
	fixture_open(&f);
	fixture_report(&f, "b", 1, 1000, "{\"b\":1}");
	fixture_report(&f, "a", 1, 1000, "{\"a\":1}");
	fixture_report(&f, "b", 2, 3000, "{\"b\":2}");
	assert_int_equal(f.done, 3);
	for (int again = 0; again < 2; again++) {
		assert_string_equal(fixture_servers(&f), "a clear silent=0 e/1 {\"a\":1}; "
							 "b clear silent=0 e/2 {\"b\":2}; ");
		fixture_close(&f);
		fixture_open(&f);
	}
	fixture_close(&f);
	fixture_tear_down(&f);
}

static void a_state_without_a_report_keeps_the_latest_report(void **state)
{
	struct record_server silent = {
		.key = "a",
		.silent = true,
		.verdict = "exposed",
		.verdict_json = "{}",
		.adapters_json = "[]",
	};
	struct fixture f;
	(void)state;

	fixture_set_up(&f);
	fixture_open(&f);
	fixture_report(&f, "a", 7, 1000, "body");
	struct store_change change = {
		.servers = &silent, .n_servers = 1, .done = fixture_on_done, .user = &f
	};
	assert_int_equal(store_submit(f.store, &change), STATUS_OK);
	fixture_close(&f); /* and with it everything is done */
	assert_int_equal(f.done, 2);
	fixture_open(&f);
	assert_string_equal(fixture_servers(&f), "a exposed silent=1 e/7 body; ");
	fixture_close(&f);
	fixture_tear_down(&f);
}

static void finds_the_latest_report_until_a_moment(void **state)
{
	static const struct {
		int64_t until;
		const char *body; /* NULL: none */
	} cases[] = {
		{ 999, NULL },     { 1000, "first" }, { 2999, "first" },
		{ 3000, "third" }, { 4999, "third" }, { INT64_MAX, "second" },
	};
	struct fixture f;
	(void)state;

	fixture_set_up(&f);
	fixture_open(&f);
	fixture_report(&f, "a", 1, 1000, "first");
	fixture_report(&f, "a", 2, 5000, "second");
	fixture_report(&f, "a", 3, 3000, "third"); /* came late */
	fixture_report(&f, "b", 1, 3500, "of another");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct arena arena;
		struct record_report found = { 0 };
		arena_init(&arena);
		enum status status = store_read_report_until(f.store, "a", cases[i].until, &arena,
							     &found, f.error);
		assert_int_equal(status, cases[i].body ? STATUS_OK : STATUS_NOT_FOUND);
		if (cases[i].body)
			assert_string_equal(found.body, cases[i].body);
		arena_deinit(&arena);
	}
	fixture_close(&f);
	fixture_tear_down(&f);
}

static void finds_the_hash_of_a_repeated_report(void **state)
{
	struct fixture f;
	uint64_t hash = 0;
	(void)state;

	fixture_set_up(&f);
	fixture_open(&f);
	fixture_report(&f, "a", 9, 1000, "body");
	assert_int_equal(store_read_body_hash(f.store, "a", "e", 9, &hash, f.error), STATUS_OK);
	assert_true(hash == UINT64_MAX - 9);
	assert_int_equal(store_read_body_hash(f.store, "a", "e", 8, &hash, f.error),
			 STATUS_NOT_FOUND);
	assert_int_equal(store_read_body_hash(f.store, "a", "f", 9, &hash, f.error),
			 STATUS_NOT_FOUND);
	fixture_close(&f);
	fixture_tear_down(&f);
}

static void two_collectors_cannot_share_a_directory(void **state)
{
	struct fixture f;
	struct store *second = NULL;
	(void)state;

	fixture_set_up(&f);
	fixture_open(&f);
	assert_int_equal(store_open(&second, f.directory, &f.loop, f.error), STATUS_CONFLICT);
	assert_non_null(strstr(f.error, "in use by another collector"));
	fixture_close(&f);
	fixture_open(&f); /* and afterwards it is free */
	fixture_close(&f);
	fixture_tear_down(&f);
}

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

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct fixture f;
		char text[4096];
		fixture_set_up(&f);
		memset(text, 'x', sizeof text);
		if (cases[i].sql)
			fixture_execute(&f, cases[i].sql);
		else
			write_file(&f, STORE_FILE, text, sizeof text);
		assert_int_equal(store_open(&f.store, f.directory, &f.loop, f.error),
				 cases[i].status);
		assert_non_null(strstr(f.error, cases[i].says));
		assert_non_null(strstr(f.error, STORE_FILE));
		fixture_tear_down(&f);
	}
}

static void a_directory_that_is_not_there_is_named(void **state)
{
	struct fixture f;
	(void)state;

	fixture_set_up(&f);
	assert_int_equal(store_open(&f.store, "/nonexistent/mtawatch", &f.loop, f.error),
			 STATUS_SYSTEM);
	assert_non_null(strstr(f.error, "/nonexistent/mtawatch"));
	fixture_tear_down(&f);
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
	assert_int_equal(stat(fixture_path(&f, STORE_FILE, path), &file), 0);
	char *bytes = mem_alloc((size_t)file.st_size);
	FILE *in = fopen(path, "rb");
	assert_non_null(in);
	assert_int_equal(fread(bytes, 1, (size_t)file.st_size, in), file.st_size);
	fclose(in);
	for (size_t i = 0; i < 2; i++) /* of the tables; the schema stays, or it would not open */
		memset(bytes + (roots[i] - 1) * 4096, 0x5a, 4096);
	write_file(&f, STORE_FILE, bytes, (size_t)file.st_size);
	free(bytes);

	fixture_open(&f);
	assert_int_equal(store_read_servers(f.store, fixture_list_server, &f, f.error),
			 STATUS_MALFORMED);
	assert_non_null(strstr(f.error, STORE_FILE));
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
	assert_non_null(strstr(f.error, STORE_FILE));
	assert_int_equal(store_pending(f.store), 0);
	assert_int_not_equal(store_resume(f.store, f.error), STATUS_OK);

	limit_files(RLIM_INFINITY);
	fixture_report(&f, "a", 3, 3000, "body");
	assert_int_equal(f.failed, 4); /* until it is resumed */
	assert_int_equal(store_resume(f.store, f.error), STATUS_OK);
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

static void changes_are_done_in_order_each_once(void **state)
{
	struct fixture f;
	static struct record_hook rows[2000];
	(void)state;

	fixture_set_up(&f);
	fixture_open(&f);
	for (size_t i = 0; i < 2000; i++) {
		rows[i] = (struct record_hook){ .name = "a", .since_ms = (int64_t)i };
		struct store_change change = { .hook = &rows[i],
					       .done = fixture_on_done,
					       .user = &f };
		assert_int_equal(store_submit(f.store, &change), STATUS_OK);
	}
	assert_int_equal(f.done, 0); /* never from within submit */
	fixture_close(&f);
	assert_int_equal(f.done, 2000);
	fixture_open(&f);
	fixture_close(&f);
	assert_int_equal(fixture_count(&f, "SELECT since_ms FROM hook WHERE name = 'a'"), 1999);
	fixture_tear_down(&f);
}

static void refuses_more_than_may_wait(void **state)
{
	struct fixture f;
	(void)state;

	fixture_set_up(&f);
	fixture_open(&f);
	struct store_change empty = { .done = fixture_on_done, .user = &f };
	for (size_t i = 0; i < STORE_MAX_PENDING; i++)
		assert_int_equal(store_submit(f.store, &empty), STATUS_OK);
	assert_int_equal(store_submit(f.store, &empty), STATUS_LIMIT);
	fixture_close(&f);
	assert_int_equal(f.done, STORE_MAX_PENDING);
	fixture_tear_down(&f);
}

/* All are the same report, which is stored once and has failed or is known already after that. */
static void refuses_more_bytes_of_reports_than_may_wait(void **state)
{
	const size_t size = (size_t)1024 * 1024;
	char *body = mem_alloc(size);
	struct fixture f;
	(void)state;

	memset(body, ' ', size);
	fixture_set_up(&f);
	fixture_open(&f);
	struct record_report report = {
		.key = "a", .agent_id = "a", .epoch = "e", .body = body, .body_size = size
	};
	struct store_change large = { .report = &report, .done = fixture_on_done, .user = &f };
	struct store_change empty = { .done = fixture_on_done, .user = &f };
	for (size_t i = 0; i < STORE_MAX_PENDING_BYTES / size; i++)
		assert_int_equal(store_submit(f.store, &large), STATUS_OK);
	report.body_size = 1;
	assert_int_equal(store_submit(f.store, &large), STATUS_LIMIT);
	assert_int_equal(store_submit(f.store, &empty), STATUS_OK);
	report.body_size = size; /* as it was when it was submitted */
	while (f.done + f.failed < STORE_MAX_PENDING_BYTES / size + 1)
		uv_run(&f.loop, UV_RUN_ONCE);
	assert_int_equal(store_submit(f.store, &large), STATUS_OK);
	fixture_close(&f);
	free(body);
	fixture_tear_down(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_back_what_was_committed_after_a_restart),
		cmocka_unit_test(a_state_without_a_report_keeps_the_latest_report),
		cmocka_unit_test(finds_the_latest_report_until_a_moment),
		cmocka_unit_test(finds_the_hash_of_a_repeated_report),
		cmocka_unit_test(two_collectors_cannot_share_a_directory),
		cmocka_unit_test(refuses_what_is_not_its_database_and_names_the_file),
		cmocka_unit_test(a_directory_that_is_not_there_is_named),
		cmocka_unit_test(a_damaged_database_fails_in_words),
		cmocka_unit_test(a_failed_commit_loses_nothing_and_writing_goes_on_after_it),
		cmocka_unit_test(changes_are_done_in_order_each_once),
		cmocka_unit_test(refuses_more_than_may_wait),
		cmocka_unit_test(refuses_more_bytes_of_reports_than_may_wait),
	};
	return cmocka_run_group_tests(tests, NULL, fixture_sweep);
}
