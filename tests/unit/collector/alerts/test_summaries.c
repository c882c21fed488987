/* Storms, first days and daily reports: how much a hook is told, over minutes and days. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/base/timestamp.h"
#include "tests/unit/collector/alerts/alerts_play.h"

#define CAUSE "/adapter_isolated]"

#define DAY      (INT64_C(86400) * S)
#define AT_SEVEN (T0 - T0 % DAY + DAY + DAY / 24 * 7)

static struct play p;

static int set_up(void **state)
{
	(void)state;
	play_set_up(&p);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	play_tear_down(&p);
	return 0;
}

static void configure(void)
{
	alerts_configure(p.alerts, &p.policy, "https://c/");
	alerts_set_targets(p.alerts, &p.target, 1);
}

/* A server of each of the sites A, B, C ... has that verdict, a second apart. */
static void see_sites(char first, char last, enum verdict verdict)
{
	for (char c = first; c <= last; c++) {
		char *name = p.names[c - 'A'];
		const char site[] = { c, '\0' };
		snprintf(name, sizeof p.names[0], "S%c", c);
		play_see_in(&p, name, site, verdict);
		play_pass(&p, 1);
	}
}

#define OPENED(site, verdict) "opened[ORG/" site CAUSE " S" site "=" verdict "; "
#define FIVE_EXPOSED                                                                               \
	OPENED("A", "exposed")                                                                     \
	OPENED("B", "exposed")                                                                     \
	OPENED("C", "exposed")                                                                     \
	OPENED("D", "exposed") OPENED("E", "exposed")

/* Six groups at once: five are told, the sixth begins a storm, and its summary is told. */
static void begin_storm(void)
{
	see_sites('A', 'F', VERDICT_EXPOSED);
	play_expect_told(&p, FIVE_EXPOSED);
	play_pass(&p, 9);
	play_expect_told(&p, "summary[storm/ops/] SA=exposed SB=exposed SC=exposed SD=exposed "
			     "SE=exposed SF=exposed +6 -0; ");
}

static void what_is_more_than_five_in_five_minutes_is_summed_up(void **state)
{
	struct arena arena;
	(void)state;

	see_sites('A', 'F', VERDICT_EXPOSED);
	see_sites('G', 'G', VERDICT_FAILING);
	play_expect_told(&p, FIVE_EXPOSED);
	play_pass(&p, 8);
	play_expect_told(&p, "summary[storm/ops/] SG=failing SA=exposed SB=exposed SC=exposed "
			     "SD=exposed SE=exposed SF=exposed +7 -0; ");

	arena_init(&arena);
	const struct notification *last = play_last_notification(&p, &arena);
	assert_int_equal(last->firing[CONDITION_EXPOSED], 6);
	assert_int_equal(last->summary->n_sites, 7);
	assert_string_equal(last->summary->sites[0].site, "G");
	assert_int_equal(last->summary->sites[0].firing[CONDITION_FAILING], 1);
	assert_int_equal(last->summary->since_ms, T0);
	assert_int_equal(last->summary->next_ms, p.now + 300 * S);
	assert_false(last->resolved);
	arena_deinit(&arena);
}

static void one_summary_each_five_minutes_until_calm(void **state)
{
	(void)state;
	begin_storm();
	see_sites('H', 'J', VERDICT_AT_RISK); /* fire after a minute */
	see_sites('A', 'A', VERDICT_CLEAR);
	play_pass(&p, 290);
	play_expect_told(&p, "");
	play_pass(&p, 10);
	play_expect_told(&p, "summary[storm/ops/] SH=at_risk SI=at_risk SJ=at_risk +3 -1; ");
	see_sites('K', 'K', VERDICT_EXPOSED); /* four in five minutes are no storm */
	play_expect_told(&p, OPENED("K", "exposed"));
	play_pass(&p, 600);
	play_expect_told(&p, "");
}

static void what_gets_worse_in_a_storm_waits_a_minute_at_most(void **state)
{
	(void)state;
	begin_storm();
	play_pass(&p, 5);
	see_sites('B', 'B', VERDICT_FAILING);
	play_pass(&p, 53);
	play_expect_told(&p, "");
	play_pass(&p, 1);
	play_expect_told(&p, "summary[storm/ops/] SB=failing +0 -0; ");
}

static void what_a_summary_stands_for_survives_a_crash(void **state)
{
	(void)state;
	see_sites('A', 'G', VERDICT_EXPOSED);
	play_expect_told(&p, FIVE_EXPOSED);
	play_restart(&p);
	see_sites('A', 'G', VERDICT_EXPOSED);
	play_expect_told(&p, "");
	play_pass(&p, 10);
	play_expect_told(&p, "summary[storm/ops/] SA=exposed SB=exposed SC=exposed SD=exposed "
			     "SE=exposed SF=exposed SG=exposed +7 -0; ");
}

static void acknowledgements_are_no_storm(void **state)
{
	struct alert_changes changes;
	(void)state;

	see_sites('A', 'A', VERDICT_EXPOSED);
	for (int i = 0; i < 9; i++) {
		play_pass(&p, 31);
		alert_changes_init(&changes);
		assert_int_equal(alerts_acknowledge(p.alerts, p.row_ids[0], i % 2 ? "bob" : "ann",
						    "", TIMESTAMP_NONE, p.now, &changes),
				 STATUS_OK);
		play_commit(&p, &changes);
	}
	assert_null(strstr(p.told, "summary"));
	p.told[0] = '\0';
	see_sites('B', 'E', VERDICT_EXPOSED);
	assert_null(strstr(p.told, "summary"));
}

static void nothing_is_summed_up_where_nobody_wants_it(void **state)
{
	(void)state;
	p.policy.storm_after = 0;
	configure();
	see_sites('A', 'Z', VERDICT_EXPOSED);
	assert_non_null(strstr(p.told, OPENED("Z", "exposed")));
}

/* An incident at a receiver that keeps it must not look mended by a summary. */
static void a_summary_of_what_is_over_resolves_nothing_that_fires(void **state)
{
	struct arena arena;
	(void)state;

	begin_storm();
	see_sites('A', 'C', VERDICT_CLEAR);
	play_pass(&p, 300);
	play_expect_told(&p, "summary[storm/ops/] +0 -3; ");
	arena_init(&arena);
	assert_false(play_last_notification(&p, &arena)->resolved);
	arena_deinit(&arena);
}

/* The receiver keeps an incident for each group until it hears the end of it. */
static void who_keeps_incidents_hears_of_every_end(void **state)
{
	(void)state;
	p.target.keeps_incidents = true;
	configure();
	see_sites('A', 'F', VERDICT_EXPOSED);
	play_pass(&p, 9);
	p.told[0] = '\0';
	play_pass(&p, 30);
	see_sites('A', 'A', VERDICT_CLEAR);
	play_expect_told(&p, "resolved[ORG/A" CAUSE " SA=resolved; ");
	play_pass(&p, 600); /* the storm is over, but what it brought is not */
	play_expect_told(&p, "");
	see_sites('B', 'E', VERDICT_CLEAR);
	p.told[0] = '\0';
	play_pass(&p, 600);
	play_expect_told(&p, "");
	see_sites('F', 'F', VERDICT_CLEAR);
	play_expect_told(&p, "resolved[ORG/F" CAUSE " SF=resolved; ");
	play_pass(&p, 300);
	assert_non_null(strstr(p.told, "summary[storm/ops/"));
	struct arena arena;
	arena_init(&arena);
	assert_true(play_last_notification(&p, &arena)->resolved);
	arena_deinit(&arena);
}

static void the_first_days_are_a_digest_a_day_but_what_fails(void **state)
{
	(void)state;
	p.policy.digest_until_ms = T0 + 2 * DAY;
	p.policy.repeat_ms = 7 * DAY;
	configure();
	see_sites('A', 'B', VERDICT_EXPOSED);
	play_expect_told(&p, "");
	see_sites('C', 'C', VERDICT_FAILING);
	play_expect_told(&p, OPENED("C", "failing"));
	play_pass(&p, 600);
	see_sites('C', 'C', VERDICT_CLEAR); /* whoever was woken hears of the end, too */
	play_pass(&p, 60);
	play_expect_told(&p, "resolved[ORG/C" CAUSE " SC=resolved; ");
	play_go_to(&p, T0 + DAY - S);
	play_expect_told(&p, "");
	play_go_to(&p, T0 + DAY);
	play_expect_told(&p, "digest[storm/ops/] SA=exposed SB=exposed +2 -0; ");
	see_sites('D', 'D', VERDICT_EXPOSED);
	play_go_to(&p, T0 + 2 * DAY);
	play_expect_told(&p, "digest[storm/ops/] SD=exposed +1 -0; ");
	see_sites('E', 'E', VERDICT_EXPOSED);
	play_expect_told(&p, OPENED("E", "exposed"));
}

static void an_incident_of_the_first_days_is_resolved_when_nothing_of_them_fires(void **state)
{
	struct arena arena;
	(void)state;

	p.target.keeps_incidents = true;
	p.policy.digest_until_ms = T0 + DAY;
	p.policy.repeat_ms = 7 * DAY;
	configure();
	see_sites('A', 'A', VERDICT_EXPOSED);
	play_go_to(&p, T0 + DAY);
	play_expect_told(&p, "digest[storm/ops/] SA=exposed +1 -0; ");
	play_pass(&p, 3600);
	play_expect_told(&p, "");
	see_sites('A', 'A', VERDICT_CLEAR);
	play_pass(&p, 300);
	play_expect_told(&p, "resolved[ORG/A" CAUSE " SA=resolved; summary[storm/ops/] +0 -0; ");
	arena_init(&arena);
	assert_true(play_last_notification(&p, &arena)->resolved);
	arena_deinit(&arena);
}

static void too_much_that_fails_is_a_storm_in_the_first_days_too(void **state)
{
	(void)state;
	p.policy.digest_until_ms = T0 + DAY;
	p.policy.repeat_ms = 7 * DAY;
	configure();
	see_sites('A', 'A', VERDICT_EXPOSED);
	see_sites('B', 'G', VERDICT_FAILING);
	p.told[0] = '\0';
	play_pass(&p, 10);
	play_expect_told(&p, "summary[storm/ops/] SB=failing SC=failing SD=failing SE=failing "
			     "SF=failing SG=failing SA=exposed +7 -0; ");
	play_pass(&p, 900);
	see_sites('H', 'H', VERDICT_EXPOSED);
	play_expect_told(&p, "");
	play_go_to(&p, T0 + DAY);
	play_expect_told(&p, "digest[storm/ops/] SH=exposed +1 -0; ");
}

static void a_clock_that_is_set_back_holds_up_no_summary(void **state)
{
	(void)state;
	see_sites('A', 'F', VERDICT_EXPOSED);
	p.told[0] = '\0';
	p.now -= DAY;
	configure(); /* everything is looked at */
	play_pass(&p, 300);
	assert_non_null(strstr(p.told, "summary[storm/ops/]"));
}

static void count_fleet(void *user, const struct hook_route *route, struct notification_fleet *out)
{
	(void)user;
	(void)route;
	*out = (struct notification_fleet){ 300, 96, 2, 1 };
}

static void a_report_comes_daily_at_its_time(void **state)
{
	struct arena arena;
	(void)state;

	p.target.report_minute = 7 * 60;
	p.policy.repeat_ms = 7 * DAY;
	configure();
	alerts_set_fleet(p.alerts, count_fleet, NULL);
	play_pass(&p, 1);
	see_sites('A', 'B', VERDICT_EXPOSED);
	see_sites('A', 'A', VERDICT_CLEAR);
	play_pass(&p, 60);
	p.told[0] = '\0';
	play_go_to(&p, AT_SEVEN - 1);
	play_expect_told(&p, "");
	play_restart(&p);
	see_sites('B', 'B', VERDICT_EXPOSED);
	play_go_to(&p, AT_SEVEN + 2 * S);
	play_expect_told(&p, "daily report[daily-report/ops] SB=exposed +2 -1; ");
	arena_init(&arena);
	assert_int_equal(play_last_notification(&p, &arena)->summary->fleet->fixed, 96);
	assert_int_equal(play_last_notification(&p, &arena)->summary->next_ms, AT_SEVEN + DAY);
	arena_deinit(&arena);
	play_go_to(&p, AT_SEVEN + DAY);
	play_expect_told(&p, "daily report[daily-report/ops] SB=exposed +0 -0; ");
}

static void a_report_that_was_missed_comes_once(void **state)
{
	(void)state;
	p.target.report_minute = 7 * 60;
	configure();
	play_pass(&p, 1);
	p.now += 3 * DAY;
	play_restart(&p);
	play_pass(&p, 1);
	play_expect_told(&p, "daily report[daily-report/ops] +0 -0; ");
	play_pass(&p, 3600);
	play_expect_told(&p, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_more_than_five_in_five_minutes_is_summed_up),
		TEST(one_summary_each_five_minutes_until_calm),
		TEST(what_gets_worse_in_a_storm_waits_a_minute_at_most),
		TEST(what_a_summary_stands_for_survives_a_crash),
		TEST(acknowledgements_are_no_storm),
		TEST(nothing_is_summed_up_where_nobody_wants_it),
		TEST(a_summary_of_what_is_over_resolves_nothing_that_fires),
		TEST(who_keeps_incidents_hears_of_every_end),
		TEST(the_first_days_are_a_digest_a_day_but_what_fails),
		TEST(an_incident_of_the_first_days_is_resolved_when_nothing_of_them_fires),
		TEST(too_much_that_fails_is_a_storm_in_the_first_days_too),
		TEST(a_clock_that_is_set_back_holds_up_no_summary),
		TEST(a_report_comes_daily_at_its_time),
		TEST(a_report_that_was_missed_comes_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
