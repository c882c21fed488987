#include "agent/platform/arguments.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/rows.h"

/* Cuts `line`, and puts the arguments together again with '|' between them. */
static const char *cut(struct arena *arena, const char *line)
{
	char **arguments = NULL;
	int n = 0;
	const char *all = "";

	arguments_split(line, arena, &arguments, &n);
	for (int i = 0; i < n; i++)
		all = arena_printf(arena, "%s%s%s", all, i > 0 ? "|" : "", arguments[i]);
	return all;
}

static void a_line_is_cut_as_the_c_runtime_of_windows_cuts_it(void **state)
{
	static const struct {
		const char *line;
		const char *arguments;
	} cases[] = {
		{ "", "" },
		{ "agent.exe", "agent.exe" },
		{ "agent.exe   check\t--json  ", "agent.exe|check|--json" },
		{ "\"C:\\Program Files\\a.exe\" run", "C:\\Program Files\\a.exe|run" },
		{ "\"C:\\a\\\"b run", "C:\\a\\b|run" }, /* no escapes in the program's name */
		{ "a \"\"", "a|" },
		{ "a \"\" b", "a||b" },
		/* Microsoft's own examples. */
		{ "a \"a b c\" d e", "a|a b c|d|e" },
		{ "a \"ab\\\"c\" \"\\\\\" d", "a|ab\"c|\\|d" },
		{ "a a\\\\\\b d\"e f\"g h", "a|a\\\\\\b|de fg|h" },
		{ "a a\\\\\\\"b c d", "a|a\\\"b|c|d" },
		{ "a a\\\\\\\\\"b c\" d e", "a|a\\\\b c|d|e" },
		{ "a \"b\"\"c d\" e", "a|b\"c d|e" },
		{ "a \"never ended", "a|never ended" },
		{ "a C:\\dir\\", "a|C:\\dir\\" },
		{ "a --log-file \"C:\\B\xc3\xbc"
		  "cher\\\xe6\x97\xa5.log\"",
		  "a|--log-file|C:\\B\xc3\xbc"
		  "cher\\\xe6\x97\xa5.log" },
	};
	struct arena arena;
	(void)state;

	arena_init(&arena);
	for_each_row(i, cases)
		assert_string_equal(cut(&arena, cases[i].line), cases[i].arguments);
	arena_deinit(&arena);
}

/* As many arguments as a line of that length can have. */
static void a_line_of_single_letters_fits(void **state)
{
	char line[2 * 500];
	char **arguments = NULL;
	struct arena arena;
	int n = 0;
	(void)state;

	for (size_t i = 0; i < sizeof line; i++)
		line[i] = i % 2 == 0 ? 'x' : ' ';
	line[sizeof line - 1] = '\0';
	arena_init(&arena);
	arguments_split(line, &arena, &arguments, &n);
	assert_int_equal(n, 500);
	assert_string_equal(arguments[499], "x");
	arguments_split(line + 1, &arena, &arguments, &n); /* a program without a name */
	assert_int_equal(n, 500);
	assert_string_equal(arguments[0], "");
	arena_deinit(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_cut_as_the_c_runtime_of_windows_cuts_it),
		cmocka_unit_test(a_line_of_single_letters_fits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
