/* The clock of one alert, second by second. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "collector/alerts/clock.h"
#include "collector/alerts/mute.h"
#include "collector/base/pattern.h"
#include "proto/base/timestamp.h"
#include "tests/unit/rows.h"

#define S INT64_C(1000)

static const struct alert_rule at_once = { 0, 0, 3600 * S };
static const struct alert_rule a_minute = { 60 * S, 0, 3600 * S };
static const struct alert_rule flappy = { 60 * S, 6, 3600 * S };

/*
 * Plays a line of time, ten seconds a character: '#' the condition is there, '.' it is not. Returns
 * the same length: 'b'egins, 'p'asses, 'F'ires, 'c'hanges, 'R'esolves, '-' nothing.
 */
static const char *play(struct alert_clock *clock, const struct alert_rule *rule, int64_t from,
			const char *line)
{
	static char out[512];
	size_t n = strlen(line);

	assert_true(n < sizeof out);
	for (size_t i = 0; i < n; i++) {
		int64_t now = from + (int64_t)i * 10 * S;
		out[i] = "-bpFcR"[alert_clock_step(clock, rule, line[i] == '#', now, now)];
	}
	out[n] = '\0';
	return out;
}

static void expect(const struct alert_rule *rule, const char *line, const char *steps)
{
	struct alert_clock clock;
	alert_clock_init(&clock);
	assert_string_equal(play(&clock, rule, 1000000, line), steps);
	alert_clock_deinit(&clock);
}

static void without_a_hold_time_it_fires_and_is_resolved_at_once(void **state)
{
	(void)state;
	expect(&at_once, "..###..##.", "--F--R-F-R");
}

static void it_fires_when_the_condition_has_held_and_ends_when_it_has_been_gone_as_long(
	void **state)
{
	(void)state;
	expect(&a_minute, "#########.......", "b-----F--c-----R");
	/* A gap that is shorter changes nothing but what is said. */
	expect(&a_minute, "#######...####.......", "b-----Fc--c---c-----R");
}

static void what_passes_in_time_makes_no_noise(void **state)
{
	(void)state;
	expect(&a_minute, "#####..###...", "b----p-b--p--");
}

static void it_counts_from_when_the_condition_began_not_from_when_it_was_seen(void **state)
{
	struct alert_clock clock;
	(void)state;

	alert_clock_init(&clock);
	assert_int_equal(alert_clock_step(&clock, &a_minute, true, 30 * S, 80 * S),
			 ALERT_STEP_PENDING);
	assert_int_equal(alert_clock_due(&clock, &a_minute), 90 * S);
	assert_int_equal(alert_clock_step(&clock, &a_minute, true, 30 * S, 89 * S),
			 ALERT_STEP_NONE);
	assert_int_equal(alert_clock_step(&clock, &a_minute, true, 30 * S, 90 * S),
			 ALERT_STEP_FIRING);
	assert_int_equal(clock.since_ms, 30 * S);
	assert_int_equal(clock.fired_ms, 90 * S);
	alert_clock_deinit(&clock);
}

static void what_comes_and_goes_fires_once_as_flapping_until_it_is_steady(void **state)
{
	struct alert_clock clock;
	(void)state;

	alert_clock_init(&clock);
	assert_string_equal(play(&clock, &flappy, 0, "#.#.#."), "bpbpbF");
	assert_true(clock.flapping);
	assert_int_equal(clock.n_changes, 6);
	/* The flapping goes on for a day: one alert, of which no more is kept. */
	for (int64_t now = 60 * S; now < 86400 * S; now += 300 * S) {
		enum alert_step step =
			alert_clock_step(&clock, &flappy, now / (300 * S) % 2 == 0, now, now);
		assert_true(step == ALERT_STEP_CHANGED || step == ALERT_STEP_NONE);
		assert_true(clock.flapping);
		assert_in_range(clock.n_changes, 5, 6);
	}
	/* Then it stays away: over when the changes of the last hour are less than half of six. */
	enum alert_step step = ALERT_STEP_NONE;
	int64_t now = 86400 * S;
	for (; step != ALERT_STEP_RESOLVED; now += 10 * S) {
		step = alert_clock_step(&clock, &flappy, false, now, now);
		assert_true(now < 86400 * S + 2 * 3600 * S);
	}
	assert_true(now > 86400 * S + 2000 * S);
	assert_false(clock.flapping);
	alert_clock_deinit(&clock);
}

static void few_changes_or_old_ones_do_not_flap(void **state)
{
	struct alert_clock clock;
	(void)state;

	alert_clock_init(&clock);
	for (int64_t i = 0; i < 100; i++) { /* five an hour at most */
		alert_clock_step(&clock, &flappy, i % 2 == 0, i * 720 * S, i * 720 * S);
		assert_false(clock.flapping);
		assert_true(clock.n_changes <= 5);
	}
	int64_t due = alert_clock_due(&clock, &flappy);
	while (!alert_clock_is_idle(&clock)) {
		assert_int_not_equal(due, INT64_MAX);
		alert_clock_step(&clock, &flappy, false, due, due);
		assert_true(alert_clock_due(&clock, &flappy) > due);
		due = alert_clock_due(&clock, &flappy);
	}
	assert_int_equal(due, INT64_MAX);
	alert_clock_deinit(&clock);
}

/* Those of the last hour among the moments, of which the latest is the last. */
static size_t count_of_last_hour(const int64_t *moments, size_t n, int64_t now)
{
	size_t count = 0;

	while (count < n && now - moments[n - 1 - count] < 3600 * S)
		count++;
	return count;
}

/* What a clock keeps of its changes tells as much as all of them would. */
static void it_flaps_as_all_changes_of_the_last_hour_say(void **state)
{
	static int64_t moments[20000];
	struct alert_clock clock;
	size_t n = 0;
	size_t n_flapped = 0;
	bool flaps = false;
	uint32_t seed = 1;
	int64_t now = S;
	(void)state;

	alert_clock_init(&clock);
	for (int i = 0; i < 20000; i++) {
		seed = seed * 1664525U + 1013904223U;
		int64_t pause = (i / 200 % 2 == 0 ? 2400 : 60) * S;
		bool active = (seed >> 20) % 2 == 0 ? !clock.active : clock.active;
		if (active != clock.active)
			moments[n++] = now;
		alert_clock_step(&clock, &flappy, active, now, now);
		flaps = count_of_last_hour(moments, n, now) >= (flaps ? 3 : 6);
		assert_int_equal(clock.flapping, flaps);
		n_flapped += flaps;
		now += (seed >> 8) % pause + 1;
	}
	assert_in_range(n_flapped, 5000, 15000);
	alert_clock_deinit(&clock);
}

/* Whatever happens: a step is never due in the past of the last one, and firing alternates. */
static void over_long_random_times_firing_and_resolving_alternate(void **state)
{
	static const struct alert_rule rules[] = {
		{ 0, 0, 1 },      { 60 * S, 0, 1 },           { 60 * S, 6, 3600 * S },
		{ 0, 2, 60 * S }, { 600 * S, 32, 86400 * S },
	};
	uint32_t seed = 1;
	(void)state;

	for_each_row(r, rules) {
		struct alert_clock clock;
		bool fires = false;
		int64_t now = 1;
		alert_clock_init(&clock);
		for (int i = 0; i < 20000; i++) {
			seed = seed * 1664525U + 1013904223U;
			bool active = (seed >> 20) % 3 == 0 ? !clock.active : clock.active;
			enum alert_step step =
				alert_clock_step(&clock, &rules[r], active, now, now);
			assert_true(step != ALERT_STEP_FIRING || !fires);
			assert_true(step != ALERT_STEP_RESOLVED || fires);
			fires = step == ALERT_STEP_FIRING || (fires && step != ALERT_STEP_RESOLVED);
			assert_int_equal(fires, clock.state == RECORD_ALERT_FIRING);
			assert_true(alert_clock_due(&clock, &rules[r]) > now);
			now += (seed >> 8) % (100 * S) + 1;
		}
		alert_clock_deinit(&clock);
	}
}

static void patterns_match_without_case(void **state)
{
	static const struct {
		const char *pattern;
		const char *text;
		bool matches;
	} cases[] = {
		{ "", "", true },
		{ "", "a", false },
		{ "*", "", true },
		{ "EX*", "exch1", true },
		{ "EX*", "mx", false },
		{ "*1", "EXCH11", true },
		{ "*1", "EXCH12", false },
		{ "E?CH1", "exch1", true },
		{ "E?CH1", "ech1", false },
		{ "a*b*c", "aXbYbZc", true },
		{ "a*b*c", "acb", false },
		{ "ORG/*", "org/HQ", true },
		{ "ORG/HQ", "ORG/HQ2", false },
		{ "?", "", false },
		{ "**", "x", true },
	};
	(void)state;

	for_each_row(i, cases) {
		if (pattern_matches(cases[i].pattern, cases[i].text) != cases[i].matches)
			fail_msg("%s, %s", cases[i].pattern, cases[i].text);
	}
}

static int64_t at(const char *text)
{
	int64_t ms = 0;
	assert_int_equal(timestamp_parse(text, &ms), STATUS_OK);
	return ms;
}

static void windows_open_on_their_days_and_past_midnight(void **state)
{
	/* 2026-11-20 is a Friday. */
	static const struct maintenance night = { .days = 1U << 4,
						  .from_min = 1320,
						  .to_min = 120 };
	static const struct maintenance noon = { .days = 1U << 5, .from_min = 720, .to_min = 780 };
	(void)state;

	assert_false(maintenance_is_open(&night, at("2026-11-20T21:59:59Z")));
	assert_true(maintenance_is_open(&night, at("2026-11-20T22:00:00Z")));
	assert_true(maintenance_is_open(&night, at("2026-11-21T01:59:59Z")));
	assert_false(maintenance_is_open(&night, at("2026-11-21T02:00:00Z")));
	assert_false(maintenance_is_open(&night, at("2026-11-20T01:00:00Z")));
	assert_false(maintenance_is_open(&night, at("2026-11-21T23:00:00Z")));
	assert_true(maintenance_is_open(&noon, at("2026-11-21T12:30:00Z")));
	assert_false(maintenance_is_open(&noon, at("2026-11-21T13:00:00Z")));
	assert_false(maintenance_is_open(&noon, at("2026-11-22T12:30:00Z")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_hold_time_it_fires_and_is_resolved_at_once),
		cmocka_unit_test(
			it_fires_when_the_condition_has_held_and_ends_when_it_has_been_gone_as_long),
		cmocka_unit_test(what_passes_in_time_makes_no_noise),
		cmocka_unit_test(it_counts_from_when_the_condition_began_not_from_when_it_was_seen),
		cmocka_unit_test(what_comes_and_goes_fires_once_as_flapping_until_it_is_steady),
		cmocka_unit_test(few_changes_or_old_ones_do_not_flap),
		cmocka_unit_test(it_flaps_as_all_changes_of_the_last_hour_say),
		cmocka_unit_test(over_long_random_times_firing_and_resolving_alternate),
		cmocka_unit_test(patterns_match_without_case),
		cmocka_unit_test(windows_open_on_their_days_and_past_midnight),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
