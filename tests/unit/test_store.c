#include "collector/store.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "proto/mem.h"

struct fixture {
	char directory[64];
	uv_loop_t loop;
	struct store *store;
	size_t done;
	size_t failed;
	char error[STORE_ERROR_SIZE];
	char listed[4096]; /* what the last list_*() saw */
};

static void set_up(struct fixture *f)
{
	memset(f, 0, sizeof *f);
	snprintf(f->directory, sizeof f->directory, "/tmp/mtawatch-test-store.XXXXXX");
	assert_non_null(mkdtemp(f->directory));
	assert_int_equal(uv_loop_init(&f->loop), 0);
}

static char *path_in(const struct fixture *f, const char *name, char path[160])
{
	snprintf(path, 160, "%s/%s", f->directory, name);
	return path;
}

static void open_store(struct fixture *f)
{
	assert_int_equal(store_open(&f->store, f->directory, &f->loop, f->error), STATUS_OK);
}

/* Closes it, which runs everything that is pending. */
static void close_store(struct fixture *f)
{
	store_close(f->store, NULL, NULL);
	uv_run(&f->loop, UV_RUN_DEFAULT);
}

static void tear_down(struct fixture *f)
{
	static const char *const names[] = { STORE_FILE, STORE_FILE "-wal", STORE_FILE "-shm",
					     STORE_LOCK };
	char path[160];

	assert_int_equal(uv_loop_close(&f->loop), 0);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		unlink(path_in(f, names[i], path));
	assert_int_equal(rmdir(f->directory), 0);
}

static void on_done(void *user, enum status status, const char *error)
{
	struct fixture *f = user;
	if (status == STATUS_OK) {
		f->done++;
		return;
	}
	f->failed++;
	snprintf(f->error, sizeof f->error, "%s", error);
}

/* A report of the server `key`; its body tells which. */
static void submit_report(struct fixture *f, const char *key, int64_t sequence, int64_t at_ms,
			  const char *body)
{
	struct record_report report = {
		.key = key,
		.agent_id = key,
		.epoch = "e",
		.sequence = sequence,
		.at_ms = at_ms,
		.received_at_ms = at_ms + 2000,
		.age_s = 2,
		.body_hash = UINT64_MAX - (uint64_t)sequence,
		.body = body,
		.body_size = strlen(body),
	};
	struct record_server server = {
		.key = key,
		.is_new_report = true,
		.verdict = "clear",
		.since_ms = at_ms,
		.verdict_json = "{}",
		.adapters_json = "[]",
	};
	struct store_change change = {
		.report = &report, .servers = &server, .n_servers = 1, .done = on_done, .user = f
	};
	size_t over = f->done + f->failed;
	assert_int_equal(store_submit(f->store, &change), STATUS_OK);
	while (f->done + f->failed == over)
		uv_run(&f->loop, UV_RUN_ONCE);
}

static enum status list_server(void *user, const struct record_server *server,
			       const struct record_report *latest)
{
	struct fixture *f = user;
	size_t n = strlen(f->listed);
	snprintf(f->listed + n, sizeof f->listed - n, "%s %s silent=%d %s/%lld %.*s; ", server->key,
		 server->verdict, server->silent, latest->epoch, (long long)latest->sequence,
		 (int)latest->body_size, latest->body);
	return STATUS_OK;
}

static const char *list_servers(struct fixture *f)
{
	f->listed[0] = '\0';
	assert_int_equal(store_read_servers(f->store, list_server, f, f->error), STATUS_OK);
	return f->listed;
}

static enum status list_one_told(void *user, const struct record_told *told)
{
	struct fixture *f = user;
	size_t n = strlen(f->listed);
	snprintf(f->listed + n, sizeof f->listed - n, "%s %s %lld; ", told->key,
		 told->verdict ? told->verdict : "-", (long long)told->number);
	return STATUS_OK;
}

static void gives_back_what_was_committed_after_a_restart(void **state)
{
	struct fixture f;
	(void)state;

	set_up(&f);
	open_store(&f);
	submit_report(&f, "b", 1, 1000, "{\"b\":1}");
	submit_report(&f, "a", 1, 1000, "{\"a\":1}");
	submit_report(&f, "b", 2, 3000, "{\"b\":2}");
	assert_int_equal(f.done, 3);
	for (int again = 0; again < 2; again++) {
		assert_string_equal(list_servers(&f), "a clear silent=0 e/1 {\"a\":1}; "
						      "b clear silent=0 e/2 {\"b\":2}; ");
		close_store(&f);
		open_store(&f);
	}
	close_store(&f);
	tear_down(&f);
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

	set_up(&f);
	open_store(&f);
	submit_report(&f, "a", 7, 1000, "body");
	struct store_change change = {
		.servers = &silent, .n_servers = 1, .done = on_done, .user = &f
	};
	assert_int_equal(store_submit(f.store, &change), STATUS_OK);
	close_store(&f); /* and with it everything is done */
	assert_int_equal(f.done, 2);
	open_store(&f);
	assert_string_equal(list_servers(&f), "a exposed silent=1 e/7 body; ");
	close_store(&f);
	tear_down(&f);
}

static void remembers_what_the_hook_was_told(void **state)
{
	static const struct record_told told[] = { { "a", "exposed", 1 }, { "b", "failing", 5 } };
	static const struct record_told later = { "a", NULL, 2 };
	struct fixture f;
	(void)state;

	set_up(&f);
	open_store(&f);
	struct store_change change = { .told = told, .n_told = 2, .done = on_done, .user = &f };
	assert_int_equal(store_submit(f.store, &change), STATUS_OK);
	change.told = &later;
	change.n_told = 1;
	assert_int_equal(store_submit(f.store, &change), STATUS_OK);
	close_store(&f);
	open_store(&f);
	assert_int_equal(store_read_told(f.store, list_one_told, &f, f.error), STATUS_OK);
	assert_string_equal(f.listed, "a - 2; b failing 5; ");
	close_store(&f);
	tear_down(&f);
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

	set_up(&f);
	open_store(&f);
	submit_report(&f, "a", 1, 1000, "first");
	submit_report(&f, "a", 2, 5000, "second");
	submit_report(&f, "a", 3, 3000, "third"); /* came late */
	submit_report(&f, "b", 1, 3500, "of another");
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
	close_store(&f);
	tear_down(&f);
}

static void finds_the_hash_of_a_repeated_report(void **state)
{
	struct fixture f;
	uint64_t hash = 0;
	(void)state;

	set_up(&f);
	open_store(&f);
	submit_report(&f, "a", 9, 1000, "body");
	assert_int_equal(store_read_body_hash(f.store, "a", "e", 9, &hash, f.error), STATUS_OK);
	assert_true(hash == UINT64_MAX - 9);
	assert_int_equal(store_read_body_hash(f.store, "a", "e", 8, &hash, f.error),
			 STATUS_NOT_FOUND);
	assert_int_equal(store_read_body_hash(f.store, "a", "f", 9, &hash, f.error),
			 STATUS_NOT_FOUND);
	close_store(&f);
	tear_down(&f);
}

/* How many rows the database has that a query counts. */
static int64_t count_rows(const struct fixture *f, const char *query)
{
	char path[160];
	sqlite3 *db = NULL;
	sqlite3_stmt *statement = NULL;

	assert_int_equal(sqlite3_open(path_in(f, STORE_FILE, path), &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, query, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	int64_t n = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return n;
}

static void execute(const struct fixture *f, const char *sql)
{
	char path[160];
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(path_in(f, STORE_FILE, path), &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void keeps_a_bounded_number_of_reports_and_the_latest(void **state)
{
	struct fixture f;
	(void)state;

	set_up(&f);
	open_store(&f);
	submit_report(&f, "a", 0, 9000, "the latest by time");
	close_store(&f);
	/* One fewer than the limit, as if they had come as older reports since. */
	char sql[512];
	snprintf(sql, sizeof sql,
		 "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
		 "INSERT INTO report SELECT i + 1, 'a', i + 1, 'a', 'e', i, i, i, 0, i, 0, 'x' "
		 "FROM n",
		 STORE_MAX_REPORTS_PER_SERVER - 1);
	execute(&f, sql);
	assert_int_equal(count_rows(&f, "SELECT count(*) FROM report"),
			 STORE_MAX_REPORTS_PER_SERVER);

	open_store(&f);
	struct record_report older = { .key = "a",
				       .agent_id = "a",
				       .epoch = "e",
				       .sequence = 100000,
				       .body = "y",
				       .body_size = 1 };
	struct store_change change = { .report = &older, .done = on_done, .user = &f };
	assert_int_equal(store_submit(f.store, &change), STATUS_OK);
	struct record_report again = older;
	again.sequence++;
	change.report = &again;
	assert_int_equal(store_submit(f.store, &change), STATUS_OK);
	close_store(&f);
	assert_int_equal(f.done, 3);
	/* The oldest two went, but for the latest by time, which the server stands on. */
	assert_int_equal(count_rows(&f, "SELECT count(*) FROM report"),
			 STORE_MAX_REPORTS_PER_SERVER + 1);
	assert_int_equal(count_rows(&f, "SELECT count(*) FROM report WHERE sequence = 0"), 1);
	assert_int_equal(count_rows(&f, "SELECT count(*) FROM report WHERE sequence = 1"), 0);
	tear_down(&f);
}

static void two_collectors_cannot_share_a_directory(void **state)
{
	struct fixture f;
	struct store *second = NULL;
	(void)state;

	set_up(&f);
	open_store(&f);
	assert_int_equal(store_open(&second, f.directory, &f.loop, f.error), STATUS_CONFLICT);
	assert_non_null(strstr(f.error, "in use by another collector"));
	close_store(&f);
	open_store(&f); /* and afterwards it is free */
	close_store(&f);
	tear_down(&f);
}

static void write_file(const struct fixture *f, const char *name, const char *bytes, size_t n)
{
	char path[160];
	FILE *file = fopen(path_in(f, name, path), "r+b");
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
		set_up(&f);
		memset(text, 'x', sizeof text);
		if (cases[i].sql)
			execute(&f, cases[i].sql);
		else
			write_file(&f, STORE_FILE, text, sizeof text);
		assert_int_equal(store_open(&f.store, f.directory, &f.loop, f.error),
				 cases[i].status);
		assert_non_null(strstr(f.error, cases[i].says));
		assert_non_null(strstr(f.error, STORE_FILE));
		tear_down(&f);
	}
}

static void a_directory_that_is_not_there_is_named(void **state)
{
	struct fixture f;
	(void)state;

	set_up(&f);
	assert_int_equal(store_open(&f.store, "/nonexistent/mtawatch", &f.loop, f.error),
			 STATUS_SYSTEM);
	assert_non_null(strstr(f.error, "/nonexistent/mtawatch"));
	tear_down(&f);
}

/* The pages behind the first: the schema stays readable, the tables do not. */
static void a_damaged_database_fails_in_words(void **state)
{
	struct fixture f;
	(void)state;

	set_up(&f);
	open_store(&f);
	submit_report(&f, "a", 1, 1000, "body");
	close_store(&f);
	char path[160];
	struct stat file;
	assert_int_equal(stat(path_in(&f, STORE_FILE, path), &file), 0);
	char *bytes = mem_alloc((size_t)file.st_size);
	FILE *in = fopen(path, "rb");
	assert_non_null(in);
	assert_int_equal(fread(bytes, 1, (size_t)file.st_size, in), file.st_size);
	fclose(in);
	memset(bytes + 4096, 0x5a, (size_t)file.st_size - 4096);
	write_file(&f, STORE_FILE, bytes, (size_t)file.st_size);
	free(bytes);

	open_store(&f);
	assert_int_equal(store_read_servers(f.store, list_server, &f, f.error), STATUS_MALFORMED);
	assert_non_null(strstr(f.error, STORE_FILE));
	assert_non_null(strstr(f.error, "malformed"));
	submit_report(&f, "a", 2, 2000, "body");
	assert_int_equal(f.failed, 1);
	close_store(&f);
	tear_down(&f);
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
	set_up(&f);
	open_store(&f);
	submit_report(&f, "a", 1, 1000, "body");
	limit_files(4096);
	submit_report(&f, "a", 2, 2000, big);
	submit_report(&f, "a", 3, 3000, big); /* refused: worked out on top of what is lost */
	assert_int_equal(f.done, 1);
	assert_int_equal(f.failed, 2);
	assert_non_null(strstr(f.error, STORE_FILE));
	assert_int_equal(store_pending(f.store), 0);
	assert_int_not_equal(store_resume(f.store, f.error), STATUS_OK);

	limit_files(RLIM_INFINITY);
	submit_report(&f, "a", 3, 3000, "body");
	assert_int_equal(f.failed, 3); /* until it is resumed */
	assert_int_equal(store_resume(f.store, f.error), STATUS_OK);
	submit_report(&f, "a", 3, 3000, "after it");
	assert_int_equal(f.done, 2);
	assert_string_equal(list_servers(&f), "a clear silent=0 e/3 after it; ");
	close_store(&f);
	tear_down(&f);
}

static void changes_are_done_in_order_each_once(void **state)
{
	struct fixture f;
	static struct record_told rows[2000];
	(void)state;

	set_up(&f);
	open_store(&f);
	for (size_t i = 0; i < 2000; i++) {
		rows[i] = (struct record_told){ .key = "a", .number = (int64_t)i };
		struct store_change change = {
			.told = &rows[i], .n_told = 1, .done = on_done, .user = &f
		};
		assert_int_equal(store_submit(f.store, &change), STATUS_OK);
	}
	assert_int_equal(f.done, 0); /* never from within submit */
	close_store(&f);
	assert_int_equal(f.done, 2000);
	open_store(&f);
	assert_int_equal(store_read_told(f.store, list_one_told, &f, f.error), STATUS_OK);
	assert_string_equal(f.listed, "a - 1999; ");
	close_store(&f);
	tear_down(&f);
}

static void refuses_more_than_may_wait(void **state)
{
	struct fixture f;
	(void)state;

	set_up(&f);
	open_store(&f);
	struct store_change empty = { .done = on_done, .user = &f };
	for (size_t i = 0; i < STORE_MAX_PENDING; i++)
		assert_int_equal(store_submit(f.store, &empty), STATUS_OK);
	assert_int_equal(store_submit(f.store, &empty), STATUS_LIMIT);
	close_store(&f);
	assert_int_equal(f.done, STORE_MAX_PENDING);
	tear_down(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_back_what_was_committed_after_a_restart),
		cmocka_unit_test(a_state_without_a_report_keeps_the_latest_report),
		cmocka_unit_test(remembers_what_the_hook_was_told),
		cmocka_unit_test(finds_the_latest_report_until_a_moment),
		cmocka_unit_test(finds_the_hash_of_a_repeated_report),
		cmocka_unit_test(keeps_a_bounded_number_of_reports_and_the_latest),
		cmocka_unit_test(two_collectors_cannot_share_a_directory),
		cmocka_unit_test(refuses_what_is_not_its_database_and_names_the_file),
		cmocka_unit_test(a_directory_that_is_not_there_is_named),
		cmocka_unit_test(a_damaged_database_fails_in_words),
		cmocka_unit_test(a_failed_commit_loses_nothing_and_writing_goes_on_after_it),
		cmocka_unit_test(changes_are_done_in_order_each_once),
		cmocka_unit_test(refuses_more_than_may_wait),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
