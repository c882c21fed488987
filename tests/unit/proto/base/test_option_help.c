#include "proto/base/option_help.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/rows.h"

#define COLUMN 12

static void words_stand_in_a_column_of_their_own(void **state)
{
	static const struct {
		const char *option;
		const char *argument;
		const char *words;
		const char *shown;
	} cases[] = {
		{ "--once", NULL, "one cycle", "  --once    one cycle\n" },
		{ "--pin", "P", "a pin", "  --pin P   a pin\n" },
		{ "--peers", "P", "a peer", "  --peers P\n            a peer\n" },
		{ "--color", NULL, "yes\nor no", "  --color   yes\n            or no\n" },
	};
	(void)state;

	for_each_row(i, cases) {
		struct buffer out = { 0 };
		option_help_add(&out, COLUMN, cases[i].option, cases[i].argument, cases[i].words);
		assert_string_equal(out.bytes, cases[i].shown);
		buffer_deinit(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_stand_in_a_column_of_their_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
