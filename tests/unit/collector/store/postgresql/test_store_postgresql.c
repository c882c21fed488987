/* What only a store in PostgreSQL does: the lease, outcomes of commits, what it may be given. */
#include "collector/store/postgresql/engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libpq-fe.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(&f, who_was_taken_over_stores_nothing_any_more),
		WITH_STORE(&f, who_was_taken_over_makes_and_drops_no_days),
		WITH_STORE(&f, nobody_takes_over_in_the_midst_of_a_commit),
		WITH_STORE(&f, what_comes_and_goes_in_one_commit_is_shown_as_it_ends),
		WITH_STORE(&f, a_commit_with_a_warning_is_none),
		WITH_STORE(&f, what_the_database_refuses_is_told_in_its_words_and_undone),
		WITH_STORE(&f, what_the_database_does_not_take_is_told_apart_from_the_rest),
		WITH_STORE(&f, a_commit_that_was_given_up_and_is_there_is_no_fault_of_the_next),
		WITH_STORE(&f, an_address_is_told_without_its_password),
		WITH_STORE(&f, what_is_no_store_of_ours_is_refused),
	};

	return fixture_run_postgresql(tests);
}
