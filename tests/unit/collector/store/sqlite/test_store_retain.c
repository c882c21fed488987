/*
 * What goes of the reports of a server, which lie in the streams of its agents: where there are
 * several, and where they are not in order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include "tests/unit/collector/store/sqlite/stream_rig.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)

/* Of what is beyond the latest `n` only bases and the latest are there. */
#define OTHERS_THAN_THE_LATEST(n)                                                                  \
	"SELECT count(*) FROM (SELECT * FROM report ORDER BY at_ms DESC LIMIT -1 OFFSET " n        \
	") r, host h WHERE r.id NOT IN (" STORE_LATEST_ID                                          \
	", h.base_id) AND NOT EXISTS (SELECT 1 FROM report d WHERE d.base_id = r.id)"

/* Three lives of an agent, none of them in order: each keeps reports that it sends later. */
static int64_t time_of(int n)
{
	static const int places[] = { 2, 0, 3, 1 };
	return ((n & ~3) + places[n % 4]) * INT64_C(1000);
}

static const char *epoch_of(int n)
{
	/* The first two take turns for a while. */
	return n < 60 ? "e1" : n < 120 ? (n / 8 % 2 ? "e1" : "e2") : n < 200 ? "e2" : "e3";
}

static void the_latest_of_all_streams_stay_and_what_they_are_based_on(void **state)
{
	struct store_limits limits = rig_keep(32, STORE_MAX_DAYS);
	struct store_retention retention = { .limits = &limits };
	struct rig rig;
	(void)state;

	rig_set_up(&rig);
	for (int n = 0; n < 320; n++) {
		char *body = fixture_body((unsigned)n / 25, n);
		rig_put(&rig, "a", epoch_of(n), n, time_of(n), body);
		free(body);
		if (n % 4 < 3 || n < 32)
			continue;
		rig_retain(&rig, &retention, 32);
		rig_retain(&rig, &retention, 32); /* a base goes behind the last that needed it */
		rig_check_bases(&rig);
		assert_int_equal(rig_number(&rig,
					    "SELECT min(at_ms) FROM (SELECT at_ms FROM report "
					    "ORDER BY at_ms DESC LIMIT 32)"),
				 (n - 31) * 1000);
		assert_int_equal(rig_number(&rig, OTHERS_THAN_THE_LATEST("32")), 0);
	}
	assert_in_range(rig_number(&rig, "SELECT count(*) FROM report"), 32, 34);
	rig_tear_down(&rig);
}

static void every_report_may_be_a_base_and_goes_in_its_turn(void **state)
{
	struct store_limits limits = rig_keep(20, STORE_MAX_DAYS);
	struct store_retention retention = { .limits = &limits };
	struct rig rig;
	(void)state;

	rig_set_up(&rig);
	for (int n = 0; n < 100; n++) {
		/* Some have deltas, some have none; a delta may have a lower sequence. */
		char *body = fixture_body((unsigned)(n - (n % 3 == 2)), n);
		rig_put(&rig, "a", "e", n ^ 1, n * 1000, body);
		free(body);
		rig_retain(&rig, &retention, 32);
		rig_check_bases(&rig);
	}
	rig_retain(&rig, &retention, 32);
	assert_int_equal(rig_number(&rig, OTHERS_THAN_THE_LATEST("20")), 0);
	assert_in_range(rig_number(&rig, "SELECT count(*) FROM report"), 20, 21);
	rig_tear_down(&rig);
}

static void the_base_of_the_next_report_stays_before_it_has_one(void **state)
{
	struct store_limits limits = rig_keep(1, 2);
	struct store_retention retention = { .limits = &limits, .now_ms = 10 * DAY_MS };
	struct rig rig;
	(void)state;

	char *first = fixture_body(1, 1);
	char *late = fixture_body(2, 1);
	rig_set_up(&rig);
	rig_put(&rig, "a", "e", 1, 10 * DAY_MS, first);
	rig_put(&rig, "a", "e", 2, DAY_MS, late);
	assert_int_equal(rig_retain(&rig, &retention, 256), 0);
	rig_put(&rig, "a", "e", 3, 10 * DAY_MS + 1, late);
	assert_int_equal(rig_number(&rig, "SELECT base_id FROM report WHERE sequence = 3"), 2);
	rig_check_bases(&rig);
	free(first);
	free(late);
	rig_tear_down(&rig);
}

static void no_more_goes_at_once_than_may(void **state)
{
	struct store_limits limits = rig_keep(10, STORE_MAX_DAYS);
	struct store_retention retention = { .limits = &limits };
	struct rig rig;
	(void)state;

	rig_set_up(&rig);
	for (int n = 0; n < 60; n++)
		rig_put(&rig, "a", n < 30 ? "e1" : "e2", n, n * 1000, rig_same);
	assert_int_equal(rig_retain(&rig, &retention, 16), 16);
	assert_int_equal(rig_number(&rig, "SELECT min(at_ms) FROM report WHERE base_id NOT NULL"),
			 17 * 1000); /* the base was the first of all */
	assert_int_equal(rig_retain(&rig, &retention, 256), 60 - 16 - 11);
	assert_int_equal(rig_retain(&rig, &retention, 256), 0);
	rig_check_bases(&rig);
	rig_tear_down(&rig);
}

static void half_of_the_reports_go_where_the_file_is_too_large(void **state)
{
	struct store_limits limits = rig_keep(1000, STORE_MAX_DAYS);
	struct store_retention retention = { .limits = &limits, .halve = true };
	struct rig rig;
	(void)state;

	rig_set_up(&rig);
	for (int n = 0; n < 80; n++)
		rig_put(&rig, "a", n % 2 ? "e1" : "e2", n, n * 1000, rig_same);
	assert_int_equal(rig_retain(&rig, &retention, 256), 39);
	assert_int_equal(rig_number(&rig, "SELECT min(at_ms) FROM report WHERE base_id NOT NULL"),
			 40 * 1000);
	assert_int_equal(rig_retain(&rig, &retention, 256), 20); /* of the 41 */
	rig_check_bases(&rig);
	rig_tear_down(&rig);
}

static void what_is_too_old_goes_from_every_stream(void **state)
{
	struct store_limits limits = rig_keep(1000, 2);
	struct store_retention retention = { .limits = &limits, .now_ms = 10 * DAY_MS };
	struct rig rig;
	(void)state;

	rig_set_up(&rig);
	for (int n = 0; n < 40; n++)
		rig_put(&rig, "a", n % 2 ? "e1" : "e2", n, n * DAY_MS / 4, rig_same);
	rig_retain(&rig, &retention, 256);
	/* 8 days are 32 of them, and the 33rd is not older; the first is the base. */
	assert_int_equal(rig_number(&rig, "SELECT min(at_ms) FROM report WHERE id > 1"),
			 8 * DAY_MS);
	assert_int_equal(rig_number(&rig, "SELECT count(*) FROM report"), 9);
	retention.now_ms = 100 * DAY_MS;
	rig_retain(&rig, &retention, 256);
	assert_int_equal(rig_number(&rig, "SELECT count(*) FROM report"), 2); /* and the latest */
	rig_check_bases(&rig);
	rig_tear_down(&rig);
}

/* What a clock that was ahead for an hour leaves: a row of reports that are long in the future. */
static void put_behind_younger_ones(struct rig *rig, int n_younger)
{
	rig_put(rig, "a", "e", 0, 0, rig_same);
	for (int n = 1; n <= n_younger; n++)
		rig_put(rig, "a", "e", n, 100 * DAY_MS + n, rig_same);
	for (int n = 1; n <= 10; n++)
		rig_put(rig, "a", "e", n_younger + n, n, rig_same);
}

static void what_is_too_old_is_found_behind_younger_ones(void **state)
{
	struct store_limits limits = rig_keep(100000, 2);
	int64_t now_ms = 10 * DAY_MS;
	struct rig rig;
	(void)state;

	for (int n_younger = 3; n_younger <= 30; n_younger += 27) {
		struct store_retention retention = { .limits = &limits, .now_ms = now_ms };
		rig_set_up(&rig);
		put_behind_younger_ones(&rig, n_younger);
		assert_int_equal(rig_retain(&rig, &retention, 256), n_younger == 3 ? 10 : 0);
		retention.thorough = true;
		assert_int_equal(rig_retain(&rig, &retention, 256), n_younger == 3 ? 0 : 10);
		assert_int_equal(rig_retain(&rig, &retention, 256), 0);
		rig_check_bases(&rig);
		rig_tear_down(&rig);
	}
}

static void the_sweep_looks_at_each_server_thoroughly_in_its_turn(void **state)
{
	struct store_limits limits = rig_keep(100000, 2);
	struct store_sweep sweep = { 0 };
	struct rig rig;
	(void)state;

	rig_set_up(&rig);
	put_behind_younger_ones(&rig, 30);
	for (int round = 0; round < 64; round++) {
		size_t dropped;
		assert_int_equal(
			store_db_sweep(&rig.db, &limits, 10 * DAY_MS, &sweep, &dropped, rig.error),
			STATUS_OK);
		assert_int_equal(sweep.round, round + 1);
	}
	assert_int_equal(rig_number(&rig, "SELECT count(*) FROM report WHERE at_ms <= 10"), 1);
	rig_tear_down(&rig);
}

/* The limit of the search by time: a report that lies so far off its place, and one further. */
static void what_lies_too_far_behind_younger_ones_is_not_found(void **state)
{
	struct store_limits limits = rig_keep(100000, 2);
	struct store_retention retention = { .limits = &limits,
					     .now_ms = 10 * DAY_MS,
					     .thorough = true };
	(void)state;

	for (int more = -1; more <= 0; more++) {
		struct rig rig;
		char sql[512];
		rig_set_up(&rig);
		rig_put(&rig, "a", "e", 0, 0, rig_same);
		snprintf(sql, sizeof sql,
			 "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE "
			 "i <= %d) INSERT INTO report SELECT NULL, 1, 1, i, iif(i <= %d, "
			 "864000000, 1), 0, 0, 0, 1, 2, '', NULL FROM c",
			 STORE_MAX_DISORDER + more, STORE_MAX_DISORDER + more);
		rig_execute(&rig, sql);
		rig_execute(&rig, "UPDATE host SET latest_id = 1, stream_id = NULL");
		assert_int_equal(rig_retain(&rig, &retention, 256), more < 0 ? 1 : 0);
		rig_tear_down(&rig);
	}
}

static void streams_of_which_nothing_is_left_go_and_come_again(void **state)
{
	struct store_limits limits = rig_keep(1000, 2);
	struct store_retention retention = { .limits = &limits, .now_ms = 10 * DAY_MS };
	struct rig rig;
	(void)state;

	rig_set_up(&rig);
	rig_put(&rig, "a", "e2", 1, 10 * DAY_MS, rig_same);
	for (int n = 1; n <= 3; n++) {
		for (int e = 0; e < 20; e++) {
			char epoch[8]; /* the last one is the first the next time */
			snprintf(epoch, sizeof epoch, "old%d", (e + 19 * n) % 20);
			rig_put(&rig, "a", epoch, n, n * DAY_MS + e, rig_same);
		}
		assert_int_equal(rig_number(&rig, "SELECT count(*) FROM stream"), 21);
		assert_int_equal(rig_retain(&rig, &retention, 256), 20);
		for (int e = 0; e < 20; e++)
			rig_retain(&rig, &retention, 256);
		assert_int_equal(rig_number(&rig, "SELECT count(*) FROM stream"), 1);
		rig_check_bases(&rig);
	}
	rig_tear_down(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_latest_of_all_streams_stay_and_what_they_are_based_on),
		cmocka_unit_test(every_report_may_be_a_base_and_goes_in_its_turn),
		cmocka_unit_test(the_base_of_the_next_report_stays_before_it_has_one),
		cmocka_unit_test(no_more_goes_at_once_than_may),
		cmocka_unit_test(half_of_the_reports_go_where_the_file_is_too_large),
		cmocka_unit_test(what_is_too_old_goes_from_every_stream),
		cmocka_unit_test(what_is_too_old_is_found_behind_younger_ones),
		cmocka_unit_test(the_sweep_looks_at_each_server_thoroughly_in_its_turn),
		cmocka_unit_test(what_lies_too_far_behind_younger_ones_is_not_found),
		cmocka_unit_test(streams_of_which_nothing_is_left_go_and_come_again),
	};
	return cmocka_run_group_tests(tests, NULL, fixture_sweep);
}
