/* Reports in the tables of their days: told apart, found, dropped, checked. */
#include "collector/store/postgresql/engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include "collector/base/hash.h"
#include "proto/base/arena.h"
#include "tests/unit/collector/store/store_fixture.h"
#include "tests/unit/rows.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)

static struct fixture f;

/* A report with its hash, as one is whose store is to be checked. */
static void put(const char *key, const char *epoch, int64_t sequence, int64_t received_at_ms,
		bool is_latest, const char *body)
{
	const struct record_report report = { .key = key,
					      .is_latest = is_latest,
					      .agent_id = key,
					      .epoch = epoch,
					      .sequence = sequence,
					      .at_ms = received_at_ms,
					      .received_at_ms = received_at_ms,
					      .body_hash = hash_bytes(body, strlen(body)),
					      .body = body,
					      .body_size = strlen(body) };
	const struct record_server server = { .key = key, .verdict = "clear" };

	fixture_commit(&f, (struct store_change){
				   .report = &report, .servers = &server, .n_servers = is_latest });
	if (f.failed > 0)
		fail_msg("%s", f.error);
}

static size_t n_faults;

static void see_fault(const char *fault)
{
	n_faults++;
	snprintf(f.listed, sizeof f.listed, "%s", fault);
}

static void check(size_t faults)
{
	struct store_check found;

	n_faults = 0;
	assert_int_equal(postgresql_engine.check(fixture_location(&f), see_fault, &found, f.error),
			 STATUS_OK);
	if (n_faults != faults)
		fail_msg("%s", f.listed);
	assert_int_equal(found.faults, faults);
}

static void expect_until(const char *key, int64_t until_ms, const char *body)
{
	struct record_report found = { .body = "" };
	struct arena arena;

	arena_init(&arena);
	enum status status = store_read_report_until(store_reader(f.store), key, until_ms, &arena,
						     &found, f.error);
	assert_int_equal(status, *body ? STATUS_OK : STATUS_NOT_FOUND);
	assert_string_equal(found.body, body);
	arena_deinit(&arena);
}

static enum status pass_server(void *user, const struct record_server *server,
			       const struct record_report *latest)
{
	(void)user;
	(void)server;
	(void)latest;
	return STATUS_OK;
}

/* As a collector reads all servers before it takes a report. */
static void open_again(void)
{
	fixture_close(&f);
	fixture_open(&f);
	assert_int_equal(store_read_servers(store_reader(f.store), pass_server, NULL, f.error),
			 STATUS_OK);
}

/* Whole are the first of a server, of a day, and what has little in common. */
static void reports_are_told_apart_from_one_of_their_day(void **state)
{
	(void)state;
	for (int n = 0; n < 20; n++) {
		char *body = fixture_body(n < 15 ? 7 : 8, n);
		put("a", "e", n, n < 10 ? n : DAY_MS + n, true, body);
		if (n == 12)
			open_again();
		free(body);
	}
	for (int n = 0; n < 20; n++) {
		char *body = fixture_body(n < 15 ? 7 : 8, n);
		expect_until("a", n < 10 ? n : DAY_MS + n, body);
		free(body);
	}
	assert_int_equal(fixture_count(&f, "SELECT count(*) FROM report WHERE encoding = 1"), 3);
	assert_int_equal(fixture_count(&f, "SELECT count(*) FROM report_1 WHERE encoding = 2"), 8);
	assert_int_equal(fixture_count(&f, "SELECT count(*) FROM report WHERE encoding = 2 AND "
					   "length(body) > 400"),
			 0);
	check(0);
}

static enum status see_server(void *user, const struct record_server *server,
			      const struct record_report *latest)
{
	char *seen = user;
	(void)server;
	snprintf(seen, sizeof f.listed, "%.*s", (int)latest->body_size, latest->body);
	return STATUS_OK;
}

static enum status see_servers(const struct store_connection *reader, void *user,
			       char error[STORE_ERROR_SIZE])
{
	return store_read_servers(reader, see_server, user, error);
}

/* How far an agent has come in its epochs; -1: it has no report. */
static enum status see_sequences(const struct store_connection *reader, void *user,
				 char error[STORE_ERROR_SIZE])
{
	int64_t *last = user;
	enum status status = STATUS_OK;
	char epoch[4];

	for (int i = 0; status == STATUS_OK && i < 4; i++) {
		last[i] = -1;
		snprintf(epoch, sizeof epoch, "e%d", i);
		status = store_read_last_sequence(reader, "a", epoch, &last[i], error);
		status = status == STATUS_NOT_FOUND ? STATUS_OK : status;
	}
	return status;
}

/* In memory and in the database. */
static void expect_latest(int n)
{
	int64_t last[4], stored_last[4];
	static char stored[sizeof f.listed];
	char *body = fixture_body(1, n);

	f.listed[0] = stored[0] = '\0';
	assert_int_equal(see_servers(store_reader(f.store), f.listed, f.error), STATUS_OK);
	assert_string_equal(f.listed, body);
	assert_int_equal(fixture_ask(&f, see_servers, stored), STATUS_OK);
	assert_string_equal(stored, body);
	assert_int_equal(see_sequences(store_reader(f.store), last, f.error), STATUS_OK);
	assert_int_equal(fixture_ask(&f, see_sequences, stored_last), STATUS_OK);
	assert_memory_equal(last, stored_last, sizeof last);
	free(body);
}

/*
 * Lives that take turns, reports that come late, days that begin with them: seen by reading alone.
 */
static void the_latest_is_found_however_reports_come(void **state)
{
	unsigned seed = 5;
	int latest = 0;
	(void)state;

	for (int n = 1; n <= 400; n++) {
		char *body = fixture_body(1, n);
		char epoch[4];
		seed = seed * 1103515245U + 12345U;
		bool is_late = seed >> 30 == 0 && n > 1;
		snprintf(epoch, sizeof epoch, "e%u", (seed >> 28) % 3 / 2 + (unsigned)n / 150);
		/* A late one has a sequence of before, which no other has. */
		put("a", epoch, is_late ? 10000 - n : 10000 + n, n / 40 * DAY_MS + n,
		    !is_late && (seed >> 24) % 8 != 0, body);
		if (!is_late && (seed >> 24) % 8 != 0)
			latest = n;
		free(body);
		if (latest > 0 && n % 7 == 0)
			expect_latest(latest);
		if (n % 50 == 0) {
			fixture_close(&f);
			fixture_open(&f);
			expect_latest(latest);
		}
	}
	check(0);
	assert_true(fixture_count(&f, "SELECT count(*) FROM report WHERE encoding = 2") > 200);
}

static void wait_for_rows(const char *query, int64_t n)
{
	for (int i = 0; i < 1000 && fixture_count(&f, query) != n; i++)
		nanosleep(&(struct timespec){ .tv_nsec = 20 * 1000 * 1000 }, NULL);
	assert_int_equal(fixture_count(&f, query), n);
}

static const char n_days[] =
	"SELECT count(*) FROM pg_inherits WHERE inhparent = 'report'::regclass";

/* Days go whole; what silent servers stand on stays with its base, and can be told on from. */
static void days_go_but_for_what_servers_stand_on(void **state)
{
	struct store_limits limits = STORE_LIMITS_DEFAULT; /* 30 days */
	int64_t now_ms = (int64_t)time(NULL) * 1000;
	(void)state;

	limits.report_days = 30;
	store_set_limits(f.store, &limits);
	for (int n = 0; n < 12; n++) {
		char *body = fixture_body(1, n);
		int64_t day_ms = now_ms - (40 - n / 3) * DAY_MS; /* days 40 to 37 ago */
		put("silent", "e", n, day_ms, true, body);
		put("late", "e", n, day_ms, n == 4, body); /* stands on another than its last */
		put("alive", n < 6 ? "e" : "e2", n, day_ms, true, body);
		free(body);
	}
	put("alive", "e2", 12, now_ms, true, "is here");
	put("gone", "e", 1, now_ms - 35 * DAY_MS, false, "stands on nothing");
	wait_for_rows(n_days, 2); /* today, and report_rest */
	check(0);
	/* The two that servers stand on, and their bases. */
	assert_int_equal(fixture_count(&f, "SELECT count(*) FROM report"), 5);
	assert_int_equal(fixture_count(&f, "SELECT count(*) FROM stream"), 3);
	char *body = fixture_body(1, 11);
	expect_until("silent", now_ms, body);
	put("silent", "e", 12, now_ms, true, "is back");
	expect_until("silent", INT64_MAX, "is back");
	free(body);
	body = fixture_body(1, 4);
	expect_until("late", now_ms, body);
	free(body);
	expect_until("gone", now_ms, "");
	fixture_close(&f);
	fixture_open(&f);
	put("silent", "e", 13, now_ms + 1, true, "goes on");
	assert_int_equal(f.failed, 0);
	check(0);
}

static void a_store_that_is_too_large_loses_its_oldest_days_and_not_today(void **state)
{
	struct store_limits limits = STORE_LIMITS_DEFAULT;
	int64_t now_ms = (int64_t)time(NULL) * 1000;
	(void)state;

	for (unsigned n = 0; n < 90; n++) {
		char *body = fixture_make_random(64 * 1024, n); /* some 30 KB of each */
		put(n % 2 ? "a" : "b", "e", n, now_ms - (2 - n / 30) * DAY_MS, true, body);
		free(body);
	}
	limits.max_mb = 1;
	store_set_limits(f.store, &limits);
	wait_for_rows(n_days, 2);
	assert_int_equal(fixture_count(&f, "SELECT count(*) FROM report"), 30);
	check(0);
}

static void the_check_finds_what_is_damaged(void **state)
{
	static const struct {
		const char *damage;
		const char *fault;
	} cases[] = {
		{ "UPDATE report SET body = 'x' WHERE sequence = 2", "is damaged" },
		{ "UPDATE report SET body_hash = 5 WHERE sequence = 3",
		  "is not what was received" },
		{ "DELETE FROM report WHERE sequence = 1", "has lost the report" },
		{ "UPDATE host SET latest_sequence = 77, latest_day = 0", "has no latest report" },
		{ "DELETE FROM stream", "which is not there" },
		{ "DELETE FROM lease", "no lease" },
	};
	(void)state;

	for_each_row(i, cases) {
		fixture_close(&f);
		fixture_tear_down(&f);
		fixture_set_up(&f);
		fixture_open(&f);
		for (int n = 1; n <= 3; n++) {
			char *body = fixture_body(1, n);
			put("a", "e", n, n, true, body);
			free(body);
		}
		check(0);
		fixture_execute(&f, cases[i].damage);
		n_faults = 0;
		struct store_check found;
		assert_int_equal(
			postgresql_engine.check(fixture_location(&f), see_fault, &found, f.error),
			STATUS_OK);
		assert_true(n_faults > 0);
		if (n_faults == 1)
			assert_non_null(strstr(f.listed, cases[i].fault));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(&f, reports_are_told_apart_from_one_of_their_day),
		WITH_STORE(&f, the_latest_is_found_however_reports_come),
		WITH_STORE(&f, days_go_but_for_what_servers_stand_on),
		WITH_STORE(&f, a_store_that_is_too_large_loses_its_oldest_days_and_not_today),
		WITH_STORE(&f, the_check_finds_what_is_damaged),
	};

	return fixture_run_postgresql(tests);
}
