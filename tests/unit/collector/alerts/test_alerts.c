/* Alerts come and go: what is stored and told of what is seen, over hours and days. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/base/timestamp.h"
#include "tests/unit/collector/alerts/alerts_play.h"

static void a_change_is_told_at_once_and_its_end_too(void **state)
{
	struct play p;
	(void)state;

	play_set_up(&p);
	play_see(&p, "S1", VERDICT_CLEAR);
	play_expect_told(&p, "");
	play_see(&p, "S1", VERDICT_EXPOSED);
	play_expect_told(&p, "opened[ORG/HQ/adapter_isolated] S1=exposed; ");
	play_expect_open(&p, "S1 exposed firing; ");
	assert_string_equal(p.rows[0]->text, "NIC 2 reaches nobody.");
	assert_string_equal(p.rows[0]->remedy, "Disable NIC 2. (verdict then: clear)");
	assert_string_equal(p.rows[0]->adapter, "NIC 2");
	play_see(&p, "S1", VERDICT_EXPOSED);
	play_pass(&p, 3600);
	play_see(&p, "S1", VERDICT_CLEAR);
	play_expect_told(&p, "resolved[ORG/HQ/adapter_isolated] S1=resolved; ");
	play_expect_open(&p, "");
	play_pass(&p, 86400);
	play_expect_told(&p, "");
	play_tear_down(&p);
}

static void what_happens_soon_after_is_told_together(void **state)
{
	struct play p;
	(void)state;

	play_set_up(&p);
	play_see(&p, "S1", VERDICT_EXPOSED);
	play_expect_told(&p, "opened[ORG/HQ/adapter_isolated] S1=exposed; ");
	play_see(&p, "S2", VERDICT_EXPOSED);
	play_see_in(&p, "B1", "Branch", VERDICT_EXPOSED);
	play_expect_told(&p, "opened[ORG/Branch/adapter_isolated] B1=exposed; ");
	play_pass(&p, 10);
	play_see(&p, "S3", VERDICT_EXPOSED);
	play_see(&p, "S1", VERDICT_CLEAR);
	play_pass(&p, 19);
	play_expect_told(&p, "");
	play_pass(&p, 1);
	play_expect_told(&p, "more servers[ORG/HQ/adapter_isolated] S2=exposed S3=exposed "
			     "S1=resolved; ");
	play_pass(&p, 30);
	play_see(&p, "S2", VERDICT_CLEAR);
	play_expect_told(&p, "fewer servers[ORG/HQ/adapter_isolated] S3=exposed S2=resolved; ");
	play_tear_down(&p);
}

static void what_is_undone_before_its_end_was_told_goes_on(void **state)
{
	struct play p;
	(void)state;

	play_set_up(&p);
	play_see(&p, "S1", VERDICT_EXPOSED);
	play_pass(&p, 5);
	play_see(&p, "S1", VERDICT_CLEAR);
	play_pass(&p, 5);
	play_see(&p, "S1", VERDICT_EXPOSED);
	play_pass(&p, 300);
	play_expect_told(&p, "opened[ORG/HQ/adapter_isolated] S1=exposed; ");
	play_expect_open(&p, "S1 exposed firing; ");
	assert_int_equal(p.n_rows, 1);
	play_tear_down(&p);
}

static void unknown_is_no_recovery(void **state)
{
	struct play p;
	(void)state;

	play_set_up(&p);
	play_see(&p, "S1", VERDICT_EXPOSED);
	p.told[0] = '\0';
	play_pass(&p, 60);
	play_see(&p, "S1", VERDICT_UNKNOWN);
	play_pass(&p, 3 * 3600);
	play_expect_open(&p, "S1 exposed firing; ");
	assert_string_equal(p.rows[0]->verdict, "exposed");
	play_see(&p, "S1", VERDICT_CLEAR);
	play_expect_told(&p, "resolved[ORG/HQ/adapter_isolated] S1=resolved; ");
	play_see(&p, "S2", VERDICT_UNKNOWN); /* by itself it is worth a word when it lasts */
	play_pass(&p, 3599);
	play_expect_told(&p, "");
	play_expect_open(&p, "S2 unknown pending; ");
	play_pass(&p, 1);
	play_expect_open(&p, "S2 unknown firing; ");
	play_tear_down(&p);
}

static void what_flaps_is_told_once_and_said(void **state)
{
	struct play p;
	(void)state;

	play_set_up(&p);
	p.policy.hold_ms[CONDITION_EXPOSED] = 300 * S;
	alerts_configure(p.alerts, &p.policy, NULL);
	for (int i = 0; i < 200; i++) {
		play_see(&p, "S1", i % 2 ? VERDICT_CLEAR : VERDICT_EXPOSED);
		play_pass(&p, 120);
	}
	play_expect_told(&p, "opened[ORG/HQ/adapter_isolated] S1=exposed~; "
			     "still open[ORG/HQ/adapter_isolated] S1=exposed~; ");
	play_pass(&p, 2 * 3600);
	play_expect_told(&p, "resolved[ORG/HQ/adapter_isolated] S1=resolved; ");
	play_tear_down(&p);
}

/* Receivers know that the alert fires; that it comes and goes is news to them, once. */
static void what_begins_to_flap_after_it_was_told_is_said(void **state)
{
	struct play p;
	(void)state;

	play_set_up(&p);
	p.policy.hold_ms[CONDITION_EXPOSED] = 60 * S;
	alerts_configure(p.alerts, &p.policy, NULL);
	play_see(&p, "S1", VERDICT_EXPOSED);
	play_pass(&p, 60);
	play_expect_told(&p, "opened[ORG/HQ/adapter_isolated] S1=exposed; ");
	for (int i = 0; i < 20; i++) {
		play_see(&p, "S1", i % 2 ? VERDICT_EXPOSED : VERDICT_CLEAR);
		play_pass(&p, 30);
	}
	play_expect_told(&p, "still open[ORG/HQ/adapter_isolated] S1=exposed~; ");
	play_restart(&p);
	play_see(&p, "S1", VERDICT_EXPOSED);
	play_pass(&p, 60);
	play_expect_told(&p, "");
	play_tear_down(&p);
}

static void the_collectors_own_ills_are_alerts_too(void **state)
{
	struct alert_changes changes;
	struct play p;
	(void)state;

	play_set_up(&p);
	for (int i = 0; i < 3; i++) {
		alert_changes_init(&changes);
		alerts_update_self_check(
			p.alerts, CONDITION_DISK,
			&(struct alert_ill){ true, p.now, "1 % is free.", "Make room." }, p.now,
			&changes);
		play_commit(&p, &changes);
		play_pass(&p, 60);
	}
	play_expect_told(&p, "opened[//disk] =disk; ");
	assert_string_equal(p.rows[0]->text, "1 % is free.");
	alert_changes_init(&changes);
	alerts_update_self_check(p.alerts, CONDITION_DISK,
				 &(struct alert_ill){ false, p.now, "", "" }, p.now, &changes);
	play_commit(&p, &changes);
	play_pass(&p, 60);
	play_expect_told(&p, "resolved[//disk] =resolved; ");
	play_tear_down(&p);
}

static void a_server_that_is_taken_out_has_no_alerts(void **state)
{
	struct alert_changes changes;
	struct play p;
	(void)state;

	play_set_up(&p);
	play_see(&p, "S1", VERDICT_EXPOSED);
	play_see(&p, "S2", VERDICT_UNKNOWN);
	play_pass(&p, 60);
	p.told[0] = '\0';
	alert_changes_init(&changes);
	alerts_forget(p.alerts, "S1", p.now, &changes);
	alerts_forget(p.alerts, "S2", p.now, &changes);
	alerts_forget(p.alerts, "S3", p.now, &changes);
	play_commit(&p, &changes);
	play_expect_told(&p, "resolved[ORG/HQ/adapter_isolated] S1=resolved; ");
	play_expect_open(&p, "");
	play_tear_down(&p);
}

static void silence_counts_from_when_the_collector_could_hear(void **state)
{
	struct play p;
	(void)state;

	play_set_up(&p);
	play_see_silent(&p, "S1", p.now - 901 * S);
	play_expect_told(&p, "opened[ORG/HQ/silent] S1=silent; ");
	/* The collector was down for a day: everybody is silent when it comes back. */
	play_pass(&p, 60);
	p.now += 86400 * S;
	play_restart(&p);
	play_see_silent(&p, "S1", T0 - 901 * S);
	for (int i = 0; i < 10; i++) {
		static const char *const names[] = { "A0", "A1", "A2", "A3", "A4",
						     "A5", "A6", "A7", "A8", "A9" };
		play_see_silent(&p, names[i], p.now - 86400 * S);
	}
	play_go_to(&p, p.now);
	p.told[0] = '\0'; /* S1 is repeated, for a day has gone by */
	play_pass(&p, 600);
	for (int i = 0; i < 9; i++) {
		static const char *const names[] = { "A0", "A1", "A2", "A3", "A4",
						     "A5", "A6", "A7", "A8" };
		play_see(&p, names[i], VERDICT_CLEAR);
	}
	play_expect_open(&p, "S1 silent firing; "); /* no storm */
	play_pass(&p, 300);
	play_expect_told(&p, "more servers[ORG/HQ/silent] A9=silent S1=silent; ");
	play_tear_down(&p);
}

static void silence_that_did_not_count_yet_counts_anew_after_a_time_that_was_left_out(void **state)
{
	struct play p;
	(void)state;

	play_set_up(&p);
	play_see_silent(&p, "S1", p.now - 901 * S);
	play_expect_told(&p, "opened[ORG/HQ/silent] S1=silent; ");
	play_restart(&p);
	play_see_silent(&p, "S1", T0 - 901 * S);
	play_see_silent(&p, "A0", T0 - 901 * S);
	play_pass(&p, 60);
	/* The clock is set forward amid the grace of the start. */
	p.now += 1200 * S;
	alerts_start_grace(p.alerts, p.now);
	play_pass(&p, 890);
	play_expect_open(&p, "S1 silent firing; ");
	play_pass(&p, 20);
	play_expect_open(&p, "S1 silent firing; A0 silent firing; ");
	play_tear_down(&p);
}

static void a_clock_that_is_set_back_puts_nothing_off(void **state)
{
	struct play p;
	(void)state;

	play_set_up(&p);
	play_see(&p, "S1", VERDICT_EXPOSED);
	play_see_in(&p, "B1", "Branch", VERDICT_AT_RISK);
	play_expect_told(&p, "opened[ORG/HQ/adapter_isolated] S1=exposed; ");
	p.now -= 86400 * S;
	play_see(&p, "S2", VERDICT_EXPOSED);
	play_see_in(&p, "B1", "Branch", VERDICT_AT_RISK);
	play_pass(&p, 30);
	play_expect_told(&p, "more servers[ORG/HQ/adapter_isolated] S1=exposed S2=exposed; ");
	play_pass(&p, 30);
	play_expect_told(&p, "opened[ORG/Branch/adapter_isolated] B1=at_risk; ");
	play_see(&p, "S1", VERDICT_CLEAR);
	play_expect_told(&p, "fewer servers[ORG/HQ/adapter_isolated] S2=exposed S1=resolved; ");
	play_tear_down(&p);
}

static void a_restart_forgets_and_repeats_nothing(void **state)
{
	struct play p;
	(void)state;

	play_set_up(&p);
	play_see(&p, "S1", VERDICT_EXPOSED);
	play_pass(&p, 10);
	play_see(&p, "S2", VERDICT_EXPOSED); /* its turn has not come yet */
	play_see(&p, "S3", VERDICT_AT_RISK);
	p.told[0] = '\0';
	play_restart(&p);
	play_see(&p, "S1", VERDICT_EXPOSED);
	play_see(&p, "S2", VERDICT_EXPOSED);
	play_expect_told(&p, "");
	play_pass(&p, 20);
	play_expect_told(&p, "more servers[ORG/HQ/adapter_isolated] S1=exposed S2=exposed; ");
	play_see(&p, "S1", VERDICT_CLEAR);
	play_restart(&p); /* the end is not told yet */
	play_see(&p, "S1", VERDICT_CLEAR);
	play_see(&p, "S2", VERDICT_EXPOSED);
	play_pass(&p, 30);
	play_expect_told(&p, "fewer servers[ORG/HQ/adapter_isolated] S2=exposed S1=resolved; ");
	struct alert_changes changes;
	alert_changes_init(&changes);
	alerts_forget_unseen(p.alerts, p.now, &changes); /* S3 is not in the fleet any more */
	play_commit(&p, &changes);
	play_expect_open(&p, "S2 exposed firing; ");
	play_tear_down(&p);
}

#define MARK(at, text)                                                                             \
	"{\"kind\":\"own_name\",\"of\":\"\",\"at\":\"" at                                          \
	"\",\"before\":[\"a\"],\"after\":[\"b\"],\"text\":"                                        \
	"\"" text "\"}"
#define UNMARKED                                                                                   \
	"[{\"kind\":\"own_name\",\"of\":\"\",\"at\":\"2023-11-14T22:00:00Z\",\"before\":[\"a\"],"  \
	"\"after\":[],\"text\":\"\"}]"

static void drift_is_told_where_that_is_wanted_until_it_is_undone(void **state)
{
	struct play p;
	(void)state;

	play_set_up(&p);
	play_see_drift(&p, "S1", "[" MARK("2023-11-14T22:00:00Z", "It is \\\"b\\\".") "]");
	play_pass(&p, 86400);
	play_expect_told(&p, "");
	play_expect_open(&p, "");

	p.policy.hold_ms[CONDITION_DRIFT] = 600 * S;
	alerts_configure(p.alerts, &p.policy, NULL);
	play_see_drift(&p, "S2", UNMARKED);
	play_pass(&p, 3600);
	play_expect_open(&p, "");
	play_see_drift(&p, "S1", "[" MARK("2023-11-14T22:00:00Z", "It is \\\"b\\\".") "]");
	play_expect_told(&p, "opened[ORG/HQ/drift] S1=drift; ");
	play_expect_open(&p, "S1 drift firing; ");
	assert_string_equal(p.rows[0]->text, "It is \"b\".");
	assert_string_equal(p.rows[0]->reason, "own_name");
	assert_string_equal(p.rows[0]->verdict, "clear");
	play_restart(&p);
	play_see_drift(&p, "S1",
		       "[" MARK("2023-11-14T22:00:00Z", "It is b.") "," MARK("2023-11-15T22:00:00Z",
									     "And c.") "]");
	play_expect_open(&p, "S1 drift firing; ");
	assert_string_equal(p.rows[0]->text, "It is b. And c.");
	play_see_drift(&p, "S1", UNMARKED);
	play_pass(&p, 599);
	play_expect_open(&p, "S1 drift firing; ");
	play_pass(&p, 1);
	play_expect_told(&p, "resolved[ORG/HQ/drift] S1=resolved; ");
	play_expect_open(&p, "");
	play_tear_down(&p);
}

/* Whatever fires ends when its condition is switched off, and lesser degrees take its place. */
static void a_condition_that_is_switched_off_is_over(void **state)
{
	struct play p;
	(void)state;

	play_set_up(&p);
	p.policy.hold_ms[CONDITION_DRIFT] = 0;
	alerts_configure(p.alerts, &p.policy, NULL);
	play_see_drift(&p, "S1", "[" MARK("2023-11-14T22:00:00Z", "It is b.") "]");
	play_see(&p, "S2", VERDICT_EXPOSED);
	play_expect_open(&p, "S1 drift firing; S2 exposed firing; ");
	p.policy.hold_ms[CONDITION_DRIFT] = CONDITION_NEVER;
	p.policy.hold_ms[CONDITION_EXPOSED] = CONDITION_NEVER;
	alerts_configure(p.alerts, &p.policy, NULL);
	play_pass(&p, 120);
	play_expect_open(&p, "S2 at_risk firing; ");
	p.policy.hold_ms[CONDITION_AT_RISK] = CONDITION_NEVER;
	alerts_configure(p.alerts, &p.policy, NULL);
	play_pass(&p, 1);
	play_expect_open(&p, "");
	play_tear_down(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_change_is_told_at_once_and_its_end_too),
		cmocka_unit_test(what_happens_soon_after_is_told_together),
		cmocka_unit_test(what_is_undone_before_its_end_was_told_goes_on),
		cmocka_unit_test(unknown_is_no_recovery),
		cmocka_unit_test(what_flaps_is_told_once_and_said),
		cmocka_unit_test(what_begins_to_flap_after_it_was_told_is_said),
		cmocka_unit_test(the_collectors_own_ills_are_alerts_too),
		cmocka_unit_test(a_server_that_is_taken_out_has_no_alerts),
		cmocka_unit_test(silence_counts_from_when_the_collector_could_hear),
		cmocka_unit_test(
			silence_that_did_not_count_yet_counts_anew_after_a_time_that_was_left_out),
		cmocka_unit_test(a_clock_that_is_set_back_puts_nothing_off),
		cmocka_unit_test(a_restart_forgets_and_repeats_nothing),
		cmocka_unit_test(drift_is_told_where_that_is_wanted_until_it_is_undone),
		cmocka_unit_test(a_condition_that_is_switched_off_is_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
