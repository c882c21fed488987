/* The route that Windows NT 4.0 takes, by its table, and where that cannot be told. */
#include "agent/host/route_choice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define AN_ADDRESS UINT32_C(0xc0000201) /* 192.0.2.1 */
#define ITS_NET    UINT32_C(0xc0000200)
#define OTHER_NET  UINT32_C(0xc6336400) /* 198.51.100.0 */

/* `to`, mask, metric, adapter */
static const struct route to_net_by_3 = { ITS_NET, UINT32_C(0xffffff00), 9, 3 };
static const struct route default_by_1 = { 0, 0, 1, 1 };
static const struct route default_by_1_again = { 0, 0, 1, 1 };
static const struct route default_by_2 = { 0, 0, 1, 2 };
static const struct route worse_default_by_2 = { 0, 0, 2, 2 };
static const struct route elsewhere_by_4 = { OTHER_NET, UINT32_C(0xffffff00), 1, 4 };

static struct route_choice among(const struct route *const *routes, size_t n)
{
	struct route_choice choice = { .found = false };

	for (size_t i = 0; i < n; i++)
		route_choice_weigh(&choice, routes[i], AN_ADDRESS);
	return choice;
}
#define AMONG(...)                                                                                 \
	among((const struct route *const[]){ __VA_ARGS__ },                                        \
	      sizeof((const struct route *const[]){ __VA_ARGS__ }) / sizeof(struct route *))

static void expect_way(struct route_choice choice, unsigned long adapter)
{
	assert_true(choice.found);
	assert_false(choice.is_tie);
	assert_int_equal(choice.best.adapter, adapter);
}

static void expect_tie(struct route_choice choice)
{
	assert_true(choice.found);
	assert_true(choice.is_tie);
}

static void the_longest_prefix_wins_whatever_its_metric(void **state)
{
	(void)state;

	expect_way(AMONG(&default_by_1, &to_net_by_3), 3);
	expect_way(AMONG(&to_net_by_3, &default_by_1, &elsewhere_by_4), 3);
}

static void of_alike_prefixes_the_lowest_metric_wins(void **state)
{
	(void)state;

	expect_way(AMONG(&default_by_1, &worse_default_by_2), 1);
	expect_way(AMONG(&worse_default_by_2, &default_by_1), 1);
}

static void two_default_gateways_of_one_metric_over_two_adapters_are_a_tie(void **state)
{
	(void)state;

	expect_tie(AMONG(&default_by_1, &default_by_2));
	expect_tie(AMONG(&default_by_2, &default_by_1));
	expect_tie(AMONG(&default_by_1, &default_by_2, &default_by_1_again));
	expect_tie(AMONG(&default_by_1, &default_by_1_again, &worse_default_by_2, &default_by_2));
}

static void over_one_adapter_they_are_none(void **state)
{
	(void)state;

	expect_way(AMONG(&default_by_1, &default_by_1_again), 1);
}

static void a_better_route_ends_a_tie(void **state)
{
	(void)state;

	expect_way(AMONG(&default_by_1, &default_by_2, &to_net_by_3), 3);
	expect_way(AMONG(&to_net_by_3, &default_by_1, &default_by_2), 3);
}

static void a_table_without_a_fitting_route_has_none(void **state)
{
	(void)state;

	assert_false(AMONG(&elsewhere_by_4).found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_longest_prefix_wins_whatever_its_metric),
		cmocka_unit_test(of_alike_prefixes_the_lowest_metric_wins),
		cmocka_unit_test(two_default_gateways_of_one_metric_over_two_adapters_are_a_tie),
		cmocka_unit_test(over_one_adapter_they_are_none),
		cmocka_unit_test(a_better_route_ends_a_tie),
		cmocka_unit_test(a_table_without_a_fitting_route_has_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
