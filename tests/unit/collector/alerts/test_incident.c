/* One incident over all its degrees: every way from one to another, and what is sent of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "collector/model/notification.h"
#include "proto/base/timestamp.h"
#include "tests/unit/collector/alerts/alerts_play.h"
#include "tests/unit/rows.h"

#define GROUP "[ORG/HQ/adapter_isolated] "

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

static void acknowledge(const char *by, int64_t until_ms)
{
	struct alert_changes changes;

	alert_changes_init(&changes);
	assert_int_equal(
		alerts_acknowledge(p.alerts, p.row_ids[0], by, "on it", until_ms, p.now, &changes),
		STATUS_OK);
	play_commit(&p, &changes);
}

/* The group had its turn a second ago: what is not urgent waits. */
static void open_exposed(void)
{
	play_see(&p, "S1", VERDICT_EXPOSED);
	play_expect_told(&p, "opened" GROUP "S1=exposed; ");
	play_pass(&p, 1);
}

static void what_gets_worse_is_one_incident_and_sent_at_once(void **state)
{
	(void)state;
	open_exposed();
	play_see(&p, "S1", VERDICT_FAILING);
	play_expect_told(&p, "escalated" GROUP "S1=exposed>failing; ");
	play_expect_open(&p, "S1 failing firing; ");
	assert_int_equal(p.n_rows, 1);
	assert_int_equal(p.rows[0]->opened, CONDITION_EXPOSED);
	assert_int_equal(p.rows[0]->fired_ms, T0);
	assert_string_equal(p.rows[0]->verdict, "failing");
}

static void each_degree_escalates_to_the_next(void **state)
{
	(void)state;
	play_see(&p, "S1", VERDICT_UNKNOWN);
	play_pass(&p, 3600);
	play_expect_told(&p, "opened" GROUP "S1=unknown; ");
	play_see(&p, "S1", VERDICT_AT_RISK);
	play_expect_open(&p, "S1 unknown firing; "); /* until that has held */
	play_pass(&p, 60);
	play_expect_told(&p, "escalated" GROUP "S1=unknown>at_risk; ");
	play_see(&p, "S1", VERDICT_EXPOSED);
	play_expect_told(&p, "escalated" GROUP "S1=at_risk>exposed; ");
	play_see(&p, "S1", VERDICT_FAILING);
	play_expect_told(&p, "escalated" GROUP "S1=exposed>failing; ");
	play_see(&p, "S1", VERDICT_CLEAR);
	play_pass(&p, 30);
	play_expect_told(&p, "resolved" GROUP "S1=resolved; ");
	play_expect_open(&p, "");
	assert_int_equal(p.n_rows, 1);
}

static void what_gets_better_eases_with_the_next_turn(void **state)
{
	(void)state;
	play_see(&p, "S1", VERDICT_FAILING);
	play_expect_told(&p, "opened" GROUP "S1=failing; ");
	play_pass(&p, 1);
	play_see(&p, "S1", VERDICT_EXPOSED);
	play_expect_open(&p, "S1 exposed firing; ");
	play_pass(&p, 28);
	play_expect_told(&p, "");
	play_pass(&p, 1);
	play_expect_told(&p, "eased" GROUP "S1=failing>exposed; ");
	play_see(&p, "S1", VERDICT_AT_RISK); /* a minute has to go by, and it is open meanwhile */
	play_expect_open(&p, "S1 at_risk firing; ");
	play_pass(&p, 30);
	play_expect_told(&p, "eased" GROUP "S1=exposed>at_risk; ");
	play_see(&p, "S1", VERDICT_CLEAR);
	play_pass(&p, 30);
	play_expect_open(&p, "S1 at_risk firing; "); /* which had held long enough to linger */
	play_pass(&p, 60);
	play_expect_told(&p, "resolved" GROUP "S1=resolved; ");
	assert_int_equal(p.n_rows, 1);
}

/* The worst has fired alone, no lesser degree has held for its time. */
static void what_is_clear_is_resolved_whatever_lesser_degrees_would_wait(void **state)
{
	(void)state;
	play_see(&p, "S1", VERDICT_FAILING);
	play_pass(&p, 3600);
	p.told[0] = '\0';
	play_see(&p, "S1", VERDICT_CLEAR);
	play_expect_told(&p, "resolved" GROUP "S1=resolved; ");
	play_expect_open(&p, "");
}

static void what_eases_briefly_stays_open_as_what_holds(void **state)
{
	(void)state;
	open_exposed();
	play_see(&p, "S1", VERDICT_AT_RISK);
	play_expect_open(&p, "S1 at_risk firing; ");
	play_pass(&p, 5);
	play_see(&p, "S1", VERDICT_EXPOSED); /* nobody knew that it had eased */
	play_pass(&p, 300);
	play_expect_told(&p, "");
	play_see(&p, "S1", VERDICT_AT_RISK);
	p.told[0] = '\0';
	play_restart(&p); /* with the clocks of all degrees */
	play_see(&p, "S1", VERDICT_AT_RISK);
	play_expect_open(&p, "S1 at_risk firing; ");
	play_see(&p, "S1", VERDICT_CLEAR);
	play_pass(&p, 59);
	play_expect_open(&p, "S1 at_risk firing; ");
	play_pass(&p, 31);
	play_expect_told(&p, "resolved" GROUP "S1=resolved; ");
}

static void unknown_after_something_worse_stays_open_and_says_so(void **state)
{
	struct arena arena;
	(void)state;

	open_exposed();
	play_see(&p, "S1", VERDICT_UNKNOWN);
	play_pass(&p, 2 * 3600);
	play_expect_open(&p, "S1 exposed firing; ");
	play_expect_told(&p, "");
	assert_string_equal(p.rows[0]->now_text, "cannot tell: NIC 2 reaches nobody.");
	assert_string_equal(p.rows[0]->text, "NIC 2 reaches nobody.");
	play_pass(&p, 2 * 3600);
	play_expect_told(&p, "still open" GROUP "S1=exposed; ");
	arena_init(&arena);
	assert_string_equal(play_last_notification(&p, &arena)->alerts[0].text,
			    "It is not known now whether this is still so: NIC 2 reaches nobody. "
			    "Before: NIC 2 reaches nobody.");
	arena_deinit(&arena);
	play_see(&p, "S1", VERDICT_FAILING);
	play_expect_told(&p, "escalated" GROUP "S1=exposed>failing; ");
	play_see(&p, "S1", VERDICT_UNKNOWN);
	play_pass(&p, 3 * 3600);
	play_expect_open(&p, "S1 failing firing; ");
	play_see(&p, "S1", VERDICT_CLEAR);
	play_expect_told(&p, "resolved" GROUP "S1=resolved; ");
	assert_string_equal(p.rows[0]->now_text, "clear: NIC 2 reaches nobody.");
}

static void what_is_unknown_after_it_was_clear_is_an_incident_of_less(void **state)
{
	(void)state;
	p.policy.hold_ms[CONDITION_EXPOSED] = 600 * S;
	alerts_configure(p.alerts, &p.policy, NULL);
	play_see(&p, "S1", VERDICT_EXPOSED);
	play_pass(&p, 600);
	play_expect_told(&p, "opened" GROUP "S1=exposed; ");
	play_see(&p, "S1", VERDICT_CLEAR);
	play_see(&p, "S1", VERDICT_UNKNOWN);
	play_pass(&p, 600);
	play_expect_told(&p, "eased" GROUP "S1=exposed>unknown; ");
	play_see(&p, "S1", VERDICT_EXPOSED);
	play_pass(&p, 600);
	play_expect_told(&p, "escalated" GROUP "S1=unknown>exposed; ");
	assert_int_equal(p.n_rows, 1);
}

static void an_escalation_waits_for_nothing_that_holds_the_lesser_degree(void **state)
{
	struct record_silence silence = { 0, "", "", "", "exposed", "", "", T0, T0 + 3600 * S };
	(void)state;

	p.policy.group_wait_ms = 300 * S;
	p.policy.group_interval_ms = 3600 * S;
	alerts_configure(p.alerts, &p.policy, NULL);
	play_see(&p, "S1", VERDICT_EXPOSED); /* waits for its group */
	play_see(&p, "S2", VERDICT_EXPOSED);
	play_see(&p, "S1", VERDICT_FAILING);
	play_expect_told(&p, "opened" GROUP "S1=failing S2=exposed; ");
	assert_int_equal(alerts_add_silence(p.alerts, &silence, p.now), STATUS_OK);
	play_see(&p, "S2", VERDICT_FAILING);
	play_expect_told(&p, "escalated" GROUP "S1=failing S2=exposed>failing; ");
	play_see(&p, "S3", VERDICT_EXPOSED); /* is silenced from the beginning */
	play_expect_told(&p, "");
	play_see(&p, "S3", VERDICT_FAILING);
	play_expect_told(&p, "more servers" GROUP "S1=failing S2=failing S3=failing; ");
}

static void maintenance_mutes_an_escalation_until_its_end(void **state)
{
	static const char *servers[] = { "S1" };
	struct maintenance window = {
		.name = "patches", .days = 0x7f, .servers = servers, .n_servers = 1
	};
	(void)state;

	open_exposed();
	window.from_min = (unsigned)(p.now / 60000 % 1440);
	window.to_min = (window.from_min + 30) % 1440;
	p.policy.windows = &window;
	alerts_configure(p.alerts, &p.policy, NULL);
	play_see(&p, "S1", VERDICT_FAILING);
	play_pass(&p, 20 * 60);
	play_expect_told(&p, "");
	play_pass(&p, 11 * 60);
	play_expect_told(&p, "escalated" GROUP "S1=exposed>failing; ");
	p.policy.windows = NULL;
}

static void an_acknowledgement_of_less_ends_and_is_remembered(void **state)
{
	(void)state;
	open_exposed();
	play_pass(&p, 60);
	acknowledge("ann", TIMESTAMP_NONE);
	play_expect_told(&p, "acknowledged" GROUP "S1=exposed+ann; ");
	play_pass(&p, 60);
	play_see(&p, "S1", VERDICT_FAILING);
	play_expect_told(&p, "escalated" GROUP "S1=exposed>failing; ");
	assert_string_equal(p.rows[0]->acknowledged_by, "");
	play_pass(&p, 60);
	acknowledge("bob", p.now + 86400 * S);
	play_expect_told(&p, "acknowledged" GROUP "S1=failing+bob; ");
	play_see(&p, "S1", VERDICT_EXPOSED);
	play_pass(&p, 30);
	play_expect_told(&p, "eased" GROUP "S1=failing>exposed+bob; ");
	play_see(&p, "S1", VERDICT_FAILING); /* what he knows of */
	play_expect_told(&p, "escalated" GROUP "S1=exposed>failing+bob; ");
	play_restart(&p);
	play_see(&p, "S1", VERDICT_FAILING);
	play_pass(&p, 3600);
	acknowledge(NULL, TIMESTAMP_NONE);
	play_expect_told(&p, "acknowledged" GROUP "S1=failing; ");
	assert_non_null(strstr(p.rows[0]->acknowledgements, "\"by\":\"ann\""));
	assert_non_null(strstr(p.rows[0]->acknowledgements, "\"by\":\"bob\""));
	assert_null(strstr(p.rows[0]->acknowledgements, "\"ended_at\":null"));
}

static void whoever_cannot_show_acknowledgements_is_not_bothered(void **state)
{
	(void)state;
	p.target.shows_acknowledgements = false;
	alerts_set_targets(p.alerts, &p.target, 1);
	open_exposed();
	acknowledge("ann", TIMESTAMP_NONE);
	play_see(&p, "S1", VERDICT_CLEAR); /* its turn is not used up */
	play_pass(&p, 29);
	play_expect_told(&p, "resolved" GROUP "S1=resolved+ann; ");
}

static void a_hook_for_some_degrees_hears_of_it_to_the_end(void **state)
{
	(void)state;
	p.route.conditions = CONDITION_BIT(CONDITION_FAILING);
	play_see(&p, "S1", VERDICT_EXPOSED);
	play_pass(&p, 60);
	play_expect_told(&p, "");
	play_see(&p, "S1", VERDICT_FAILING);
	play_expect_told(&p, "opened" GROUP "S1=failing; ");
	play_pass(&p, 60);
	play_see(&p, "S1", VERDICT_EXPOSED);
	play_expect_told(&p, "eased" GROUP "S1=failing>exposed; ");
	play_pass(&p, 60);
	play_see(&p, "S1", VERDICT_CLEAR);
	play_expect_told(&p, "resolved" GROUP "S1=resolved; ");
}

static void a_silent_server_has_an_incident_beside_that_of_its_exposure(void **state)
{
	(void)state;
	open_exposed();
	play_see_silent(&p, "S1", p.now - 901 * S); /* its verdict is that of before: clear */
	play_expect_told(&p, "opened[ORG/HQ/silent] S1=silent; ");
	play_pass(&p, 30);
	play_expect_told(&p, "resolved" GROUP "S1=resolved; ");
	play_expect_open(&p, "S1 silent firing; ");
	play_see(&p, "S1", VERDICT_CLEAR);
	play_pass(&p, 30);
	play_expect_told(&p, "resolved[ORG/HQ/silent] S1=resolved; ");
	assert_string_equal(p.rows[1]->now_text, "it reports again; clear: NIC 2 reaches nobody.");
}

static void the_group_and_the_identity_stay_from_opening_to_end(void **state)
{
	struct arena arena;
	char first[64];
	(void)state;

	arena_init(&arena);
	open_exposed();
	const struct notification *n = play_last_notification(&p, &arena);
	strcpy(first, n->alerts[0].fingerprint);
	assert_int_equal(n->firing[CONDITION_EXPOSED], 1);
	assert_string_equal(n->alerts[0].options[0].steps[0].text, "Disable NIC 2.");
	assert_string_equal(n->alerts[0].options[0].steps[0].verdict_after, "clear");
	play_see_in(&p, "S1", "Moved", VERDICT_FAILING);
	play_expect_told(&p, "escalated" GROUP "S1=exposed>failing; ");
	n = play_last_notification(&p, &arena);
	assert_string_equal(n->alerts[0].fingerprint, first);
	assert_int_equal(n->firing[CONDITION_EXPOSED], 0);
	assert_int_equal(n->firing[CONDITION_FAILING], 1);
	play_restart(&p);
	play_see_in(&p, "S1", "Moved", VERDICT_CLEAR);
	play_pass(&p, 30);
	play_expect_told(&p, "resolved" GROUP "S1=resolved; ");
	assert_string_equal(play_last_notification(&p, &arena)->alerts[0].fingerprint, first);
	arena_deinit(&arena);
}

static void what_comes_back_before_its_end_is_known_goes_on(void **state)
{
	(void)state;
	open_exposed();
	play_see(&p, "S1", VERDICT_CLEAR);
	play_expect_open(&p, "");
	play_see(&p, "S1", VERDICT_FAILING);
	play_expect_told(&p, "escalated" GROUP "S1=exposed>failing; ");
	assert_int_equal(p.n_rows, 1);
}

static void degrees_that_alternate_flap(void **state)
{
	(void)state;
	open_exposed();
	for (int i = 0; i < 20; i++) {
		play_see(&p, "S1", i % 2 ? VERDICT_EXPOSED : VERDICT_FAILING);
		play_pass(&p, 60);
	}
	play_expect_open(&p, "S1 failing firing; ");
	assert_true(p.rows[0]->flapping);
	size_t n = 0;
	for (const char *at = p.told; (at = strchr(at, ';')); at++)
		n++;
	assert_in_range(n, 2, 8); /* not twenty */
}

#define ISOLATED(nic)                                                                              \
	"\"reasons\":[{\"code\":\"adapter_isolated\",\"text\":\"" nic " reaches nobody.\","        \
	"\"evidence\":{\"adapter\":\"" nic "\"}}],\"remedy\":{\"options\":[]}"
#define REACHING                                                                                   \
	"\"reasons\":[{\"code\":\"all_adapters_reach\",\"text\":\"All reach.\",\"evidence\":{}}]," \
	"\"remedy\":{\"options\":[]}"

static void expect_story(const char *adapter, const char *text, const char *now_text)
{
	assert_string_equal(p.rows[0]->adapter, adapter);
	assert_string_equal(p.rows[0]->text, text);
	assert_string_equal(p.rows[0]->now_text, now_text);
	play_pass(&p, 60);
}

static void what_flaps_says_what_it_is_now_and_was_last(void **state)
{
	(void)state;

	open_exposed();
	p.policy.hold_ms[CONDITION_EXPOSED] = 600 * S; /* what is clear in between ends nothing */
	alerts_configure(p.alerts, &p.policy, NULL);
	for (int i = 0; i < 6; i++) {
		play_see_findings(&p, "S1", VERDICT_EXPOSED, ISOLATED("NIC 2"));
		expect_story("NIC 2", "NIC 2 reaches nobody.", "");
		play_see_findings(&p, "S1", VERDICT_CLEAR, REACHING);
		expect_story("NIC 2", "NIC 2 reaches nobody.", "clear: All reach.");
	}
	play_see_findings(&p, "S1", VERDICT_EXPOSED, ISOLATED("NIC 3"));
	expect_story("NIC 3", "NIC 3 reaches nobody.", "");
	play_see_findings(&p, "S1", VERDICT_CLEAR, REACHING);
	expect_story("NIC 3", "NIC 3 reaches nobody.", "clear: All reach.");
	play_see_findings(&p, "S1", VERDICT_EXPOSED, ISOLATED("NIC 2"));
	expect_story("NIC 2", "NIC 2 reaches nobody.", "");
	play_see_findings(&p, "S1", VERDICT_FAILING, ISOLATED("NIC 2"));
	assert_string_equal(p.rows[0]->verdict, "failing");
	expect_story("NIC 2", "NIC 2 reaches nobody.", "");
}

static void many_are_sorted_the_worst_first_and_counted(void **state)
{
	struct arena arena;
	(void)state;

	play_see(&p, "S0", VERDICT_EXPOSED);
	for (int i = 0; i < 70; i++) {
		char *name = p.names[i];
		name[0] = 'T';
		name[1] = (char)('a' + i / 26);
		name[2] = (char)('a' + i % 26);
		play_see(&p, name, VERDICT_EXPOSED);
	}
	play_see(&p, "Z9", VERDICT_FAILING);
	play_pass(&p, 30);
	arena_init(&arena);
	const struct notification *n = play_last_notification(&p, &arena);
	assert_int_equal(n->n_alerts, NOTIFICATION_MAX_ALERTS);
	assert_int_equal(n->truncated, 72 - NOTIFICATION_MAX_ALERTS);
	assert_string_equal(n->alerts[0].server, "Z9");
	assert_int_equal(n->firing[CONDITION_EXPOSED], 71);
	arena_deinit(&arena);
}

static void damaged_clocks_are_as_the_row_says(void **state)
{
	static const char *const damaged[] = { "",
					       "x",
					       "exposed",
					       "exposed 9 1 1 1 1 1;",
					       "exposed 2 1 -1 -1 -1 0;",
					       "exposed 2 1 1 1 1 1 1 1",
					       "exposed 99999999999999999999 1 1 1 1 1;",
					       "silent 2 1 1 -1 1 0;",
					       "nothing 2 1 1 -1 1 0;" };
	(void)state;

	open_exposed();
	for_each_row(i, damaged) {
		struct record_alert row = *p.rows[0];
		row.clocks = damaged[i];
		p.rows[0] = &row;
		play_restart(&p);
		play_see(&p, "S1", VERDICT_EXPOSED);
		play_expect_open(&p, "S1 exposed firing; ");
	}
	play_pass(&p, 60);
	play_expect_told(&p, "");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(what_gets_worse_is_one_incident_and_sent_at_once),
		T(each_degree_escalates_to_the_next),
		T(what_gets_better_eases_with_the_next_turn),
		T(what_is_clear_is_resolved_whatever_lesser_degrees_would_wait),
		T(what_eases_briefly_stays_open_as_what_holds),
		T(unknown_after_something_worse_stays_open_and_says_so),
		T(what_is_unknown_after_it_was_clear_is_an_incident_of_less),
		T(an_escalation_waits_for_nothing_that_holds_the_lesser_degree),
		T(maintenance_mutes_an_escalation_until_its_end),
		T(an_acknowledgement_of_less_ends_and_is_remembered),
		T(whoever_cannot_show_acknowledgements_is_not_bothered),
		T(a_hook_for_some_degrees_hears_of_it_to_the_end),
		T(a_silent_server_has_an_incident_beside_that_of_its_exposure),
		T(the_group_and_the_identity_stay_from_opening_to_end),
		T(what_comes_back_before_its_end_is_known_goes_on),
		T(degrees_that_alternate_flap),
		T(what_flaps_says_what_it_is_now_and_was_last),
		T(many_are_sorted_the_worst_first_and_counted),
		T(damaged_clocks_are_as_the_row_says),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
