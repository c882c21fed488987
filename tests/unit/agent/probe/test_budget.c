/* However probing is hastened, no window has more connections than the budget. */
#include "agent/probe/budget.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define GAP_MS 10000 /* RUN_MIN_GAP_MS */

static uint64_t begun_ms[100000];
static size_t n_begun;

/* Cycles as soon as they may be, for an hour. Returns how many there were. */
static size_t hasten(size_t connections_a_cycle)
{
	static struct connection_budget budget;
	uint64_t now_ms = 1000;
	size_t n_cycles = 0;

	budget = (struct connection_budget){ .n = 0 };
	n_begun = 0;
	for (; now_ms < UINT64_C(3600) * 1000; n_cycles++) {
		uint64_t ready_ms = budget_ready_ms(&budget, connections_a_cycle);
		if (ready_ms > now_ms)
			now_ms = ready_ms;
		for (size_t i = 0; i < connections_a_cycle; i++)
			begun_ms[n_begun++] = now_ms;
		budget_spend(&budget, connections_a_cycle, now_ms);
		now_ms += GAP_MS;
	}
	return n_cycles;
}

static size_t most_in_a_window(void)
{
	size_t most = 0;
	size_t first = 0;

	for (size_t last = 0; last < n_begun; last++) {
		while (begun_ms[last] - begun_ms[first] >= BUDGET_WINDOW_MS)
			first++;
		if (last - first + 1 > most)
			most = last - first + 1;
	}
	return most;
}

static void cycles_that_stay_below_it_are_not_held_up(void **state)
{
	(void)state;

	/* 24 cycles in a window of 240 s. */
	assert_in_range(hasten(BUDGET_CONNECTIONS / 24), 359, 360);
}

static void no_window_has_more_than_the_budget(void **state)
{
	(void)state;

	for (size_t n = 1; n <= BUDGET_CONNECTIONS; n += 17) {
		hasten(n);
		assert_in_range(most_in_a_window(), n, BUDGET_CONNECTIONS);
	}
}

static void the_first_cycles_come_at_once_and_then_fewer(void **state)
{
	(void)state;

	hasten(128);
	for (size_t i = 1; i < 4; i++)
		assert_int_equal(begun_ms[i * 128] - begun_ms[(i - 1) * 128], GAP_MS);
	assert_int_equal(begun_ms[(size_t)4 * 128] - begun_ms[0], BUDGET_WINDOW_MS);
}

static void more_than_all_is_ready_when_all_is(void **state)
{
	struct connection_budget budget = { .n = 0 };
	(void)state;

	assert_int_equal(budget_ready_ms(&budget, 10 * BUDGET_CONNECTIONS), 0);
	budget_spend(&budget, 1, 5000);
	assert_int_equal(budget_ready_ms(&budget, 10 * BUDGET_CONNECTIONS),
			 5000 + BUDGET_WINDOW_MS);
	assert_int_equal(budget_ready_ms(&budget, BUDGET_CONNECTIONS - 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cycles_that_stay_below_it_are_not_held_up),
		cmocka_unit_test(no_window_has_more_than_the_budget),
		cmocka_unit_test(the_first_cycles_come_at_once_and_then_fewer),
		cmocka_unit_test(more_than_all_is_ready_when_all_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
