#include "proto/json/slice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/rows.h"

static void assert_slice(const struct json_slice *slice, const char *text, const char *of)
{
	if (slice->size != strlen(text) || memcmp(slice->at, text, slice->size) != 0)
		fail_msg("of %s: %.*s, not %s", of, (int)slice->size, slice->at, text);
}

static void a_member_is_that_of_the_outermost_object(void **state)
{
	static const struct {
		const char *text;
		const char *value; /* of "a"; NULL: it has none */
	} cases[] = {
		{ "{\"a\":1}", "1" },
		{ " {\"a\":1}", NULL },
		{ "{ \"b\" : [1, 2] , \"a\" : { \"a\" : 3 } }", "{ \"a\" : 3 }" },
		{ "{\"b\":{\"a\":1},\"a\":[[],{}]}", "[[],{}]" },
		{ "{\"b\":\"\\\"a\\\":1\",\"a\":\"}\\\"]\"}", "\"}\\\"]\"" },
		{ "{\"aa\":1,\"b\":\"a\"}", NULL },
		{ "{\"b\":[{\"a\":1}]}", NULL },
		{ "{}", NULL },
		{ "[]", NULL },
		{ "", NULL },
		{ "{\"a\"", "" },
		{ "{\"a\":", "" },
		{ "{\"a\":[1", "[1" },
		{ "{\"a\":\"x\\", "\"x\\" },
		{ "{\"b", NULL },
		{ "{\"b\":]", NULL },
	};
	struct json_slice slice;
	(void)state;

	for_each_row(i, cases) {
		bool found = json_slice_member(cases[i].text, "a", &slice);
		if (found != (cases[i].value != NULL))
			fail_msg("%s: %s", cases[i].text, found ? "found" : "not found");
		if (found)
			assert_slice(&slice, cases[i].value, cases[i].text);
	}
}

static void an_array_is_seen_element_by_element(void **state)
{
	static const char text[] = " [ {\"a\":[1]} , \"],\" , 3,[] ]";
	static const char *const elements[] = { "{\"a\":[1]}", "\"],\"", "3", "[]" };
	const char *const none[] = { "", "[", "[ ]", "{}", "1", "[1" };
	const char *at = text;
	struct json_slice slice;
	(void)state;

	for_each_row(i, elements) {
		assert_true(json_slice_next(&at, &slice));
		assert_slice(&slice, elements[i], text);
	}
	assert_false(json_slice_next(&at, &slice));
	for_each_row(i, none) {
		size_t n = 0;
		for (at = none[i]; json_slice_next(&at, &slice); n++)
			assert_true(slice.size > 0);
		assert_int_equal(n, i + 1 == sizeof none / sizeof *none);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_member_is_that_of_the_outermost_object),
		cmocka_unit_test(an_array_is_seen_element_by_element),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
