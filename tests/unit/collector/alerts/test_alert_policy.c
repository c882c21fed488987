/* The sections [alerts] and [maintenance NAME]: what they say, and every way to say it wrong. */
#include "collector/alerts/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include "collector/config/duration.h"
#include "collector/config/value_list.h"
#include "collector/daemon/options.h"
#include "tests/unit/collector/daemon/options_fixture.h"
#include "tests/unit/rows.h"

#define MINUTE INT64_C(60000)
#define HOUR   (60 * MINUTE)
#define WINDOW "[maintenance w]\nfrom = 22:00\nto = 02:00\n"

static const struct alert_policy *read_good(const char *text)
{
	enum status status = options_fixture_read(text, NULL);
	if (status != STATUS_OK)
		fail_msg("%s", fixture.faults.texts[0]);
	return &fixture.options.alerts;
}

/* The text has one fault, which is that whole message behind the file's name. */
static void expect_fault(const char *text, const char *message)
{
	const char *whole = arena_printf(&fixture.arena, "%s, %s", fixture.file, message);

	assert_int_equal(options_fixture_read(text, NULL), STATUS_INVALID);
	if (fixture.faults.n != 1 || strcmp(fixture.faults.texts[0], whole) != 0)
		fail_msg("of %s\n%zu faults: %s", text, fixture.faults.n, fixture.faults.texts[0]);
}

static void without_sections_there_are_defaults(void **state)
{
	const struct alert_policy *policy = read_good("");
	(void)state;

	assert_int_equal(policy->hold_ms[CONDITION_FAILING], 0);
	assert_int_equal(policy->hold_ms[CONDITION_EXPOSED], 0);
	assert_int_equal(policy->hold_ms[CONDITION_AT_RISK], 10 * MINUTE);
	assert_int_equal(policy->hold_ms[CONDITION_UNKNOWN], HOUR);
	assert_int_equal(policy->hold_ms[CONDITION_SILENT], 0);
	assert_int_equal(policy->hold_ms[CONDITION_DISK], MINUTE);
	assert_int_equal(policy->hold_ms[CONDITION_CERTIFICATE], 0);
	assert_int_equal(policy->hold_ms[CONDITION_DEAD_LETTERS], 0);
	assert_true(policy->hold_ms[CONDITION_DRIFT] == CONDITION_NEVER);
	assert_int_equal(alert_policy_off(policy), CONDITION_BIT(CONDITION_DRIFT));
	assert_int_equal(policy->repeat_ms, 4 * HOUR);
	assert_int_equal(policy->group_wait_ms, 0);
	assert_int_equal(policy->group_interval_ms, MINUTE / 2);
	assert_int_equal(policy->flap_changes, 6);
	assert_int_equal(policy->flap_window_ms, HOUR);
	assert_null(policy->windows);
}

/* Every time of [alerts]: its key, where it goes, the least that is allowed. */
static const struct {
	const char *key;
	size_t offset;
	bool may_be_0;
} times[] = {
	{ "hold-failing", offsetof(struct alert_policy, hold_ms[CONDITION_FAILING]), true },
	{ "hold-exposed", offsetof(struct alert_policy, hold_ms[CONDITION_EXPOSED]), true },
	{ "hold-at-risk", offsetof(struct alert_policy, hold_ms[CONDITION_AT_RISK]), true },
	{ "hold-unknown", offsetof(struct alert_policy, hold_ms[CONDITION_UNKNOWN]), true },
	{ "hold-silent", offsetof(struct alert_policy, hold_ms[CONDITION_SILENT]), true },
	{ "hold-disk", offsetof(struct alert_policy, hold_ms[CONDITION_DISK]), true },
	{ "hold-certificate", offsetof(struct alert_policy, hold_ms[CONDITION_CERTIFICATE]), true },
	{ "hold-dead-letters", offsetof(struct alert_policy, hold_ms[CONDITION_DEAD_LETTERS]),
	  true },
	{ "repeat", offsetof(struct alert_policy, repeat_ms), false },
	{ "group-wait", offsetof(struct alert_policy, group_wait_ms), true },
	{ "group-interval", offsetof(struct alert_policy, group_interval_ms), true },
	{ "flap-window", offsetof(struct alert_policy, flap_window_ms), false },
};
#define N_TIMES (sizeof times / sizeof *times)

static int64_t time_at(const struct alert_policy *policy, size_t offset)
{
	int64_t ms = 0;
	memcpy(&ms, (const char *)policy + offset, sizeof ms);
	return ms;
}

/* Each goes to its own place, and to no other. */
static void every_time_is_read_in_every_unit(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} values[] = {
		{ "1s", 1000 },      { "5m", 5 * MINUTE },        { "7h", 7 * HOUR },
		{ "2d", 48 * HOUR }, { "366d", DURATION_MAX_MS },
	};
	(void)state;

	for (size_t i = 0; i < N_TIMES; i++) {
		for_each_row(v, values) {
			struct alert_policy expected = *read_good("");
			memcpy((char *)&expected + times[i].offset, &values[v].ms, sizeof(int64_t));
			const struct alert_policy *read =
				read_good(arena_printf(&fixture.arena, "[alerts]\n%s = %s\n",
						       times[i].key, values[v].text));
			for (size_t j = 0; j < N_TIMES; j++)
				assert_int_equal(time_at(read, times[j].offset),
						 time_at(&expected, times[j].offset));
		}
	}
}

static void each_condition_can_be_switched_off(void **state)
{
	const struct alert_policy *policy =
		read_good("[alerts]\nhold-drift = 10m\nhold-silent = no\n");
	(void)state;

	assert_int_equal(policy->hold_ms[CONDITION_DRIFT], 10 * MINUTE);
	assert_int_equal(alert_policy_off(policy), CONDITION_BIT(CONDITION_SILENT));
}

static void a_time_that_is_none_is_refused(void **state)
{
	static const char *const wrong[] = { "",
					     "0",
					     "30",
					     "30 s",
					     "s",
					     "-1s",
					     "+1s",
					     "1ms",
					     "1w",
					     "1s1m",
					     "1.5h",
					     "367d",
					     "8785h",
					     "now",
					     "30sec",
					     "1e3s",
					     "99999999999999999999s" };
	(void)state;

	for (size_t i = 0; i < N_TIMES; i++) {
		for_each_row(w, wrong) {
			const char *text =
				arena_printf(&fixture.arena, "# ours\n[alerts]\n%s = %s\n",
					     times[i].key, wrong[w]);
			expect_fault(text, arena_printf(&fixture.arena,
							"line 3: %s \"%s\": expected a time such "
							"as 30s, 5m, 4h or 7d%s",
							times[i].key, wrong[w],
							strncmp(times[i].key, "hold-", 5) == 0
								? ", or no: never"
								: ""));
		}
	}
}

static void what_comes_again_and_again_does_not_come_all_the_time(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_TIMES; i++) {
		const char *text =
			arena_printf(&fixture.arena, "[alerts]\n%s = 0s\n", times[i].key);
		if (times[i].may_be_0)
			assert_int_equal(time_at(read_good(text), times[i].offset), 0);
		else
			expect_fault(text, arena_printf(&fixture.arena,
							"line 2: %s \"0s\": expected a time of at "
							"least 1s",
							times[i].key));
	}
}

static void flapping_has_a_bound(void **state)
{
	static const char *const wrong[] = { "",    "1",          "33",
					     "-2",  "6x",         "six",
					     "2 3", "4294967298", "99999999999999999999" };
	(void)state;

	assert_int_equal(read_good("[alerts]\nflap-changes = 0\n")->flap_changes, 0);
	assert_int_equal(read_good("[alerts]\nflap-changes = 2\n")->flap_changes, 2);
	assert_int_equal(read_good("[alerts]\nflap-changes = 32\n")->flap_changes,
			 ALERT_MAX_CHANGES);
	for_each_row(i, wrong)
		expect_fault(
			arena_printf(&fixture.arena, "[alerts]\nflap-changes = %s\n", wrong[i]),
			arena_printf(&fixture.arena,
				     "line 2: flap-changes \"%s\": expected 2 to 32, or 0: "
				     "flapping is not looked for",
				     wrong[i]));
}

static void a_window_is_read(void **state)
{
	const struct maintenance *window =
		read_good("[maintenance patches]\ndays = Sat, sun\nfrom = 22:00\nto = 02:30\n"
			  "sites = ACME/HQ, ACME/B*\nsites = OTHER/*\nservers = EX*\n"
			  "[maintenance nights]\nfrom = 00:00\nto = 23:59\n")
			->windows;
	(void)state;

	assert_string_equal(window->name, "nights");
	assert_int_equal(window->days, 0x7f);
	assert_int_equal(window->from_min, 0);
	assert_int_equal(window->to_min, 23 * 60 + 59);
	assert_int_equal(window->n_sites + window->n_servers, 0);
	window = window->next;
	assert_string_equal(window->name, "patches");
	assert_int_equal(window->days, 0x60);
	assert_int_equal(window->from_min, 22 * 60);
	assert_int_equal(window->to_min, 2 * 60 + 30);
	assert_int_equal(window->n_sites, 3);
	assert_string_equal(window->sites[1], "ACME/B*");
	assert_int_equal(window->n_servers, 1);
	assert_string_equal(window->servers[0], "EX*");
	assert_null(window->next);
}

static void every_day_has_its_name(void **state)
{
	static const char *const days[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };
	(void)state;

	for (unsigned i = 0; i < 7; i++)
		assert_int_equal(
			read_good(arena_printf(&fixture.arena, WINDOW "days = %s\n", days[i]))
				->windows->days,
			1U << i);
}

static void what_is_wrong_with_a_window_is_told_with_its_line(void **state)
{
	static const struct {
		const char *text;
		const char *message;
	} cases[] = {
		{ WINDOW "days = funday\n",
		  "line 4: days \"funday\": expected some of mon tue wed thu fri sat sun" },
		{ WINDOW "days = mon tue wde\n",
		  "line 4: days \"mon tue wde\": expected some of mon tue wed thu fri sat sun" },
		{ WINDOW "days = mon-fri\n",
		  "line 4: days \"mon-fri\": expected some of mon tue wed thu fri sat sun" },
		{ WINDOW "days =\n",
		  "line 4: days \"\": expected some of mon tue wed thu fri sat sun" },
		{ WINDOW "sites = HQ\n", "line 4: sites \"HQ\": expected " SITE_PATTERN_EXPECTED },
		{ WINDOW "sites = ACME/HQ, HQ\n",
		  "line 4: sites \"ACME/HQ, HQ\": expected " SITE_PATTERN_EXPECTED },
		{ WINDOW "sites = /HQ\n",
		  "line 4: sites \"/HQ\": expected " SITE_PATTERN_EXPECTED },
		{ WINDOW "sites = ACME/\n",
		  "line 4: sites \"ACME/\": expected " SITE_PATTERN_EXPECTED },
		{ WINDOW "sites = ,\n", "line 4: sites \",\": expected " SITE_PATTERN_EXPECTED },
		{ WINDOW "servers =\n",
		  "line 4: servers \"\": expected names of servers, such as EXCH1 or EX*; "
		  "several with commas" },
		{ WINDOW "servers = ACME/HQ\n",
		  "line 4: servers \"ACME/HQ\": expected names of servers, such as EXCH1 or EX*; "
		  "several with commas" },
		{ WINDOW "to = 03:00\n", "line 4: to was set before: FILE, line 3" },
		{ WINDOW "day = mon\n",
		  "line 4: there is no key of [maintenance] \"day\"; did you mean \"days\"?" },
		{ "[maintenance w]\nto = 02:00\n", "line 1: [maintenance w] lacks the key from" },
		{ "[maintenance w]\nfrom = 02:00\n", "line 1: [maintenance w] lacks the key to" },
		{ WINDOW "[maintenance w]\nfrom = 01:00\nto = 02:00\n",
		  "line 4: this section began before: FILE, line 1" },
		{ "[maintenance]\nfrom = 01:00\nto = 02:00\n",
		  "line 1: a section [maintenance NAME] needs a name of 1 to 63 letters, digits, "
		  "'-', '_' or '.'" },
		{ "[alerts]\nrepeat = 1h\n[alerts]\n",
		  "line 3: this section began before: FILE, line 1" },
		{ "[alerts]\nrepeat = 1h\nrepeat = 1h\n",
		  "line 3: repeat was set before: FILE, line 2" },
		{ "[alerts]\nrepeat-seconds = 14400\n",
		  "line 2: there is no key of [alerts] \"repeat-seconds\"" },
		{ "[alerts]\nhold-failling = 1m\n",
		  "line 2: there is no key of [alerts] \"hold-failling\"; did you mean "
		  "\"hold-failing\"?" },
	};
	(void)state;

	for_each_row(i, cases) {
		const char *gap = strstr(cases[i].message, "FILE");
		const char *message = !gap ? cases[i].message
					   : arena_printf(&fixture.arena, "%.*s%s%s",
							  (int)(gap - cases[i].message),
							  cases[i].message, fixture.file, gap + 4);
		expect_fault(cases[i].text, message);
	}
}

static void a_time_of_the_day_is_five_characters(void **state)
{
	static const char *const wrong[] = { "",     "24:00",    "12:60", "7:00",  "07:0",  "07-00",
					     "0700", "07:00:00", "-7:00", "ab:cd", "07:00Z" };
	(void)state;

	for_each_row(i, wrong) {
		expect_fault(arena_printf(&fixture.arena,
					  "[maintenance w]\nfrom = %s\nto = 02:00\n", wrong[i]),
			     arena_printf(&fixture.arena,
					  "line 2: from \"%s\": expected HH:MM, a time of the "
					  "day in UTC",
					  wrong[i]));
		expect_fault(arena_printf(&fixture.arena,
					  "[maintenance w]\nfrom = 02:00\nto = %s\n", wrong[i]),
			     arena_printf(&fixture.arena,
					  "line 3: to \"%s\": expected HH:MM, a time of the day "
					  "in UTC",
					  wrong[i]));
	}
}

/* At the limit, and one past it. */
static void patterns_have_a_limit(void **state)
{
	static const char *const keys[] = { "sites", "servers" };
	(void)state;

	for (int k = 0; k < 2; k++) {
		const char *text = WINDOW;
		for (int i = 0; i < ALERT_POLICY_MAX_PATTERNS; i++)
			text = arena_printf(&fixture.arena, "%s%s = %s%d\n", text, keys[k],
					    k ? "EX" : "ACME/S", i);
		const struct maintenance *window = read_good(text)->windows;
		assert_int_equal(window->n_sites + window->n_servers, ALERT_POLICY_MAX_PATTERNS);
		const char *more = k ? "EX" : "ACME/S";
		expect_fault(arena_printf(&fixture.arena, "%s%s = %s\n", text, keys[k], more),
			     arena_printf(&fixture.arena,
					  "line 68: %s \"%s\": expected at most 64 of them",
					  keys[k], more));
	}
}

static void every_fault_is_told_at_once(void **state)
{
	(void)state;
	assert_int_equal(
		options_fixture_read("[alerts]\nrepeat = never\nflap-changes = 1\n"
				     "[maintenance w]\nfrom = noon\nto = 02:00\ndays = x\n",
				     NULL),
		STATUS_INVALID);
	assert_int_equal(fixture.faults.n, 4);
	assert_non_null(strstr(fixture.faults.texts[3], ", line 7: days"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FILE(without_sections_there_are_defaults),
		WITH_FILE(every_time_is_read_in_every_unit),
		WITH_FILE(each_condition_can_be_switched_off),
		WITH_FILE(a_time_that_is_none_is_refused),
		WITH_FILE(what_comes_again_and_again_does_not_come_all_the_time),
		WITH_FILE(flapping_has_a_bound),
		WITH_FILE(a_window_is_read),
		WITH_FILE(every_day_has_its_name),
		WITH_FILE(what_is_wrong_with_a_window_is_told_with_its_line),
		WITH_FILE(a_time_of_the_day_is_five_characters),
		WITH_FILE(patterns_have_a_limit),
		WITH_FILE(every_fault_is_told_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
