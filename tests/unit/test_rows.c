/* Fails on purpose; ctest looks for the words by which the row is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/rows.h"

static void test_a_row_that_fails_is_told(void **state)
{
	static const int whole[] = { 1, 2 };
	static const int outer[] = { 10, 11 };
	static const int inner[] = { 20, 21, 22 };
	(void)state;

	for_each_row(i, whole)
		assert_in_range(whole[i], 1, 2);
	for_each_row(o, outer) {
		for_each_row(i, inner)
			assert_int_not_equal(outer[o] + inner[i], 33);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_row_that_fails_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
