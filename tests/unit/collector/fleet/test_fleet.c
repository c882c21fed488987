/* What the fleet knows of its servers while time passes and others report. */
#include "collector/fleet/fleet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include "tests/unit/collector/fleet/fleet_fixture.h"
#include "tests/unit/rows.h"

/* A report with an interval of five minutes is fresh for a quarter of an hour. */
#define LAST_FRESH (15 * MINUTE - 1)

static void only_servers_of_one_site_prove_anything_to_each_other(void **state)
{
	static const struct {
		const char *site;
		const char *verdict;
	} cases[] = {
		{ "HQ", "exposed" },
		{ "hq", "exposed" },
		{ "HQ2", "unknown" },
	};
	(void)state;

	for_each_row(i, cases) {
		struct fixture f;
		struct fixture_words s3 = { .name = "S3",
					    .site = cases[i].site,
					    .rows = "S2:mta/mta" };
		static const struct fixture_words s1 = { .name = "S1", .rows = "S2:none/none" };
		fixture_init(&f);
		fixture_report(&f, &s1, T0, T0);
		fixture_report(&f, &s3, T0, T0);
		assert_string_equal(fixture_verdict(&f, "S1"), cases[i].verdict);
		fixture_deinit(&f);
	}
}

static void a_server_is_judged_again_when_a_proof_expires(void **state)
{
	static const struct fixture_words s1 = { .name = "S1",
						 .rows = "S2:none/none",
						 .interval_s = 600 };
	static const struct fixture_words s3 = { .name = "S3", .rows = "S2:mta/mta" };
	struct fixture f;
	(void)state;

	fixture_init(&f);
	fixture_report(&f, &s1, T0, T0);
	fixture_report(&f, &s3, T0, T0);
	assert_string_equal(fixture_verdict(&f, "S1"), "exposed");
	assert_true(fleet_next_expiry(f.fleet) == T0 + LAST_FRESH + 1);
	fixture_advance(&f, T0 + LAST_FRESH);
	assert_string_equal(fixture_verdict(&f, "S1"), "exposed");
	fixture_advance(&f, T0 + LAST_FRESH + 1);
	assert_string_equal(fixture_verdict(&f, "S1"), "unknown");
	assert_true(fleet_find(f.fleet, "S1")->since_ms == T0 + LAST_FRESH + 1);
	assert_string_equal(fixture_verdict(&f, "S3"), "clear silent");
	fixture_deinit(&f);
}

static void a_silent_server_keeps_its_verdict_over_restarts_until_it_reports(void **state)
{
	static const struct fixture_words s1 = { .name = "S1", .rows = "S2:mta/none" };
	static const struct fixture_words better = { .name = "S1", .rows = "S2:mta/mta" };
	struct fixture f;
	(void)state;

	fixture_init(&f);
	fixture_report(&f, &s1, T0, T0);
	fixture_advance(&f, T0 + LAST_FRESH + 1);
	assert_string_equal(fixture_verdict(&f, "S1"), "exposed silent");
	assert_true(fleet_find(f.fleet, "S1")->since_ms == T0);
	char *held = fixture_verdict_json(fleet_find(f.fleet, "S1"));
	assert_non_null(strstr(held, "\"silent\":true"));

	fixture_restart(&f, T0 + 2 * DAY);
	assert_string_equal(fixture_verdict(&f, "S1"), "exposed silent");
	char *again = fixture_verdict_json(fleet_find(f.fleet, "S1"));
	assert_string_equal(again, held);
	free(again);
	assert_true(fleet_next_expiry(f.fleet) == INT64_MAX);
	free(held);
	fixture_report(&f, &better, T0 + 3 * DAY, T0 + 3 * DAY);
	assert_string_equal(fixture_verdict(&f, "S1"), "clear");
	fixture_deinit(&f);
}

/*
 * S1 fails on S2 all the time; S3 proves it only in its second report, which is later than S1's
 * last fresh moment.
 */
static void one_that_fell_silent_unseen_is_judged_at_its_own_last_fresh_moment(void **state)
{
	static const struct fixture_words s1 = { .name = "S1", .rows = "S2:none/none" };
	static const struct fixture_words no_proof = { .name = "S3", .rows = "S2:none/none" };
	static const struct fixture_words proof = { .name = "S3", .rows = "S2:mta/mta" };
	static const struct {
		int64_t proof_at;
		const char *verdict;
	} cases[] = {
		{ T0 + LAST_FRESH + 1 - 1000, "exposed silent" },
		{ T0 + LAST_FRESH + 1, "unknown silent" },
	};
	(void)state;

	for_each_row(i, cases) {
		for (int restart = 0; restart < 2; restart++) {
			struct fixture f;
			fixture_init(&f);
			fixture_report(&f, &no_proof, T0 - 1000, T0 - 1000);
			fixture_report(&f, &s1, T0, T0);
			/* Taken when S1 has expired already: the collector was asleep. */
			fixture_report(&f, &proof, cases[i].proof_at, T0 + 16 * MINUTE);
			if (restart)
				fixture_restart(&f, T0 + 17 * MINUTE);
			assert_string_equal(fixture_verdict(&f, "S1"), cases[i].verdict);
			assert_string_equal(fixture_verdict(&f, "S3"), "clear");
			fixture_deinit(&f);
		}
	}
}

static void report_of_each(struct fixture *f, int first, int last, const char *rows, int64_t at_ms)
{
	for (int n = first; n <= last; n++) {
		char name[8];
		snprintf(name, sizeof name, "S%d", n);
		struct fixture_words words = { .name = name, .rows = rows };
		fixture_report(f, &words, at_ms, at_ms);
	}
}

static int count_verdicts(const struct fixture *f, int first, int last, const char *verdict)
{
	int n = 0;

	for (int i = first; i <= last; i++) {
		char name[8];
		snprintf(name, sizeof name, "S%d", i);
		n += strcmp(fixture_verdict(f, name), verdict) == 0;
	}
	return n;
}

/*
 * S1 to S20 are silent and fail on S22, which a late report of S21 would prove; for each of them the
 * reports of then of the twenty others are read.
 */
static void set_up_half_a_silent_site(struct fixture *f)
{
	fixture_init(f);
	report_of_each(f, 1, 20, "S22:none/none", T0);
	report_of_each(f, 21, 40, "S22:none/none", T0 + 10 * MINUTE);
	fixture_advance(f, T0 + LAST_FRESH + 1);
	report_of_each(f, 21, 40, "S22:none/none", T0 + 17 * MINUTE);
}

static void one_call_does_not_read_the_past_of_a_whole_site(void **state)
{
	static const struct fixture_words late = { .name = "S21", .rows = "S22:mta/mta" };
	struct fixture f;
	(void)state;

	set_up_half_a_silent_site(&f);
	assert_int_equal(count_verdicts(&f, 1, 20, "unknown silent"), 20);

	f.n_read_until = 0;
	fixture_report(&f, &late, T0 + 12 * MINUTE, T0 + 18 * MINUTE);
	assert_in_range(f.n_read_until, 20, FLEET_MAX_READ_AGAIN + 40);
	assert_in_range(count_verdicts(&f, 1, 20, "exposed silent"), 1, 10);
	assert_int_equal(fleet_next_expiry(f.fleet), 0);
	fixture_advance(&f, T0 + 18 * MINUTE);
	assert_int_equal(count_verdicts(&f, 1, 20, "exposed silent"), 20);
	fixture_deinit(&f);
}

/* The same world; what the fleet would read is at hand. */
static void what_was_read_ahead_is_not_read_again(void **state)
{
	static const struct fixture_words late = { .name = "S21",
						   .rows = "S22:mta/mta",
						   .sequence = 999999 };
	struct fixture f;
	char *body;
	(void)state;

	set_up_half_a_silent_site(&f);

	struct snapshot *snapshot = fixture_read(&late, T0 + 12 * MINUTE, T0 + 18 * MINUTE, &body);
	assert_true(fleet_ahead_is_due(f.fleet, snapshot, T0 + 18 * MINUTE));
	struct fleet_ahead *ahead = fleet_ahead_of_report(f.fleet, snapshot, T0 + 18 * MINUTE);
	fleet_ahead_read(ahead, &f.store);
	fleet_ahead_use(ahead);
	f.n_read_until = 0;
	struct changes *changes = fixture_take(&f, &late, T0 + 12 * MINUTE, T0 + 18 * MINUTE);
	assert_int_equal(f.n_read_until, 0);
	fixture_commit(&f, changes);
	assert_in_range(count_verdicts(&f, 1, 20, "exposed silent"), 1, 10);
	fleet_ahead_free(ahead);
	fixture_advance(&f, T0 + 18 * MINUTE);
	assert_int_equal(count_verdicts(&f, 1, 20, "exposed silent"), 20);
	snapshot_unref(snapshot);
	free(body);
	fixture_deinit(&f);
}

static void a_failed_commit_leaves_what_is_stored(void **state)
{
	static const struct fixture_words s1 = { .name = "S1", .rows = "S2:mta/mta" };
	static const struct fixture_words worse = { .name = "S1", .rows = "S2:mta/none" };
	static const struct fixture_words new = { .name = "S5", .rows = "S2:mta/none" };
	struct changes *changes = NULL;
	char error[FLEET_ERROR_SIZE];
	struct fixture f;
	(void)state;

	fixture_init(&f);
	fixture_report(&f, &s1, T0, T0);
	changes_free(fixture_take(&f, &worse, T0 + 1000, T0 + 1000));
	changes_free(fixture_take(&f, &new, T0 + 1000, T0 + 1000));
	f.is_broken = true;
	assert_int_equal(fleet_load(f.fleet, T0 + 2000, &changes, error), STATUS_SYSTEM);
	assert_string_equal(fixture_verdict(&f, "S1"), "clear");
	f.is_broken = false;
	assert_int_equal(fleet_load(f.fleet, T0 + 2000, &changes, error), STATUS_OK);
	assert_int_equal(changes->n_views, 0);
	changes_free(changes);
	assert_string_equal(fixture_verdict(&f, "S1"), "clear");
	assert_string_equal(fixture_verdict(&f, "S5"), "absent");
	fixture_deinit(&f);
}

static void assert_peers(const struct fixture *f, const char *key, const char *expected)
{
	struct buffer out = { 0 };

	fleet_add_peers(f->fleet, key, &out);
	char *text = buffer_take_text(&out);
	assert_string_equal(text, expected);
	free(text);
}

static void deals_the_peers_of_the_site_as_they_were_reported_last(void **state)
{
	struct fixture_words words = { .name = "S1" };
	struct fixture f;
	(void)state;

	fixture_init(&f);
	fixture_report(&f, &words, T0, T0);
	assert_peers(&f, "s1", "");
	words.name = "S2";
	fixture_report(&f, &words, T0, T0);
	assert_peers(&f, "s1", "{\"name\":\"S2\",\"addresses\":[\"10.0.2.1\",\"10.0.2.2\"]}");
	words.site = "Branch"; /* it moved */
	fixture_report(&f, &words, T0 + 1000, T0 + 1000);
	assert_peers(&f, "s1", "");
	fixture_deinit(&f);
}

static void deals_the_addresses_of_nodes_of_standing_only_as_long_as_one_stands(void **state)
{
	static const char of_both[] = "{\"name\":\"S9\",\"addresses\":[\"10.0.2.1\","
				      "\"10.0.2.2\",\"10.0.3.1\",\"10.0.3.2\"]}";
	struct fixture_words node = { .name = "S2", .server = "S9" };
	struct fixture f;
	(void)state;

	fixture_init(&f);
	fixture_report(&f, &(struct fixture_words){ .name = "S1" }, T0, T0);
	fixture_report(&f, &(struct fixture_words){ .name = "S3", .server = "S9" }, T0, T0);
	fixture_report(&f, &node, T0, T0);
	assert_peers(&f, "s1", of_both);
	node.stands = true;
	fixture_report(&f, &node, T0 + 1000, T0 + 1000);
	assert_peers(&f, "s1", "{\"name\":\"S9\",\"addresses\":[\"10.0.2.1\",\"10.0.2.2\"]}");
	node.stands = false;
	fixture_report(&f, &node, T0 + 2000, T0 + 2000);
	assert_peers(&f, "s1", of_both);
	fixture_deinit(&f);
}

static void a_clock_that_is_set_back_harms_nobody(void **state)
{
	static const struct fixture_words s1 = { .name = "S1", .rows = "S2:mta/none" };
	static const struct fixture_words s2 = { .name = "S2", .rows = "S1:mta/mta" };
	struct fixture f;
	(void)state;

	fixture_init(&f);
	fixture_report(&f, &s1, T0, T0);
	fixture_report(&f, &s2, T0 - DAY, T0 - DAY);
	assert_string_equal(fixture_verdict(&f, "S1"), "exposed");
	assert_string_equal(fixture_verdict(&f, "S2"), "clear silent");
	fixture_advance(&f, T0 - DAY);
	fixture_restart(&f, T0 - DAY);
	assert_string_equal(fixture_verdict(&f, "S1"), "exposed");
	fixture_report(&f, &s2, T0 + MINUTE, T0 + MINUTE);
	assert_string_equal(fixture_verdict(&f, "S2"), "clear");
	fixture_deinit(&f);
}

static void remove_s3(struct fixture *f, int64_t now_ms)
{
	struct changes *changes = NULL;

	assert_int_equal(fixture_remove(f, "s3", now_ms, &changes), STATUS_OK);
	assert_string_equal(fixture_verdict(f, "S3"), "clear"); /* until it is durable */
	fixture_commit(f, changes);
	assert_string_equal(fixture_verdict(f, "S3"), "absent");
	assert_int_equal(fixture_remove(f, "s3", now_ms, &changes), STATUS_NOT_FOUND);
}

static void a_removed_server_proves_nothing_and_comes_back_only_alive(void **state)
{
	static const struct fixture_words s1 = { .name = "S1", .rows = "S2:none/none" };
	static const struct fixture_words s3 = { .name = "S3", .rows = "S2:mta/mta" };
	(void)state;

	for (int restart = 0; restart < 2; restart++) {
		struct fixture f;
		fixture_init(&f);
		fixture_report(&f, &s1, T0, T0);
		fixture_report(&f, &s3, T0, T0);
		assert_string_equal(fixture_verdict(&f, "S1"), "exposed");
		remove_s3(&f, T0 + MINUTE);
		assert_string_equal(fixture_verdict(&f, "S1"), "unknown");
		if (restart)
			fixture_restart(&f, T0 + MINUTE);
		/* From a spool, of before. */
		fixture_report(&f, &s3, T0 + MINUTE, T0 + 2 * MINUTE);
		assert_string_equal(fixture_verdict(&f, "S3"), "absent");
		assert_int_equal(fleet_count(f.fleet), 1);
		fixture_report(&f, &s3, T0 + MINUTE + SECOND, T0 + 2 * MINUTE);
		assert_string_equal(fixture_verdict(&f, "S3"), "clear");
		assert_string_equal(fixture_verdict(&f, "S1"), "exposed");
		assert_non_null(fleet_find_removal(f.fleet, "S3.acme.example"));
		fixture_deinit(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_servers_of_one_site_prove_anything_to_each_other),
		cmocka_unit_test(a_server_is_judged_again_when_a_proof_expires),
		cmocka_unit_test(a_silent_server_keeps_its_verdict_over_restarts_until_it_reports),
		cmocka_unit_test(
			one_that_fell_silent_unseen_is_judged_at_its_own_last_fresh_moment),
		cmocka_unit_test(one_call_does_not_read_the_past_of_a_whole_site),
		cmocka_unit_test(what_was_read_ahead_is_not_read_again),
		cmocka_unit_test(a_failed_commit_leaves_what_is_stored),
		cmocka_unit_test(deals_the_peers_of_the_site_as_they_were_reported_last),
		cmocka_unit_test(
			deals_the_addresses_of_nodes_of_standing_only_as_long_as_one_stands),
		cmocka_unit_test(a_removed_server_proves_nothing_and_comes_back_only_alive),
		cmocka_unit_test(a_clock_that_is_set_back_harms_nobody),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
