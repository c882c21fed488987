/* When the loop rests and commits wait, by how fast changes come. */
#include "collector/store/pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void note(struct pace *pace, uint64_t turn_ms, size_t n)
{
	for (size_t i = 0; i < n; i++)
		pace_note(pace, turn_ms);
}

static void few_changes_wait_for_nothing(void **state)
{
	struct pace pace = { 0 };
	(void)state;

	for (uint64_t turn_ms = 1000; turn_ms < 1100; turn_ms += 2) {
		note(&pace, turn_ms, 1);
		assert_int_equal(pace_wait_ms(&pace, turn_ms, 1), 0);
		assert_int_equal(pace_begin(&pace, turn_ms), 0);
	}
}

static void where_changes_come_fast_the_loop_rests(void **state)
{
	struct pace pace = { 0 };
	(void)state;

	for (uint64_t turn_ms = 1000; turn_ms < 2000; turn_ms += PACE_REST_MS) {
		note(&pace, turn_ms, 20);
		assert_int_equal(pace_wait_ms(&pace, turn_ms, 20), 0);
		assert_int_equal(pace_begin(&pace, turn_ms), PACE_REST_MS);
	}
	note(&pace, 2000, 1);
	assert_int_equal(pace_begin(&pace, 2000 + PACE_FAST_MS), 0);
}

static void commits_of_few_are_apart(void **state)
{
	struct pace pace = { 0 };
	(void)state;

	note(&pace, 1000, 8);
	assert_int_equal(pace_wait_ms(&pace, 1000, 8), 0);
	pace_begin(&pace, 1000);
	note(&pace, 1003, 1);
	assert_int_equal(pace_wait_ms(&pace, 1003, 1), 5);
	assert_int_equal(pace_wait_ms(&pace, 1003, PACE_ENOUGH), 0);
	/* By then they come fast no more. */
	assert_int_equal(pace_wait_ms(&pace, 1000 + PACE_FAST_MS, 1), 0);
}

/* They would send more if they were answered sooner. */
static void a_crowd_is_not_kept_waiting(void **state)
{
	struct pace pace = { 0 };
	(void)state;

	note(&pace, 1000, PACE_CROWD - 1);
	assert_int_equal(pace_begin(&pace, 1000), PACE_REST_MS);
	note(&pace, 1001, 1);
	assert_int_equal(pace_begin(&pace, 1001), 0);
	note(&pace, 1050, 20);
	assert_int_equal(pace_begin(&pace, 1050), 0);
	note(&pace, 1101, 20);
	assert_int_equal(pace_begin(&pace, 1101), PACE_REST_MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_changes_wait_for_nothing),
		cmocka_unit_test(where_changes_come_fast_the_loop_rests),
		cmocka_unit_test(commits_of_few_are_apart),
		cmocka_unit_test(a_crowd_is_not_kept_waiting),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
