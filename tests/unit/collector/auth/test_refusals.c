#include "collector/auth/refusals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct refusals refusals;

static int set_up(void **state)
{
	(void)state;
	refusals = (struct refusals){ 0 };
	return 0;
}

static void a_name_is_counted_with_its_first_and_last_refusal(void **state)
{
	(void)state;
	refusals_note(&refusals, "exch1", "host_enrolled", "10.0.0.8", 1000);
	refusals_note(&refusals, "exch2", "host_enrolled", "10.0.0.7", 1500);
	refusals_note(&refusals, "exch1", "wrong_agent", "10.0.0.9", 2000);
	const struct refusal *found = refusals_find(&refusals, "exch1");
	assert_non_null(found);
	assert_int_equal(found->n, 2);
	assert_int_equal(found->first_ms, 1000);
	assert_int_equal(found->last_ms, 2000);
	assert_string_equal(found->code, "wrong_agent");
	assert_string_equal(found->origin, "10.0.0.9");
	assert_null(refusals_find(&refusals, "exch3"));
}

static void the_quietest_name_goes_where_there_are_too_many(void **state)
{
	char key[16];
	(void)state;

	for (int i = 0; i < REFUSALS_MAX_NAMES; i++) {
		snprintf(key, sizeof key, "s%d", i);
		refusals_note(&refusals, key, "host_enrolled", "10.0.0.8", 1000 + i);
	}
	refusals_note(&refusals, "s0", "host_enrolled", "10.0.0.8", 9000);
	assert_non_null(refusals_find(&refusals, "s1"));
	refusals_note(&refusals, "late", "host_enrolled", "10.0.0.8", 9001);
	assert_null(refusals_find(&refusals, "s1"));
	assert_non_null(refusals_find(&refusals, "s0"));
	assert_non_null(refusals_find(&refusals, "s2"));
	assert_int_equal(refusals_find(&refusals, "late")->n, 1);
}

static void only_a_name_that_can_be_enrolled_is_noted(void **state)
{
	char key[PRINCIPAL_MAX_NAME + 2] = { 0 };
	(void)state;

	memset(key, 'a', PRINCIPAL_MAX_NAME);
	refusals_note(&refusals, key, "wrong_agent", "10.0.0.8", 1000);
	assert_non_null(refusals_find(&refusals, key));
	key[PRINCIPAL_MAX_NAME] = 'a';
	refusals_note(&refusals, key, "wrong_agent", "10.0.0.8", 1000);
	assert_null(refusals_find(&refusals, key));
}

#define TEST(test) cmocka_unit_test_setup(test, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_name_is_counted_with_its_first_and_last_refusal),
		TEST(the_quietest_name_goes_where_there_are_too_many),
		TEST(only_a_name_that_can_be_enrolled_is_noted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
