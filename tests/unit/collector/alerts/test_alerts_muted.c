/* Who is told of alerts, how often, and what is not told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "collector/base/pattern.h"
#include <string.h>

#include "proto/base/timestamp.h"
#include "collector/model/notification.h"
#include "tests/unit/collector/alerts/alerts_play.h"

static void it_is_repeated_until_somebody_acknowledges(void **state)
{
	static const char first[] = "opened[ORG/HQ/adapter_isolated] S1=exposed; ";
	static const char again[] = "still open[ORG/HQ/adapter_isolated] S1=exposed; ";
	struct alert_changes changes;
	struct play p;
	(void)state;

	play_set_up(&p);
	play_see(&p, "S1", VERDICT_EXPOSED);
	play_expect_told(&p, first);
	play_pass(&p, 4 * 3600 - 1);
	play_expect_told(&p, "");
	play_pass(&p, 1);
	play_expect_told(&p, again);

	alert_changes_init(&changes);
	assert_int_equal(alerts_acknowledge(p.alerts, p.row_ids[0], "token ops", "on it",
					    p.now + 10 * 3600 * S, p.now, &changes),
			 STATUS_OK);
	play_commit(&p, &changes);
	assert_string_equal(p.rows[0]->acknowledged_by, "token ops");
	play_pass(&p, 30);
	play_expect_told(&p, "acknowledged[ORG/HQ/adapter_isolated] S1=exposed+token ops; ");
	play_pass(&p, 10 * 3600 - 31);
	play_expect_told(&p, "");
	play_pass(&p, 1);
	play_expect_told(&p, again);
	alert_changes_init(&changes);
	assert_int_equal(alerts_acknowledge(p.alerts, 1, "x", "", TIMESTAMP_NONE, p.now, &changes),
			 STATUS_NOT_FOUND);
	alert_changes_deinit(&changes);
	play_tear_down(&p);
}

static void what_is_silenced_is_told_when_the_silence_ends_if_it_fires_still(void **state)
{
	struct record_silence silence = { 0,          "s*",        "", "",           "exposed",
					  "patching", "token ops", T0, T0 + 3600 * S };
	struct play p;
	(void)state;

	play_set_up(&p);
	assert_int_equal(alerts_add_silence(p.alerts, &silence, p.now), STATUS_OK);
	play_see(&p, "S1", VERDICT_EXPOSED);
	play_see(&p, "S2", VERDICT_EXPOSED);
	play_see(&p, "S3", VERDICT_FAILING); /* is not silenced */
	play_expect_told(&p, "opened[ORG/HQ/adapter_isolated] S3=failing; ");
	play_pass(&p, 600);
	play_see(&p, "S2", VERDICT_CLEAR);
	play_pass(&p, 2999);
	play_expect_told(&p, "");
	play_pass(&p, 61);
	play_expect_told(&p, "more servers[ORG/HQ/adapter_isolated] S3=failing S1=exposed; ");
	assert_int_equal(alerts_end_silence(p.alerts, silence.id, p.now), STATUS_OK);
	assert_int_equal(alerts_end_silence(p.alerts, silence.id, p.now), STATUS_NOT_FOUND);
	play_tear_down(&p);
}

static void maintenance_mutes_as_a_silence_does(void **state)
{
	static const char *servers[] = { "S1" };
	struct maintenance window = {
		.name = "patches", .days = 0x7f, .servers = servers, .n_servers = 1
	};
	struct play p;
	(void)state;

	play_set_up(&p);
	window.from_min = (unsigned)(p.now / 60000 % 1440);
	window.to_min = (window.from_min + 30) % 1440;
	p.policy.windows = &window;
	alerts_configure(p.alerts, &p.policy, NULL);
	play_see(&p, "S1", VERDICT_EXPOSED);
	play_pass(&p, 25 * 60);
	play_expect_told(&p, "");
	assert_string_equal(alerts_maintenance_of(p.alerts, p.rows[0], p.now), "patches");
	play_pass(&p, 6 * 60);
	assert_null(alerts_maintenance_of(p.alerts, p.rows[0], p.now));
	play_expect_told(&p, "opened[ORG/HQ/adapter_isolated] S1=exposed; ");
	play_tear_down(&p);
}

static void list_firing(void *visitor, const struct notification_alert *alert)
{
	char *list = visitor;
	strcat(list, alert->server);
	strcat(list, " ");
}

static void expect_firing(const struct play *p, const char *servers)
{
	char list[256] = "";
	alerts_each_firing(p->alerts, list_firing, list);
	assert_string_equal(list, servers);
}

/* Whoever is kept in step with what fires does not take a silence for a recovery. */
static void what_was_told_before_its_silence_does_not_seem_to_be_over(void **state)
{
	struct record_silence silence = { 0, "*", "", "", "", "", "token ops", T0, T0 + 3600 * S };
	struct play p;
	(void)state;

	play_set_up(&p);
	play_see(&p, "S1", VERDICT_EXPOSED);
	expect_firing(&p, "S1 ");
	assert_int_equal(alerts_add_silence(p.alerts, &silence, p.now), STATUS_OK);
	play_pass(&p, 60);
	play_see(&p, "S2", VERDICT_EXPOSED);
	expect_firing(&p, "S1 ");
	play_see(&p, "S1", VERDICT_CLEAR);
	expect_firing(&p, "");
	play_pass(&p, 3600);
	expect_firing(&p, "S2 ");
	play_tear_down(&p);
}

static void an_acknowledgement_holds_until_its_end(void **state)
{
	struct record_alert row = { .acknowledged_by = "", .acknowledged_until_ms = T0 };
	(void)state;

	assert_false(alerts_is_acknowledged(&row, T0 - 1));
	row.acknowledged_by = "token ops";
	assert_true(alerts_is_acknowledged(&row, T0 - 1));
	assert_false(alerts_is_acknowledged(&row, T0));
	row.acknowledged_until_ms = TIMESTAMP_NONE;
	assert_true(alerts_is_acknowledged(&row, INT64_MAX));
}

static void a_hook_hears_only_of_what_is_for_it(void **state)
{
	static const char *sites[] = { "org/b*" };
	struct play p;
	(void)state;

	play_set_up(&p);
	p.route = (struct hook_route){ .sites = sites,
				       .n_sites = 1,
				       .conditions = CONDITION_BIT(CONDITION_EXPOSED) };
	play_see(&p, "S1", VERDICT_EXPOSED);
	play_see_in(&p, "B1", "Branch", VERDICT_FAILING);
	play_see_in(&p, "B2", "Branch2", VERDICT_EXPOSED);
	play_expect_told(&p, "opened[ORG/Branch2/adapter_isolated] B2=exposed; ");
	play_pass(&p, 60);
	play_see_in(&p, "B2", "Branch2", VERDICT_CLEAR); /* it does not want to know */
	play_expect_told(&p, "");
	play_tear_down(&p);
}

static void a_new_hook_hears_of_what_fires_already(void **state)
{
	struct alert_changes changes;
	struct play p;
	(void)state;

	play_set_up(&p);
	alerts_set_targets(p.alerts, NULL, 0);
	play_see(&p, "S1", VERDICT_EXPOSED);
	play_expect_told(&p, "");
	play_pass(&p, 60);
	alerts_set_targets(p.alerts, &p.target, 1);
	alert_changes_init(&changes);
	alerts_notify_target(p.alerts, "ops", p.now, &changes);
	play_commit(&p, &changes);
	play_expect_told(&p, "opened[ORG/HQ/adapter_isolated] S1=exposed; ");
	play_tear_down(&p);
}

static void a_place_is_matched_part_by_part(void **state)
{
	(void)state;
	assert_true(pattern_matches_place("acme/HQ", "ACME", "hq"));
	assert_true(pattern_matches_place("A/*", "A", "B/C"));
	assert_false(pattern_matches_place("A/*", "A/B", "C"));
	assert_true(pattern_matches_place("A?B/C", "A/B", "C"));
	assert_false(pattern_matches_place("A/B/C", "A/B", "C"));
	assert_false(pattern_matches_place("*/C", "A", "B/C"));
	assert_false(pattern_matches_place("HQ", "", "HQ"));
	assert_true(pattern_matches_place("\xc3\x84*/*", "\xc3\xa4rzte", "")); /* umlauts */
	assert_int_equal(pattern_letters("eX*1?") & ~pattern_letters_of("EXCH12"), 0);
	assert_int_not_equal(pattern_letters("EX3*") & ~pattern_letters_of("exch12"), 0);
	assert_int_not_equal(pattern_letters("xehc*") & ~pattern_letters_of("exch12"), 0);
	assert_int_equal(pattern_letters("e*h?c*1") & ~pattern_letters_of("exch12"), 0);
	assert_int_equal(pattern_letters("k*") & ~pattern_letters_of("\xe2\x84\xaa"), 0);
	assert_false(pattern_matches("EX*1", "EXCH12"));
	assert_true(pattern_matches("\xe2\x84\xaa", "k")); /* the Kelvin sign */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_place_is_matched_part_by_part),
		cmocka_unit_test(it_is_repeated_until_somebody_acknowledges),
		cmocka_unit_test(what_is_silenced_is_told_when_the_silence_ends_if_it_fires_still),
		cmocka_unit_test(maintenance_mutes_as_a_silence_does),
		cmocka_unit_test(what_was_told_before_its_silence_does_not_seem_to_be_over),
		cmocka_unit_test(an_acknowledgement_holds_until_its_end),
		cmocka_unit_test(a_hook_hears_only_of_what_is_for_it),
		cmocka_unit_test(a_new_hook_hears_of_what_fires_already),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
