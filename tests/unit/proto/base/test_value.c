#include "proto/base/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/rows.h"

enum colour { RED, GREEN };

struct values {
	bool is_on;
	int64_t number;
	size_t size;
	const char *text;
	enum colour colour;
};

static const char *const colours[] = { [RED] = "red", [GREEN] = "green", NULL };

#define AT(member) offsetof(struct values, member)
static const struct value is_on = VALUE("on", value_switch, AT(is_on));
static const struct value number = VALUE("number", value_number, AT(number), -2, 7);
static const struct value size = VALUE("size", value_size, AT(size), 1, 7);
static const struct value text = VALUE("text", value_text, AT(text));
static const struct value name = VALUE("name", value_text, AT(text), .expected = "a name");
static const struct value colour = VALUE("colour", value_choice, AT(colour), .choices = colours);

static const struct values before = { true, 5, 5, "before", GREEN };

static void what_a_value_is_not_is_said_and_stays_out(void **state)
{
	static const struct {
		const struct value *value;
		const char *text;
		const char *expected;
	} cases[] = {
		{ &is_on, "", "yes or no" },
		{ &is_on, "on", "yes or no" },
		{ &number, "8", "a whole number from -2 to 7" },
		{ &number, "-3", "a whole number from -2 to 7" },
		{ &number, "7 ", "a whole number from -2 to 7" },
		{ &size, "0", "1 to 7" },
		{ &size, "8", "1 to 7" },
		{ &size, "", "1 to 7" },
		{ &text, "", "a text that is not empty" },
		{ &name, "", "a name" },
		{ &colour, "Red", "one of red green" },
		{ &colour, "", "one of red green" },
	};
	struct values values;
	struct arena arena;
	(void)state;

	arena_init(&arena);
	for_each_row(i, cases) {
		memcpy(&values, &before, sizeof values);
		const char *expected = value_apply(cases[i].value, cases[i].text, &values, &arena);
		if (!expected || strcmp(expected, cases[i].expected) != 0)
			fail_msg("%s \"%s\": %s, not %s", cases[i].value->name, cases[i].text,
				 expected ? expected : "taken", cases[i].expected);
		assert_memory_equal(&values, &before, sizeof values);
	}
	arena_deinit(&arena);
}

static void each_kind_takes_its_values_to_its_member(void **state)
{
	struct values values;
	struct arena arena;
	(void)state;

	arena_init(&arena);
	memcpy(&values, &before, sizeof values);
	assert_null(value_apply(&is_on, "NO", &values, &arena));
	assert_false(values.is_on);
	assert_null(value_apply(&number, "-2", &values, &arena));
	assert_int_equal(values.number, -2);
	assert_null(value_apply(&size, "7", &values, &arena));
	assert_int_equal(values.size, 7);
	assert_null(value_apply(&text, "after", &values, &arena));
	assert_string_equal(values.text, "after");
	assert_null(value_apply(&colour, "red", &values, &arena));
	assert_int_equal(values.colour, RED);
	arena_deinit(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_value_is_not_is_said_and_stays_out),
		cmocka_unit_test(each_kind_takes_its_values_to_its_member),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
