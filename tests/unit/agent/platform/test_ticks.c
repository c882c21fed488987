#include "agent/platform/ticks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/rows.h"

#define ROUND  (UINT64_C(1) << 32) /* 49.7 days */
#define STEP   UINT32_C(3600000)
#define ROUNDS 3

static void it_counts_on_over_each_round(void **state)
{
	struct ticks ticks = { .last = UINT32_MAX - 5 };
	(void)state;
	for (uint64_t at = UINT32_MAX - 5; at < ROUNDS * ROUND; at += STEP)
		assert_int_equal(ticks_count(&ticks, (uint32_t)at), at);
}

static void the_first_and_the_last_millisecond_of_a_round_are_one_apart(void **state)
{
	struct ticks ticks = { .last = UINT32_MAX };
	(void)state;
	assert_int_equal(ticks_count(&ticks, UINT32_MAX), UINT32_MAX);
	assert_int_equal(ticks_count(&ticks, UINT32_MAX), UINT32_MAX);
	assert_int_equal(ticks_count(&ticks, 0), ROUND);
	assert_int_equal(ticks_count(&ticks, 0), ROUND);
	assert_int_equal(ticks_count(&ticks, 1), ROUND + 1);
}

static void a_time_passes_over_the_end_of_a_round_as_it_does_elsewhere(void **state)
{
	static const uint32_t begins[] = { 0, 1, UINT32_C(1) << 31, UINT32_MAX - 20000,
					   UINT32_MAX };
	(void)state;
	for_each_row(i, begins) {
		uint32_t begun = begins[i];
		assert_false(ticks_have_passed(begun, begun, 20000));
		assert_false(ticks_have_passed(begun, begun + 19999, 20000));
		assert_true(ticks_have_passed(begun, begun + 20000, 20000));
		assert_true(ticks_have_passed(begun, begun - 1, 20000));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_counts_on_over_each_round),
		cmocka_unit_test(the_first_and_the_last_millisecond_of_a_round_are_one_apart),
		cmocka_unit_test(a_time_passes_over_the_end_of_a_round_as_it_does_elsewhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
