#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "proto/base/number.h"
#include "tests/unit/rows.h"

static void a_number_is_digits_perhaps_after_a_minus(void **state)
{
	static const struct {
		const char *text;
		int64_t number;
	} rows[] = {
		{ "0", 0 },
		{ "-0", 0 },
		{ "007", 7 },
		{ "-15", -15 },
		{ "9223372036854775807", INT64_MAX },
		{ "-9223372036854775808", INT64_MIN },
	};
	(void)state;

	for_each_row(i, rows) {
		int64_t number = 1;
		assert_true(number_parse(rows[i].text, INT64_MIN, INT64_MAX, &number));
		assert_int_equal(number, rows[i].number);
	}
}

static void what_is_no_number_leaves_everything_as_it_was(void **state)
{
	static const char *const rows[] = {
		"",
		"-",
		"+1",
		" 1",
		"1 ",
		"x",
		"0x1",
		"1.0",
		"--1",
		"9223372036854775808",
		"-9223372036854775809",
		"99999999999999999999999",
	};
	int64_t number = 42;
	(void)state;

	for_each_row(i, rows)
		assert_false(number_parse(rows[i], INT64_MIN, INT64_MAX, &number));
	assert_false(number_parse(NULL, INT64_MIN, INT64_MAX, &number));
	assert_int_equal(number, 42);
}

static void a_number_outside_its_limits_is_none(void **state)
{
	int64_t number = 42;
	(void)state;

	assert_false(number_parse("9", 10, 20, &number));
	assert_false(number_parse("21", 10, 20, &number));
	assert_true(number_parse("10", 10, 20, &number));
	assert_true(number_parse("20", 10, 20, &number));
	assert_int_equal(number, 20);
}

static void a_number_is_taken_from_the_front_of_a_text(void **state)
{
	const char *at = "12 -3x";
	int64_t number = 0;
	(void)state;

	assert_true(number_take(&at, &number));
	assert_int_equal(number, 12);
	assert_string_equal(at, " -3x");
	assert_false(number_take(&at, &number));
	assert_string_equal(at, " -3x");
	at++;
	assert_true(number_take(&at, &number));
	assert_int_equal(number, -3);
	assert_string_equal(at, "x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_is_digits_perhaps_after_a_minus),
		cmocka_unit_test(what_is_no_number_leaves_everything_as_it_was),
		cmocka_unit_test(a_number_outside_its_limits_is_none),
		cmocka_unit_test(a_number_is_taken_from_the_front_of_a_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
