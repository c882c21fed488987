/* What a store knows of time, while the system's is set forward and back. */
#include "collector/store/clocks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define DAY_MS  (INT64_C(24) * 3600 * 1000)
#define HOUR_MS (DAY_MS / 24)
#define BEGIN   (1000 * DAY_MS)

static void it_is_the_systems_while_nobody_sets_that(void **state)
{
	struct store_clocks clocks = { 0 };
	(void)state;

	for (int hour = 0; hour < 100; hour++) {
		store_clocks_advance(&clocks, BEGIN + hour * HOUR_MS,
				     5 + (uint64_t)(hour * HOUR_MS));
		assert_int_equal(clocks.age_ms, BEGIN + hour * HOUR_MS);
	}
}

static void a_step_forward_is_followed_at_twice_the_speed(void **state)
{
	struct store_clocks clocks = { 0 };
	(void)state;

	store_clocks_advance(&clocks, BEGIN, 5);
	store_clocks_advance(&clocks, BEGIN + 400 * DAY_MS, 5);
	assert_int_equal(clocks.age_ms, BEGIN);
	store_clocks_advance(&clocks, BEGIN + 401 * DAY_MS, 5 + DAY_MS);
	assert_int_equal(clocks.age_ms, BEGIN + 2 * DAY_MS);
	/* Set back again, it waits for the system's clock. */
	store_clocks_advance(&clocks, BEGIN + DAY_MS, 5 + DAY_MS);
	assert_int_equal(clocks.age_ms, BEGIN + 2 * DAY_MS);
	store_clocks_advance(&clocks, BEGIN + 3 * DAY_MS, 5 + 3 * DAY_MS);
	assert_int_equal(clocks.age_ms, BEGIN + 3 * DAY_MS);
}

static void it_catches_up(void **state)
{
	struct store_clocks clocks = { 0 };
	(void)state;

	store_clocks_advance(&clocks, BEGIN, 5);
	for (int day = 1; day <= 30; day++)
		store_clocks_advance(&clocks, BEGIN + (30 + day) * DAY_MS,
				     5 + (uint64_t)(day * DAY_MS));
	assert_int_equal(clocks.age_ms, BEGIN + 60 * DAY_MS);
}

static void a_step_back_turns_nothing_back(void **state)
{
	struct store_clocks clocks = { 0 };
	(void)state;

	store_clocks_advance(&clocks, BEGIN, 5);
	store_clocks_advance(&clocks, BEGIN - 3 * DAY_MS, 5 + HOUR_MS);
	assert_int_equal(clocks.age_ms, BEGIN);
	assert_int_equal(clocks.latest_ms, BEGIN);
}

static void a_run_goes_on_from_where_the_one_before_was(void **state)
{
	struct store_clocks clocks = { .age_ms = BEGIN };
	(void)state;

	store_clocks_advance(&clocks, BEGIN + 400 * DAY_MS, 77);
	assert_int_equal(clocks.age_ms, BEGIN);
	store_clocks_advance(&clocks, BEGIN + 400 * DAY_MS, 77 + HOUR_MS);
	assert_int_equal(clocks.age_ms, BEGIN + 2 * HOUR_MS);
}

static void they_are_saved_at_once_and_once_a_minute(void **state)
{
	struct store_clocks clocks = { 0 };
	(void)state;

	store_clocks_advance(&clocks, BEGIN, 5);
	assert_true(store_clocks_are_due(&clocks));
	clocks.saved_ms = clocks.seen_ms;
	store_clocks_advance(&clocks, BEGIN, 5 + STORE_CLOCKS_SAVE_MS - 1);
	assert_false(store_clocks_are_due(&clocks));
	store_clocks_advance(&clocks, BEGIN, 5 + STORE_CLOCKS_SAVE_MS);
	assert_true(store_clocks_are_due(&clocks));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_the_systems_while_nobody_sets_that),
		cmocka_unit_test(a_step_forward_is_followed_at_twice_the_speed),
		cmocka_unit_test(it_catches_up),
		cmocka_unit_test(a_step_back_turns_nothing_back),
		cmocka_unit_test(they_are_saved_at_once_and_once_a_minute),
		cmocka_unit_test(a_run_goes_on_from_where_the_one_before_was),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
