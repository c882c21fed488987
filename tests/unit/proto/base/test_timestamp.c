#include "proto/base/timestamp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/rows.h"

static void reads_utc_offsets_and_fractions(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2026-11-22T10:45:23Z", 1795344323000 },
		{ "2026-11-22T12:45:23+02:00", 1795344323000 },
		{ "2026-11-22T05:15:23-05:30", 1795344323000 },
		{ "2026-11-22T10:45:23.5Z", 1795344323500 },
		{ "2026-11-22T10:45:23.123456Z", 1795344323123 },
		{ "2000-02-29T00:00:00Z", 951782400000 },
		{ "1969-12-31T23:59:59Z", -1000 },
	};
	(void)state;

	for_each_row(i, cases) {
		int64_t ms = 7;
		assert_int_equal(timestamp_parse(cases[i].text, &ms), STATUS_OK);
		assert_int_equal(ms, cases[i].ms);
	}
}

static void refuses_what_is_no_moment(void **state)
{
	static const char *const cases[] = {
		"",
		"2026-11-22",
		"2026-11-22T10:45:23",
		"2026-11-22T10:45Z",
		"2026-13-22T10:45:23Z",
		"2026-11-31T10:45:23Z",
		"1900-02-29T10:45:23Z",
		"2026-11-22T24:00:00Z",
		"2026-11-22T10:60:00Z",
		"2026-11-22T10:45:23.Z",
		"2026-11-22T10:45:23Zx",
		"2026-11-22T10:45:23+2:00",
		"26-11-22T10:45:23Z",
		"1795344323",
		"9999-12-31T23:59:59-00:01",
		"9999-12-31T23:59:60Z",
		"0000-01-01T00:00:00+00:01",
	};
	(void)state;

	for_each_row(i, cases) {
		int64_t ms = 7;
		assert_int_equal(timestamp_parse(cases[i], &ms), STATUS_MALFORMED);
		assert_int_equal(ms, 7);
	}
}

static void writes_what_it_reads(void **state)
{
	static const int64_t moments[] = {
		0, -1000, 951782400000, 1795344323000, 1795344323007, 4102444799999
	};
	(void)state;

	for_each_row(i, moments) {
		char text[TIMESTAMP_TEXT_SIZE];
		int64_t again = 0;
		assert_int_equal(timestamp_parse(timestamp_format(moments[i], text), &again),
				 STATUS_OK);
		assert_int_equal(again, moments[i]);
	}
	char text[TIMESTAMP_TEXT_SIZE];
	assert_string_equal(timestamp_format(1795344323000, text), "2026-11-22T10:45:23Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_utc_offsets_and_fractions),
		cmocka_unit_test(refuses_what_is_no_moment),
		cmocka_unit_test(writes_what_it_reads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
