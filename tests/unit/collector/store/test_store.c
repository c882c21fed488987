/* What is true of a store, whatever engine keeps it. */
#include "collector/store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include "collector/store/pace.h"
#include "proto/base/mem.h"
#include "tests/unit/collector/store/store_fixture.h"
#include "tests/unit/rows.h"

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
	for_each_row(i, cases) {
		struct arena arena;
		struct record_report found = { 0 };
		arena_init(&arena);
		enum status status = store_read_report_until(
			store_reader(f.store), "a", cases[i].until, &arena, &found, f.error);
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
	assert_int_equal(store_read_body_hash(store_reader(f.store), "a", "e", 9, &hash, f.error),
			 STATUS_OK);
	assert_true(hash == UINT64_MAX - 9);
	assert_int_equal(store_read_body_hash(store_reader(f.store), "a", "e", 8, &hash, f.error),
			 STATUS_NOT_FOUND);
	assert_int_equal(store_read_body_hash(store_reader(f.store), "a", "f", 9, &hash, f.error),
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
	assert_int_equal(fixture_try_open(&f, &second, f.directory), STATUS_CONFLICT);
	assert_non_null(strstr(f.error, "in use by another collector"));
	fixture_close(&f);
	fixture_open(&f); /* and afterwards it is free */
	fixture_close(&f);
	fixture_tear_down(&f);
}

static void a_directory_that_is_not_there_is_named(void **state)
{
	struct fixture f;
	(void)state;

	fixture_set_up(&f);
	assert_int_equal(fixture_try_open(&f, &f.store, "/nonexistent/mtawatch"), STATUS_SYSTEM);
	assert_non_null(strstr(f.error, "/nonexistent/mtawatch"));
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

#define MAX_ROWS 16

/* Changes of so many hooks, from the hook `first` on, and one turn of the loop. */
static void submit(struct fixture *f, size_t first, size_t n)
{
	static const char names[MAX_ROWS][3] = { "00", "01", "02", "03", "04", "05", "06", "07",
						 "08", "09", "10", "11", "12", "13", "14", "15" };
	static struct record_hook rows[MAX_ROWS];

	for (size_t i = first; i < first + n; i++) {
		rows[i] = (struct record_hook){ .name = names[i], .since_ms = 1 };
		struct store_change change = { .hook = &rows[i],
					       .done = fixture_on_done,
					       .user = f };
		assert_int_equal(store_submit(f->store, &change), STATUS_OK);
	}
}

static void submit_in_one_turn(struct fixture *f, size_t first, size_t n)
{
	submit(f, first, n);
	uv_run(&f->loop, UV_RUN_NOWAIT);
}

/* Without a turn of the loop. */
static void assert_is_committed(const struct fixture *f, int64_t n_hooks)
{
	for (int ms = 0; ms < 10000; ms++) {
		if (fixture_count(f, "SELECT count(*) FROM hook") == n_hooks)
			return;
		uv_sleep(1);
	}
	fail_msg("it waits still");
}

/* Fewer than there have to be before one waits. */
static void changes_that_come_one_after_another_do_not_wait(void **state)
{
	struct fixture f;
	(void)state;

	fixture_set_up(&f);
	fixture_open(&f);
	for (size_t i = 0; i < 6; i++) {
		submit_in_one_turn(&f, i, 1);
		assert_is_committed(&f, (int64_t)i + 1);
	}
	fixture_close(&f);
	fixture_tear_down(&f);
}

/* Over and over, for on a slow machine two commits may take as long without that. */
static void where_changes_come_fast_commits_are_apart(void **state)
{
	struct fixture f;
	(void)state;

	fixture_set_up(&f);
	fixture_open(&f);
	for (size_t round = 1; round <= 20; round++) {
		uv_sleep(10); /* the commit before is long ago */
		uv_update_time(&f.loop);
		uint64_t began_ms = uv_now(&f.loop);
		submit_in_one_turn(&f, 0, 8);
		submit_in_one_turn(&f, 8, 1);
		while (f.done < 9 * round)
			uv_run(&f.loop, UV_RUN_ONCE);
		uv_update_time(&f.loop);
		assert_in_range(uv_now(&f.loop) - began_ms, 8, 60000);
	}
	fixture_close(&f);
	fixture_tear_down(&f);
}

/* Rounds after which it must have been seen: on a slow machine many a commit outlasts the rest. */
#define ROUNDS 200

static void the_loop_rests_where_changes_come_fast(void **state)
{
	struct fixture f;
	bool answered = false;
	(void)state;

	fixture_set_up(&f);
	fixture_open(&f);
	uv_run(&f.loop, UV_RUN_NOWAIT); /* until then there is something to be done */
	for (size_t round = 1; !answered && round <= ROUNDS; round++) {
		uv_update_time(&f.loop);
		uint64_t began_ms = uv_now(&f.loop);
		submit_in_one_turn(&f, 0, 8);
		assert_in_range(uv_hrtime() / 1000000 - began_ms, PACE_REST_MS, 60000);
		answered = f.done == 8 * round;
		while (f.done < 8 * round)
			uv_run(&f.loop, UV_RUN_ONCE);
	}
	assert_true(answered); /* while it rested */
	fixture_close(&f);
	fixture_tear_down(&f);
}

static void note_fired(uv_timer_t *timer)
{
	*(bool *)timer->data = true;
}

static void a_turn_in_whose_rest_all_was_answered_ends(void **state)
{
	struct fixture f;
	(void)state;

	fixture_set_up(&f);
	fixture_open(&f);
	for (size_t round = 1; round <= ROUNDS; round++) {
		submit(&f, 0, 8);
		alarm(60); /* it would wait for good */
		while (f.done < 8 * round)
			uv_run(&f.loop, UV_RUN_ONCE);
		alarm(0);
	}
	fixture_close(&f);
	fixture_tear_down(&f);
}

static void the_loop_rests_no_longer_than_a_timer_lets_it(void **state)
{
	struct fixture f;
	uv_timer_t timer;
	bool fired = false;
	uint64_t least_ms = 60000;
	(void)state;

	fixture_set_up(&f);
	fixture_open(&f);
	uv_run(&f.loop, UV_RUN_NOWAIT); /* until then there is something to be done */
	uv_timer_init(&f.loop, &timer);
	timer.data = &fired;
	for (size_t round = 1; least_ms >= PACE_REST_MS && round <= ROUNDS; round++) {
		uv_sleep(10); /* the commit before is long ago */
		uv_update_time(&f.loop);
		uint64_t began_ms = uv_now(&f.loop);
		fired = false;
		uv_timer_start(&timer, note_fired, 2, 0);
		submit_in_one_turn(&f, 0, 8);
		while (!fired)
			uv_run(&f.loop, UV_RUN_NOWAIT);
		uint64_t took_ms = uv_hrtime() / 1000000 - began_ms;
		least_ms = took_ms < least_ms ? took_ms : least_ms;
		while (f.done < 8 * round)
			uv_run(&f.loop, UV_RUN_ONCE);
	}
	assert_in_range(least_ms, 2, PACE_REST_MS - 1);
	uv_close((uv_handle_t *)&timer, NULL);
	fixture_close(&f);
	fixture_tear_down(&f);
}

static void a_commit_of_many_does_not_wait(void **state)
{
	struct fixture f;
	(void)state;

	fixture_set_up(&f);
	fixture_open(&f);
	submit_in_one_turn(&f, 0, 8);
	submit_in_one_turn(&f, 0, 16);
	assert_is_committed(&f, 16);
	fixture_close(&f);
	assert_int_equal(f.done, 24);
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
	assert_int_equal(store_submit(f.store, &empty), STATUS_FULL);
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
	assert_int_equal(store_submit(f.store, &large), STATUS_FULL);
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
		cmocka_unit_test(a_directory_that_is_not_there_is_named),
		cmocka_unit_test(changes_are_done_in_order_each_once),
		cmocka_unit_test(changes_that_come_one_after_another_do_not_wait),
		cmocka_unit_test(where_changes_come_fast_commits_are_apart),
		cmocka_unit_test(the_loop_rests_where_changes_come_fast),
		cmocka_unit_test(a_turn_in_whose_rest_all_was_answered_ends),
		cmocka_unit_test(the_loop_rests_no_longer_than_a_timer_lets_it),
		cmocka_unit_test(a_commit_of_many_does_not_wait),
		cmocka_unit_test(refuses_more_than_may_wait),
		cmocka_unit_test(refuses_more_bytes_of_reports_than_may_wait),
	};

	return fixture_run(tests);
}
