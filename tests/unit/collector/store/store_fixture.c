#include "tests/unit/collector/store/store_fixture.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <libpq-fe.h>
#include <sqlite3.h>

#include "collector/store/admin.h"
#include "collector/store/postgresql/engine.h"
#include "collector/store/sqlite/engine.h"
#include "proto/base/buffer.h"
#include "proto/base/mem.h"

#define MAX_LEFT 64

/* Directories that were made and are not removed yet; "" where one was. */
static char left[MAX_LEFT][sizeof((struct fixture *)NULL)->directory];
static size_t n_left;

/* An engine, and the same tables behind its back. */
struct fixture_engine {
	const char *name;
	const struct store_engine *engine;
	const char *(*address)(void);    /* NULL: the directory is enough */
	void (*make)(struct fixture *f); /* an empty store; NULL: opening it does */
	int64_t (*count)(const struct fixture *f, const char *query);
	void (*execute)(const struct fixture *f, const char *sql);
};

static const struct fixture_engine sqlite, postgresql;
static const struct fixture_engine *engine = &sqlite;

const struct store_location *fixture_location(const struct fixture *f)
{
	static struct store_location location;

	location = (struct store_location){ .engine = engine->engine,
					    .directory = f->directory,
					    .address = engine->address ? engine->address() : NULL };
	return &location;
}

void fixture_set_up(struct fixture *f)
{
	memset(f, 0, sizeof *f);
	snprintf(f->directory, sizeof f->directory, "/tmp/mtawatch-test-store.XXXXXX");
	assert_non_null(mkdtemp(f->directory));
	assert_in_range(n_left, 0, MAX_LEFT - 1);
	memcpy(left[n_left++], f->directory, sizeof f->directory);
	assert_int_equal(uv_loop_init(&f->loop), 0);
	if (engine->make)
		engine->make(f);
}

/* A collector's files lie in it, and nothing below them. */
static void remove_directory(const char *path)
{
	DIR *directory = opendir(path);
	const struct dirent *entry;

	while (directory && (entry = readdir(directory)) != NULL)
		unlinkat(dirfd(directory), entry->d_name, 0); /* "." and ".." stay */
	if (directory)
		closedir(directory);
	rmdir(path);
}

int fixture_sweep(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_left; i++) {
		if (left[i][0] != '\0')
			remove_directory(left[i]);
	}
	return 0;
}

char *fixture_make_random(size_t size, uint64_t seed)
{
	char *text = mem_alloc(size + 9);

	for (size_t at = 0; at < size; at += 8) {
		seed = seed * UINT64_C(6364136223846793005) + 1;
		snprintf(text + at, 9, "%08x", (unsigned)(seed >> 32));
	}
	text[size] = '\0';
	return text;
}

char *fixture_path(const struct fixture *f, const char *name, char path[FIXTURE_PATH_SIZE])
{
	snprintf(path, FIXTURE_PATH_SIZE, "%s/%s", f->directory, name);
	return path;
}

enum status fixture_try_open(struct fixture *f, struct store **out, const char *directory)
{
	struct store_location location = *fixture_location(f);

	location.directory = directory;
	return store_open(out, &location, &f->loop, f->error);
}

void fixture_open(struct fixture *f)
{
	struct store_limits limits = STORE_LIMITS_DEFAULT;

	if (fixture_try_open(f, &f->store, f->directory) != STATUS_OK)
		fail_msg("%s", f->error);
	limits.report_days = STORE_MAX_DAYS;
	limits.change_days = STORE_MAX_DAYS;
	store_set_limits(f->store, &limits);
}

/* Closes it, which runs everything that is pending. */
void fixture_close(struct fixture *f)
{
	store_close(f->store, NULL, NULL);
	uv_run(&f->loop, UV_RUN_DEFAULT);
}

void fixture_tear_down(struct fixture *f)
{
	assert_int_equal(uv_loop_close(&f->loop), 0);
	remove_directory(f->directory);
	for (size_t i = 0; i < n_left; i++) {
		if (strcmp(left[i], f->directory) == 0)
			left[i][0] = '\0';
	}
}

int fixture_begin(void **state)
{
	fixture_set_up(*state);
	fixture_open(*state);
	return 0;
}

int fixture_end(void **state)
{
	fixture_close(*state);
	fixture_tear_down(*state);
	return 0;
}

void fixture_on_done(void *user, enum status status, const char *error)
{
	struct fixture *f = user;
	if (status == STATUS_OK) {
		f->done++;
		return;
	}
	f->failed++;
	snprintf(f->error, sizeof f->error, "%s", error);
}

/* Text as random as a report is where it is not repetitive; the same for the same seed. */
static void add_noise(struct buffer *out, unsigned seed, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		seed = seed * 1103515245U + 12345U;
		buffer_add_char(out, "0123456789abcdef"[seed >> 28]);
	}
}

char *fixture_body(unsigned seed, int number)
{
	struct buffer out;
	size_t size;

	buffer_init(&out);
	for (unsigned i = 0; i < 20; i++) {
		buffer_printf(&out, "{\"for_s\":%d,\"sha256\":\"", number * 300);
		add_noise(&out, seed * 100 + i, 160);
		buffer_add_text(&out, "\"},");
	}
	return buffer_take(&out, &size);
}

void fixture_commit(struct fixture *f, struct store_change change)
{
	size_t over = f->done + f->failed;

	change.done = fixture_on_done;
	change.user = f;
	assert_int_equal(store_submit(f->store, &change), STATUS_OK);
	while (f->done + f->failed == over)
		uv_run(&f->loop, UV_RUN_ONCE);
}

/* A report of the server `key`; its body tells which. */
void fixture_report(struct fixture *f, const char *key, int64_t sequence, int64_t at_ms,
		    const char *body)
{
	struct record_report report = {
		.key = key,
		.is_latest = true,
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
		.verdict = "clear",
		.since_ms = at_ms,
		.verdict_json = "{}",
		.adapters_json = "[]",
	};
	fixture_commit(
		f, (struct store_change){ .report = &report, .servers = &server, .n_servers = 1 });
}

enum status fixture_list_server(void *user, const struct record_server *server,
				const struct record_report *latest)
{
	struct fixture *f = user;
	size_t n = strlen(f->listed);
	snprintf(f->listed + n, sizeof f->listed - n, "%s %s silent=%d %s/%lld %.*s; ", server->key,
		 server->verdict, server->silent, latest->epoch, (long long)latest->sequence,
		 (int)latest->body_size, latest->body);
	return STATUS_OK;
}

static void on_resumed(void *user, enum status status, const char *error)
{
	struct fixture *f = user;

	f->resumed = status;
	f->is_resuming = false;
	if (status != STATUS_OK)
		snprintf(f->error, sizeof f->error, "%s", error);
}

void fixture_begin_resume(struct fixture *f)
{
	f->is_resuming = true;
	store_resume(f->store, on_resumed, f);
	assert_true(f->is_resuming); /* never from the call */
}

enum status fixture_end_resume(struct fixture *f)
{
	while (f->is_resuming)
		uv_run(&f->loop, UV_RUN_ONCE);
	return f->resumed;
}

enum status fixture_resume(struct fixture *f)
{
	fixture_begin_resume(f);
	return fixture_end_resume(f);
}

static enum status list_servers(const struct store_connection *reader, void *user,
				char error[STORE_ERROR_SIZE])
{
	return store_read_servers(reader, fixture_list_server, user, error);
}

/* What is asked of the store's thread, and what came of it. */
struct asking {
	struct fixture *f;
	store_asked *read;
	void *user;
	enum status status;
};

static enum status read_asked(const struct store_connection *reader, void *user,
			      char error[STORE_ERROR_SIZE])
{
	const struct asking *asking = user;
	return asking->read(reader, asking->user, error);
}

static void on_answer(void *user, enum status status, const char *error)
{
	struct asking *asking = user;

	asking->status = status;
	if (status != STATUS_OK)
		snprintf(asking->f->error, sizeof asking->f->error, "%s", error);
}

enum status fixture_ask(struct fixture *f, store_asked *read, void *user)
{
	struct asking asking = { .f = f, .read = read, .user = user };

	assert_int_equal(store_ask(f->store, STORE_PAGE, read_asked, on_answer, &asking),
			 STATUS_OK);
	while (store_asking(f->store) > 0)
		uv_run(&f->loop, UV_RUN_ONCE);
	return asking.status;
}

const char *fixture_servers(struct fixture *f)
{
	static struct fixture other;

	f->listed[0] = other.listed[0] = '\0';
	assert_int_equal(list_servers(store_reader(f->store), f, f->error), STATUS_OK);
	assert_int_equal(fixture_ask(f, list_servers, &other), STATUS_OK);
	assert_string_equal(f->listed, other.listed);
	return f->listed;
}

/* How many rows the database has that a query counts. */
static int64_t sqlite_count(const struct fixture *f, const char *query)
{
	char path[FIXTURE_PATH_SIZE];
	sqlite3 *db = NULL;
	sqlite3_stmt *statement = NULL;

	assert_int_equal(sqlite3_open(fixture_path(f, SQLITE_ENGINE_FILE, path), &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 10000); /* the store may be sweeping */
	assert_int_equal(sqlite3_prepare_v2(db, query, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	int64_t n = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return n;
}

static void sqlite_execute(const struct fixture *f, const char *sql)
{
	char path[FIXTURE_PATH_SIZE];
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(fixture_path(f, SQLITE_ENGINE_FILE, path), &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 10000); /* the store may be sweeping */
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static const char *postgresql_address(void)
{
	return getenv(FIXTURE_VARIABLE);
}

/* The one value of a query's row, or the first one; NULL: there is none. To be freed. */
static char *postgresql_query(const char *sql)
{
	PGconn *connection = PQconnectdb(postgresql_address());
	char *value = NULL;

	if (PQstatus(connection) != CONNECTION_OK)
		fail_msg("%s", PQerrorMessage(connection));
	PQclear(PQexec(connection, "SET search_path = mtawatch; SET client_min_messages = error"));
	PGresult *result = PQexec(connection, sql);
	ExecStatusType status = PQresultStatus(result);
	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
		fail_msg("%s: %s", sql, PQresultErrorMessage(result));
	if (PQntuples(result) > 0 && PQnfields(result) > 0)
		value = mem_strdup(PQgetvalue(result, 0, 0));
	PQclear(result);
	PQfinish(connection);
	return value;
}

/* A truth counts as 1, as SQLite has it. */
static int64_t postgresql_count(const struct fixture *f, const char *query)
{
	char *value = postgresql_query(query);
	(void)f;

	assert_non_null(value);
	int64_t n = strcmp(value, "t") == 0 ? 1 : strtoll(value, NULL, 10);
	free(value);
	return n;
}

static void postgresql_execute(const struct fixture *f, const char *sql)
{
	(void)f;
	free(postgresql_query(sql));
}

static void postgresql_make(struct fixture *f)
{
	struct store_admin *admin;

	postgresql_execute(f, "DROP SCHEMA IF EXISTS mtawatch CASCADE");
	if (store_admin_open(&admin, fixture_location(f), true, f->error) != STATUS_OK)
		fail_msg("%s", f->error);
	store_admin_close(admin);
}

static const struct fixture_engine sqlite = {
	.name = "SQLite",
	.engine = &sqlite_engine,
	.count = sqlite_count,
	.execute = sqlite_execute,
};
static const struct fixture_engine postgresql = {
	.name = "PostgreSQL",
	.engine = &postgresql_engine,
	.address = postgresql_address,
	.make = postgresql_make,
	.count = postgresql_count,
	.execute = postgresql_execute,
};

static int run_with(const struct fixture_engine *with, const struct CMUnitTest *tests, size_t n)
{
	engine = with;
	int failed = _cmocka_run_group_tests(with->name, tests, n, NULL, fixture_sweep);
	engine = &sqlite;
	return failed;
}

int fixture_run_postgresql_tests(const struct CMUnitTest *tests, size_t n)
{
	if (getenv(FIXTURE_VARIABLE))
		return run_with(&postgresql, tests, n);
	fprintf(stderr, "NOT TESTED OVER POSTGRESQL: %s is not set (tests/postgres.py does it)\n",
		FIXTURE_VARIABLE);
	return 0;
}

int fixture_run_tests(const struct CMUnitTest *tests, size_t n)
{
	return run_with(&sqlite, tests, n) + fixture_run_postgresql_tests(tests, n);
}

enum status fixture_open_admin(struct fixture *f, struct store_admin **out)
{
	return store_admin_open(out, fixture_location(f), false, f->error);
}

int64_t fixture_count(const struct fixture *f, const char *query)
{
	return engine->count(f, query);
}

void fixture_execute(const struct fixture *f, const char *sql)
{
	engine->execute(f, sql);
}
