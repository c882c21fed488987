/* What only a store in PostgreSQL does: the lease, outcomes of commits, days, lost connections. */
#include "collector/store/postgresql/engine.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <libpq-fe.h>

#include "collector/base/hash.h"
#include "proto/base/arena.h"
#include "proto/base/count.h"
#include "tests/unit/collector/store/store_fixture.h"
#include "tests/unit/rows.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)

static struct fixture f;

static void who_was_taken_over_stores_nothing_any_more(void **state)
{
	struct store_db *second = NULL;
	(void)state;

	fixture_report(&f, "a", 1, 1000, "body");
	assert_int_equal(f.done, 1);
	assert_int_equal(
		postgresql_engine.open_writer(&second, fixture_location(&f), NULL, f.error),
		STATUS_OK);
	fixture_report(&f, "a", 2, 2000, "body");
	assert_int_equal(f.failed, 1);
	assert_non_null(strstr(f.error, "another collector judges"));
	assert_int_equal(fixture_resume(&f), STATUS_FENCED);
	assert_int_equal(fixture_count(&f, "SELECT max(sequence) FROM report"), 1);

	postgresql_engine.close(second);
	assert_int_equal(fixture_resume(&f), STATUS_FENCED);
	assert_int_equal(fixture_count(&f, "SELECT count(*) FROM lease WHERE token IS NULL"), 1);
	assert_int_equal(fixture_count(&f, "SELECT epoch FROM lease"), 2);
}

/* A new day's table is made before the transaction: also that is fenced. */
static void who_was_taken_over_makes_and_drops_no_days(void **state)
{
	struct store_limits none = STORE_LIMITS_DEFAULT;
	struct store_db *first = NULL;
	struct store_db *second = NULL;
	bool more;
	(void)state;

	fixture_report(&f, "a", 1, 1000, "body");
	assert_int_equal(postgresql_engine.open_writer(&first, fixture_location(&f), NULL, f.error),
			 STATUS_OK);
	assert_int_equal(
		postgresql_engine.open_writer(&second, fixture_location(&f), NULL, f.error),
		STATUS_OK);
	fixture_report(&f, "a", 2, DAY_MS, "body");
	assert_int_equal(f.failed, 1);
	assert_int_equal(postgresql_engine.sweep(first, &none, 1000 * DAY_MS, &more, f.error),
			 STATUS_FENCED);
	assert_int_equal(fixture_count(&f, "SELECT count(*) FROM pg_inherits WHERE inhparent = "
					   "'report'::regclass"),
			 2);
	postgresql_engine.close(first);
	postgresql_engine.close(second);
}

/* Another client of the database, in the midst of something. */
static PGconn *begin_other(const char *sql)
{
	PGconn *other = PQconnectdb(fixture_location(&f)->address);

	PQclear(PQexec(other, "SET search_path = mtawatch; BEGIN"));
	PGresult *result = PQexec(other, sql);
	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		fail_msg("%s", PQresultErrorMessage(result));
	PQclear(result);
	return other;
}

static void nobody_takes_over_in_the_midst_of_a_commit(void **state)
{
	struct store_db *second = NULL;
	PGconn *commit = begin_other("SELECT fence(token) FROM lease");
	(void)state;

	assert_int_equal(
		postgresql_engine.open_writer(&second, fixture_location(&f), NULL, f.error),
		STATUS_TIMED_OUT);
	assert_non_null(strstr(f.error, "could not take the lease: the database at /"));
	assert_null(second);
	fixture_report(&f, "a", 1, 1000, "body"); /* commits do not wait for each other */
	assert_int_equal(f.done, 1);
	PQclear(PQexec(commit, "COMMIT"));
	PQfinish(commit);
	assert_int_equal(
		postgresql_engine.open_writer(&second, fixture_location(&f), NULL, f.error),
		STATUS_OK);
	fixture_report(&f, "a", 2, 2000, "body");
	assert_int_equal(f.failed, 1);
	postgresql_engine.close(second);
}

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
	start_ticks(&ticks);
	signal_servers("%", SIGSTOP);
	assert_int_equal(kill(postmaster, SIGSTOP), 0);
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
	assert_in_range(ticks.longest_ms, 0, 300);
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

static void submit(const struct store_change *change)
{
	struct store_change submitted = *change;

	submitted.done = fixture_on_done;
	submitted.user = &f;
	assert_int_equal(store_submit(f.store, &submitted), STATUS_OK);
}

/* One that is removed stands on no report; of several in a commit each counts in its turn. */
static void what_comes_and_goes_in_one_commit_is_shown_as_it_ends(void **state)
{
	struct record_report reports[4];
	const struct record_server servers[] = {
		{ "a", false, "clear", 1, "{\"n\":1}", "[]" },
		{ "a", true, "exposed", 2, NULL, NULL },
		{ "b", false, "clear", 1, NULL, NULL },
		{ "b", true, "clear", 2, "{}", NULL },
	};
	const struct record_removal gone = { "a", "A", 5, "x", "y" };
	const struct record_removal gone_b = { "b", "B", 5, "x", "y" };
	(void)state;

	for (int i = 0; i < 4; i++) {
		reports[i] = (struct record_report){ .key = i < 2 ? "a" : "b",
						     .is_latest = true,
						     .agent_id = "z",
						     .epoch = i < 2 ? "e" : "f",
						     .sequence = i,
						     .at_ms = i,
						     .body = "first body",
						     .body_size = (size_t)(5 + i) };
	}
	submit(&(struct store_change){
		.report = &reports[0], .servers = &servers[0], .n_servers = 1 });
	submit(&(struct store_change){ .removal = &gone });
	submit(&(struct store_change){
		.report = &reports[1], .servers = &servers[1], .n_servers = 1 });
	submit(&(struct store_change){
		.report = &reports[2], .servers = &servers[2], .n_servers = 1 });
	submit(&(struct store_change){ .servers = &servers[3], .n_servers = 1 });
	fixture_commit(&f, (struct store_change){ .n_servers = 0 });
	assert_int_equal(f.done, 6);
	assert_string_equal(fixture_servers(&f), "a exposed silent=1 e/1 first ; "
						 "b clear silent=1 f/2 first b; ");
	submit(&(struct store_change){ .report = &reports[3] });
	submit(&(struct store_change){ .removal = &gone_b });
	fixture_commit(&f, (struct store_change){ .n_servers = 0 });
	assert_string_equal(fixture_servers(&f), "a exposed silent=1 e/1 first ; ");
	fixture_close(&f);
	fixture_open(&f);
	assert_string_equal(fixture_servers(&f), "a exposed silent=1 e/1 first ; ");
}

static void a_commit_with_a_warning_is_none(void **state)
{
	(void)state;
	fixture_execute(&f, "CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
			    "RAISE WARNING 'perhaps not on the standby'; RETURN NEW; END $$");
	fixture_execute(&f, "CREATE TRIGGER warn BEFORE INSERT ON feed FOR EACH ROW EXECUTE "
			    "FUNCTION warn()");
	fixture_report(&f, "a", 1, 1000, "body");
	assert_int_equal(f.done, 0);
	assert_int_equal(f.failed, 1);
	assert_non_null(strstr(f.error, "perhaps not on the standby"));
	assert_int_equal(fixture_resume(&f), STATUS_SYSTEM);

	fixture_execute(&f, "DROP TRIGGER warn ON feed");
	assert_int_equal(fixture_resume(&f), STATUS_OK);
	/* It was stored all the same, and what follows is told apart from that. */
	assert_int_equal(fixture_count(&f, "SELECT max(sequence) FROM report"), 1);
	fixture_report(&f, "a", 2, 2000, "body");
	assert_int_equal(f.done, 1);
	assert_string_equal(fixture_servers(&f), "a clear silent=0 e/2 body; ");
}

/*
 * Whatever is under way fails, and goes on when that is asked for; who only reads goes on at once.
 */
static enum status read_hash(const struct store_connection *reader, void *user,
			     char error[STORE_ERROR_SIZE])
{
	return store_read_body_hash(reader, "a", "e", 1, user, error);
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
	fixture_report(&f, "a", 2, 2000, "body");
	assert_int_equal(f.done, 2);
	assert_string_equal(fixture_servers(&f), "a clear silent=0 e/2 body; ");
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

static void what_the_database_refuses_is_told_in_its_words_and_undone(void **state)
{
	const struct record_event bad = { "b", 1000, "files", "\xff" };
	(void)state;

	fixture_report(&f, "a", 1, 1000, "body");
	fixture_commit(&f, (struct store_change){ .events = &bad, .n_events = 1 });
	assert_int_equal(f.failed, 1);
	assert_non_null(strstr(f.error, "could not store what changed: the database at /"));
	assert_non_null(strstr(f.error, " said: "));
	assert_int_equal(fixture_resume(&f), STATUS_OK);
	assert_int_equal(fixture_count(&f, "SELECT count(*) FROM host"), 1);
	fixture_report(&f, "c", 1, 1000, "has the number that the lost one had");
	fixture_report(&f, "a", 1, 1000, "once more"); /* of the same identity */
	assert_int_equal(f.done, 2);
	assert_int_equal(f.failed, 2);
	assert_non_null(strstr(f.error, "could not store a report"));
}

static void note_status(void *user, enum status status, const char *error)
{
	*(enum status *)user = status;
	fixture_on_done(&f, status, error);
}

/* It is found among the others of its commit; what comes behind it was worked out on top of it. */
static void what_the_database_does_not_take_is_told_apart_from_the_rest(void **state)
{
	const struct record_event events[] = { { "a", 1, "files", "x" },
					       { "a", 2, "files", "y" },
					       { "b", 3, "files", "\xff" },
					       { "a", 4, "files", "z" } };
	static const enum status expected[] = { STATUS_OK, STATUS_OK, STATUS_INVALID,
						STATUS_SYSTEM };
	enum status statuses[COUNT(events)];
	(void)state;

	fixture_report(&f, "a", 1, 1000, "body");
	for (size_t i = 0; i < COUNT(events); i++) {
		const struct store_change change = { .events = &events[i],
						     .n_events = 1,
						     .done = note_status,
						     .user = &statuses[i] };
		assert_int_equal(store_submit(f.store, &change), STATUS_OK);
	}
	while (store_pending(f.store) > 0)
		uv_run(&f.loop, UV_RUN_ONCE);
	for_each_row(i, expected)
		assert_int_equal(statuses[i], expected[i]);
	assert_non_null(strstr(f.error, "could not store what changed: the database at /"));
	assert_int_equal(fixture_resume(&f), STATUS_OK);
	assert_int_equal(fixture_count(&f, "SELECT sum(at_ms) FROM history"), 3);
	assert_int_equal(fixture_count(&f, "SELECT count(*) FROM host"), 1);
	fixture_report(&f, "a", 2, 2000, "body");
	assert_string_equal(fixture_servers(&f), "a clear silent=0 e/2 body; ");
}

/* That it is found late says nothing of these changes. */
static void a_commit_that_was_given_up_and_is_there_is_no_fault_of_the_next(void **state)
{
	const struct record_event event = { "a", 1, "files", "x" };
	enum status status = STATUS_OK;
	const struct store_change change = {
		.events = &event, .n_events = 1, .done = note_status, .user = &status
	};
	(void)state;

	fixture_report(&f, "a", 1, 1000, "body");
	fixture_execute(&f, "INSERT INTO feed SELECT max(id) + 1, 1, 1 FROM feed");
	assert_int_equal(store_submit(f.store, &change), STATUS_OK);
	while (store_pending(f.store) > 0)
		uv_run(&f.loop, UV_RUN_ONCE);
	assert_int_equal(status, STATUS_CONFLICT);
	assert_int_equal(fixture_resume(&f), STATUS_OK);
	fixture_commit(&f, (struct store_change){ .events = &event, .n_events = 1 });
	assert_int_equal(f.done, 2);
}

static void an_address_is_told_without_its_password(void **state)
{
	static const char *const addresses[] = {
		"postgresql://me:hunter2@localhost/mtawatch",
		"host=localhost password=hunter2",
		"postgresql://me:hunter2@localhost:port:/mtawatch",
		"postgresql://localhost/mtawatch?hunter2",
	};
	struct store_location location = *fixture_location(&f);
	struct store_db *db = NULL;
	(void)state;

	for_each_row(i, addresses) {
		location.address = addresses[i];
		assert_int_equal(postgresql_engine.open_reader(&db, &location, f.error),
				 STATUS_INVALID);
		assert_null(strstr(f.error, "hunter2"));
		assert_null(db);
	}
	location.address = "postgresql:///mtawatch?host=/nowhere";
	assert_int_equal(postgresql_engine.open_reader(&db, &location, f.error),
			 STATUS_UNREACHABLE);
	assert_non_null(
		strstr(f.error, "could not connect to the database at /nowhere/mtawatch: "));
}

static void what_is_no_store_of_ours_is_refused(void **state)
{
	struct store_db *db = NULL;
	(void)state;

	assert_int_equal(store_reach(fixture_location(&f), f.error), STATUS_OK);
	fixture_execute(&f, "UPDATE meta SET value = '1000' WHERE name = 'schema'");
	assert_int_equal(postgresql_engine.open_writer(&db, fixture_location(&f), NULL, f.error),
			 STATUS_UNSUPPORTED);
	fixture_execute(&f, "UPDATE meta SET value = '1' WHERE name = 'schema'");
	fixture_execute(&f, "ALTER SCHEMA mtawatch RENAME TO elsewhere");
	assert_int_equal(store_reach(fixture_location(&f), f.error), STATUS_NOT_FOUND);
	assert_int_equal(postgresql_engine.open_writer(&db, fixture_location(&f), NULL, f.error),
			 STATUS_NOT_FOUND);
	assert_int_equal(postgresql_engine.open_admin(&db, fixture_location(&f), false, f.error),
			 STATUS_NOT_FOUND);
	fixture_execute(&f, "ALTER SCHEMA elsewhere RENAME TO mtawatch");
}

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
		WITH_STORE(&f, who_was_taken_over_stores_nothing_any_more),
		WITH_STORE(&f, who_was_taken_over_makes_and_drops_no_days),
		WITH_STORE(&f, nobody_takes_over_in_the_midst_of_a_commit),
		WITH_STORE(&f, a_commit_that_is_not_answered_fails_in_time),
		WITH_STORE(&f, a_database_that_is_stopped_holds_up_nothing),
		WITH_STORE(&f, what_is_submitted_before_the_store_goes_on_fails),
		WITH_STORE(&f, the_loop_waits_for_no_database),
		WITH_STORE(&f, what_comes_and_goes_in_one_commit_is_shown_as_it_ends),
		WITH_STORE(&f, a_commit_with_a_warning_is_none),
		WITH_STORE(&f, a_lost_connection_is_made_anew),
		WITH_STORE(&f, a_commit_behind_a_new_connection_knows_what_is_stored),
		WITH_STORE(&f, commits_that_are_gone_are_noticed),
		WITH_STORE(&f, what_the_database_refuses_is_told_in_its_words_and_undone),
		WITH_STORE(&f, what_the_database_does_not_take_is_told_apart_from_the_rest),
		WITH_STORE(&f, a_commit_that_was_given_up_and_is_there_is_no_fault_of_the_next),
		WITH_STORE(&f, an_address_is_told_without_its_password),
		WITH_STORE(&f, what_is_no_store_of_ours_is_refused),
		WITH_STORE(&f, reports_are_told_apart_from_one_of_their_day),
		WITH_STORE(&f, the_latest_is_found_however_reports_come),
		WITH_STORE(&f, days_go_but_for_what_servers_stand_on),
		WITH_STORE(&f, a_store_that_is_too_large_loses_its_oldest_days_and_not_today),
		WITH_STORE(&f, the_check_finds_what_is_damaged),
	};

	return fixture_run_postgresql(tests);
}
