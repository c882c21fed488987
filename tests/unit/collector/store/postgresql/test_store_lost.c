/*
 * A database that does not answer or is gone, and a connection to it that is lost: who waits, who
 * fails, and who goes on.
 */
#include "collector/store/postgresql/engine.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include "proto/base/arena.h"
#include "tests/unit/collector/store/store_fixture.h"
#include "tests/unit/rows.h"

static struct fixture f;

/* A server that neither answers nor closes, as one whose disk hangs. */
static void a_commit_that_is_not_answered_fails_in_time(void **state)
{
	pid_t server = (pid_t)fixture_count(&f, "SELECT pid FROM pg_stat_activity WHERE "
						"application_name = 'mtawatch/writer'");
	struct timespec begin, end;
	(void)state;

	fixture_report(&f, "a", 1, 1000, "body");
	assert_int_equal(kill(server, SIGSTOP), 0);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	fixture_report(&f, "a", 2, 2000, "body");
	clock_gettime(CLOCK_MONOTONIC, &end);
	assert_int_equal(kill(server, SIGCONT), 0);
	assert_int_equal(f.failed, 1);
	assert_non_null(strstr(f.error, "did not answer within 10 s"));
	assert_in_range(end.tv_sec - begin.tv_sec, 9, 20);

	/*
	 * What was given up may be committed just now: then it fails once more, for that is not
	 * read.
	 */
	enum status status = fixture_resume(&f);
	for (int i = 0; status != STATUS_OK && i < 100; i++) {
		nanosleep(&(struct timespec){ .tv_nsec = 20 * 1000 * 1000 }, NULL);
		status = fixture_resume(&f);
	}
	assert_int_equal(status, STATUS_OK);
	fixture_report(&f, "a", 3, 3000, "body");
	assert_int_equal(f.done, 2);
	assert_string_equal(fixture_servers(&f), "a clear silent=0 e/3 body; ");
}

/* Stops or continues the servers of connections. */
static void signal_servers(const char *use, int signal)
{
	for (int64_t pid = 0; pid >= 0;) {
		char sql[200];
		snprintf(sql, sizeof sql,
			 "SELECT coalesce(min(pid), -1) FROM pg_stat_activity WHERE pid > %d AND "
			 "application_name LIKE 'mtawatch/%s'",
			 (int)pid, use);
		pid = fixture_count(&f, sql);
		if (pid > 0)
			assert_int_equal(kill((pid_t)pid, signal), 0);
	}
}

/* Who waits for a database that is stopped waits for more than 5 s (its connect_timeout). */
#define HELD_UP_MS 1000

/* How long the loop was held up. */
struct ticks {
	uv_timer_t timer;
	uint64_t last_ms;
	uint64_t longest_ms;
};

static void on_tick(uv_timer_t *timer)
{
	struct ticks *ticks = timer->data;
	uint64_t now_ms = uv_hrtime() / 1000000;

	if (now_ms - ticks->last_ms > ticks->longest_ms)
		ticks->longest_ms = now_ms - ticks->last_ms;
	ticks->last_ms = now_ms;
}

static void start_ticks(struct ticks *ticks)
{
	ticks->last_ms = uv_hrtime() / 1000000;
	ticks->longest_ms = 0;
	ticks->timer.data = ticks;
	uv_timer_init(&f.loop, &ticks->timer);
	uv_timer_start(&ticks->timer, on_tick, 10, 10);
}

/* All of it: it takes no connection either. */
static void a_database_that_is_stopped_holds_up_nothing(void **state)
{
	pid_t postmaster = (pid_t)fixture_count(
		&f, "SELECT split_part(pg_read_file('postmaster.pid'), chr(10), 1)::integer");
	struct ticks ticks;
	(void)state;

	fixture_report(&f, "a", 1, 1000, "body");
	signal_servers("%", SIGSTOP);
	assert_int_equal(kill(postmaster, SIGSTOP), 0);
	start_ticks(&ticks);
	fixture_report(&f, "a", 2, 2000, "body");
	assert_int_equal(f.failed, 1);
	enum status status = fixture_resume(&f);
	assert_int_equal(kill(postmaster, SIGCONT), 0);
	assert_int_equal(status, STATUS_UNREACHABLE);
	signal_servers("%", SIGCONT);
	for (int i = 0; status != STATUS_OK && i < 100; i++) {
		uv_sleep(20);
		ticks.last_ms = uv_hrtime() / 1000000;
		status = fixture_resume(&f);
	}
	assert_int_equal(status, STATUS_OK);
	assert_in_range(ticks.longest_ms, 0, HELD_UP_MS);
	uv_close((uv_handle_t *)&ticks.timer, NULL);
	fixture_report(&f, "a", 3, 3000, "body");
	assert_int_equal(f.done, 2);
}

/* What is submitted while the store tries to go on was worked out on top of what is lost. */
static void what_is_submitted_before_the_store_goes_on_fails(void **state)
{
	const struct record_event event = { "a", 5, "files", "x" };
	(void)state;

	fixture_report(&f, "a", 1, 1000, "body");
	fixture_execute(&f, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
			    "application_name = 'mtawatch/writer'");
	fixture_report(&f, "a", 2, 2000, "body");
	assert_int_equal(f.failed, 1);
	fixture_begin_resume(&f);
	uv_sleep(500); /* the store could go on, and the loop does not know yet */
	fixture_commit(&f, (struct store_change){ .events = &event, .n_events = 1 });
	assert_int_equal(fixture_end_resume(&f), STATUS_OK);
	assert_int_equal(f.failed, 2);
	assert_int_equal(fixture_count(&f, "SELECT count(*) FROM history"), 0);
	fixture_commit(&f, (struct store_change){ .events = &event, .n_events = 1 });
	assert_int_equal(fixture_count(&f, "SELECT count(*) FROM history"), 1);
}

static enum status count_expected(void *user, const struct record_expected *expected)
{
	(void)expected;
	++*(size_t *)user;
	return STATUS_OK;
}

/* What reports, lists and a start need is in memory; the rest fails soon. */
static void the_loop_waits_for_no_database(void **state)
{
	const struct record_expected expected = {
		.key = "x", .server = "X", .organization = "", .site = ""
	};
	struct record_server server;
	struct record_report latest;
	int64_t last = 0, version = 0;
	struct arena arena;
	size_t n = 0;
	(void)state;

	arena_init(&arena);
	fixture_report(&f, "a", 1, 1000, "body");
	fixture_commit(&f, (struct store_change){ .expected = &expected, .n_expected = 1 });
	assert_string_equal(fixture_servers(&f), "a clear silent=0 e/1 body; ");
	signal_servers("%", SIGSTOP);
	const struct store_connection *reader = store_reader(f.store);
	uint64_t begin = uv_hrtime();
	assert_int_equal(store_read_servers(reader, fixture_list_server, &f, f.error), STATUS_OK);
	assert_int_equal(store_read_server(reader, "a", &arena, &server, &latest, f.error),
			 STATUS_OK);
	assert_string_equal(latest.body, "body");
	assert_string_equal(latest.epoch, "e");
	assert_int_equal(store_read_server(reader, "b", &arena, &server, &latest, f.error),
			 STATUS_NOT_FOUND);
	assert_int_equal(store_read_last_sequence(reader, "a", "e", &last, f.error), STATUS_OK);
	assert_int_equal(last, 1);
	assert_int_equal(store_read_last_sequence(reader, "a", "e2", &last, f.error),
			 STATUS_NOT_FOUND);
	assert_int_equal(store_read_expected_version(reader, &version, f.error), STATUS_OK);
	assert_int_equal(store_read_expected(reader, count_expected, &n, f.error), STATUS_OK);
	assert_int_equal(n, 1);
	assert_in_range(uv_hrtime() - begin, 0, UINT64_C(400) * 1000 * 1000);

	for (int i = 0; i < 3; i++) {
		begin = uv_hrtime();
		enum status status =
			store_read_report_until(reader, "a", 5000, &arena, &latest, f.error);
		assert_int_equal(status, i == 0 ? STATUS_TIMED_OUT : STATUS_UNREACHABLE);
		assert_in_range(uv_hrtime() - begin, 0, UINT64_C(900) * 1000 * 1000);
	}
	signal_servers("%", SIGCONT);
	assert_int_equal(fixture_resume(&f), STATUS_OK);
	assert_int_equal(store_read_report_until(reader, "a", 5000, &arena, &latest, f.error),
			 STATUS_OK);
	arena_deinit(&arena);
}

/*
 * Whatever is under way fails, and goes on when that is asked for; who only reads goes on at once.
 */
static enum status read_hash(const struct store_connection *reader, void *user,
			     char error[STORE_ERROR_SIZE])
{
	return store_read_body_hash(reader, "a", "e", 1, user, error);
}

/* What the loop asks the database itself. */
static enum status read_as_loop(void)
{
	struct record_report latest;
	struct arena arena;

	arena_init(&arena);
	enum status status =
		store_read_report_until(store_reader(f.store), "a", 5000, &arena, &latest, f.error);
	arena_deinit(&arena);
	return status;
}

static void a_lost_connection_is_made_anew(void **state)
{
	uint64_t hash = 0;
	(void)state;

	fixture_report(&f, "a", 1, 1000, "body");
	fixture_execute(&f, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
			    "application_name LIKE 'mtawatch/%'");
	assert_int_equal(fixture_ask(&f, read_hash, &hash), STATUS_OK);
	assert_true(hash != 0);
	fixture_report(&f, "a", 2, 2000, "body");
	assert_int_equal(f.failed, 1);
	assert_non_null(strstr(f.error, "could not "));
	assert_int_equal(fixture_resume(&f), STATUS_OK);
	assert_int_equal(read_as_loop(), STATUS_OK);
	fixture_report(&f, "a", 2, 2000, "body");
	assert_int_equal(f.done, 2);
	assert_string_equal(fixture_servers(&f), "a clear silent=0 e/2 body; ");
}

/* As a proxy does that takes one for idle: nobody else has lost anything, and nothing fails. */
static void the_connection_of_the_loop_is_made_anew_before_it_is_needed(void **state)
{
	static const char readers[] = "SELECT count(*) FROM pg_stat_activity WHERE "
				      "application_name = 'mtawatch/reader'";
	int64_t n = fixture_count(&f, readers);
	(void)state;

	fixture_report(&f, "a", 1, 1000, "body");
	assert_int_equal(read_as_loop(), STATUS_OK);
	fixture_execute(&f, "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE "
			    "application_name = 'mtawatch/reader'");
	/* Who reads beside the loop connects when it is asked. */
	for (int i = 0; i < 500 && fixture_count(&f, readers) < n - 1; i++)
		uv_sleep(20);
	assert_int_equal(read_as_loop(), STATUS_OK);
	assert_int_equal(store_look(f.store, f.error), STATUS_OK);
}

/* What is under way between two commits meets it first, and connects again. */
static void a_commit_behind_a_new_connection_knows_what_is_stored(void **state)
{
	struct store_limits limits = STORE_LIMITS_DEFAULT;
	const struct record_report report = { .key = "a",
					      .is_latest = true,
					      .agent_id = "a",
					      .epoch = "e",
					      .body = "body",
					      .body_size = 4 };
	const struct store_change change = { .report = &report };
	const struct store_change *changes[] = { &change };
	struct store_db *writer = NULL;
	bool more;
	(void)state;

	assert_int_equal(
		postgresql_engine.open_writer(&writer, fixture_location(&f), NULL, f.error),
		STATUS_OK);
	assert_int_equal(postgresql_engine.commit(writer, changes, 1, &limits, f.error), STATUS_OK);
	fixture_execute(&f, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
			    "application_name = 'mtawatch/writer'");
	fixture_execute(&f, "TRUNCATE host, stream, report"); /* lost, as it were */
	assert_int_equal(postgresql_engine.sweep(writer, &limits, 5, &more, f.error), STATUS_OK);
	assert_int_equal(postgresql_engine.commit(writer, changes, 1, &limits, f.error), STATUS_OK);
	assert_int_equal(fixture_count(&f, "SELECT count(*) FROM host h JOIN stream s ON s.host_id "
					   "= h.id JOIN report r ON r.stream_id = s.id"),
			 1);
	postgresql_engine.close(writer);
}

/* As a standby does that took over without them. Who meets that first connects again. */
static void commits_that_are_gone_are_noticed(void **state)
{
	(void)state;

	fixture_report(&f, "a", 1, 1000, "body");
	fixture_report(&f, "a", 2, 2000, "body");
	fixture_report(&f, "a", 3, 3000, "body");
	assert_int_equal(store_lost_commits(f.store), 0);
	fixture_execute(&f, "DELETE FROM feed WHERE id > 1");
	fixture_execute(&f, "DELETE FROM report WHERE sequence > 1");
	fixture_execute(&f, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
			    "application_name = 'mtawatch/writer'");
	for (int i = 0; i < 500 && store_look(f.store, f.error) == STATUS_OK; i++)
		uv_sleep(
			20); /* until the sweep connects, and meets it although nothing is stored */
	assert_int_equal(store_look(f.store, f.error), STATUS_UNREACHABLE);
	assert_non_null(strstr(f.error, "lacks commits that it had confirmed"));
	fixture_report(&f, "a", 4, 4000, "body");
	assert_int_equal(f.failed, 1);
	assert_int_equal(fixture_count(&f, "SELECT max(sequence) FROM report"), 1);
	assert_int_equal(fixture_resume(&f), STATUS_OK);
	assert_string_equal(fixture_servers(&f), "a clear silent=0 e/1 body; ");
	assert_int_equal(store_lost_commits(f.store), 2);
	fixture_report(&f, "a", 4, 4000, "body");
	assert_int_equal(f.done, 4);
	assert_int_equal(store_lost_commits(f.store), 2);

	struct store_loss loss = store_last_loss(f.store);
	assert_int_equal(loss.n_commits, 2);
	assert_true(loss.at_ms > INT64_C(1700000000000));
	fixture_close(&f);
	fixture_open(&f);
	assert_int_equal(store_lost_commits(f.store), 0); /* of this run */
	assert_int_equal(store_last_loss(f.store).n_commits, 2);
	assert_int_equal(store_last_loss(f.store).at_ms, loss.at_ms);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(&f, a_commit_that_is_not_answered_fails_in_time),
		WITH_STORE(&f, a_database_that_is_stopped_holds_up_nothing),
		WITH_STORE(&f, what_is_submitted_before_the_store_goes_on_fails),
		WITH_STORE(&f, the_loop_waits_for_no_database),
		WITH_STORE(&f, a_lost_connection_is_made_anew),
		WITH_STORE(&f, the_connection_of_the_loop_is_made_anew_before_it_is_needed),
		WITH_STORE(&f, a_commit_behind_a_new_connection_knows_what_is_stored),
		WITH_STORE(&f, commits_that_are_gone_are_noticed),
	};

	return fixture_run_postgresql(tests);
}
