#include "collector/cli/arguments.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "collector/cli/command.h"
#include "collector/cli/terminal.h"
#include "tests/unit/rows.h"

#define MAX_WORDS 16

static const char *file;
static const char *names[2];
static const char *is_quick;
static size_t n_names;

static int read_line(const char *line, const struct arguments_forms *forms, struct arguments *out)
{
	static char text[256];
	static char *argv[MAX_WORDS + 1];
	int argc = 0;
	struct arguments_option options[] = { { "file", "FILE", &file, 1, 0 },
					      { "name", "NAME", names, 2, 0 },
					      { "quick", NULL, &is_quick, 1, 0 } };

	file = names[0] = names[1] = is_quick = NULL;
	memset(argv, 0, sizeof argv);
	strcpy(text, line);
	for (char *rest = text, *word = NULL; (word = strtok_r(rest, " ", &rest)) != NULL;)
		argv[argc++] = word;
	int rc = arguments_read(out, argc, argv, forms, options, 3);
	n_names = options[1].n;
	if (rc == TERMINAL_EXIT_OK)
		assert_null(out->words[out->n_words]);
	return rc;
}

static void words_have_one_of_the_forms_or_are_refused(void **state)
{
	static const char *const verbs[] = { "agents list", "agents release HOST" };
	static const char *const none[] = { "sites" };
	static const char *const some[] = { "import FILE..." };
	static const char *const any[] = { "servers [WORD...]" };
	static const char *const one[] = { "check [FILE]" };
	static const char *const place[] = { "matrix ORGANIZATION/SITE" };
	enum { REFUSED = -1 };
	static const struct {
		struct arguments_forms forms;
		const char *line;
		int form;
	} cases[] = {
		{ { verbs, 2 }, "list", 0 },
		{ { verbs, 2 }, "release list", 1 },
		{ { verbs, 2 }, "release", REFUSED },
		{ { verbs, 2 }, "release a b", REFUSED },
		{ { verbs, 2 }, "lists", REFUSED },
		{ { verbs, 2 }, "lis", REFUSED },
		{ { verbs, 2 }, "list a", REFUSED },
		{ { verbs, 2 }, "", REFUSED },
		{ { none, 1 }, "", 0 },
		{ { none, 1 }, "a", REFUSED },
		{ { some, 1 }, "a", 0 },
		{ { some, 1 }, "a b c", 0 },
		{ { some, 1 }, "", REFUSED },
		{ { any, 1 }, "", 0 },
		{ { any, 1 }, "a b", 0 },
		{ { one, 1 }, "", 0 },
		{ { one, 1 }, "a", 0 },
		{ { one, 1 }, "a b", REFUSED },
		{ { place, 1 }, "ACME/HQ", 0 },
		{ { place, 1 }, "/", 0 },
		{ { place, 1 }, "HQ", REFUSED },
	};
	struct arguments words;
	(void)state;

	for_each_row(i, cases) {
		int rc = read_line(cases[i].line, &cases[i].forms, &words);
		int form = rc == TERMINAL_EXIT_OK ? (int)words.form : REFUSED;
		if (form != cases[i].form)
			fail_msg("%s with \"%s\": %d, not %d", cases[i].forms.list[0],
				 cases[i].line, form, cases[i].form);
		if (form == REFUSED)
			assert_int_equal(rc, COMMAND_EXIT_USAGE);
	}
}

static void options_stand_anywhere_before_two_dashes(void **state)
{
	static const char *const any[] = { "servers [WORD...]" };
	const struct arguments_forms forms = { any, 1 };
	static const char *const wrong[] = { "--file",      "--file=",
					     "--quick=yes", "--file a --file b",
					     "--fil a",     "--name a --name b --name c",
					     "--=a" };
	struct arguments words;
	(void)state;

	assert_int_equal(
		read_line("a --file=x --name n b --name=o --quick -- --file", &forms, &words),
		TERMINAL_EXIT_OK);
	assert_int_equal(words.n_words, 3);
	assert_string_equal(words.words[1], "b");
	assert_string_equal(words.words[2], "--file");
	assert_string_equal(file, "x");
	assert_int_equal(n_names, 2);
	assert_string_equal(names[1], "o");
	assert_non_null(is_quick);
	for_each_row(i, wrong) {
		if (read_line(wrong[i], &forms, &words) != COMMAND_EXIT_USAGE)
			fail_msg("%s is taken", wrong[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_have_one_of_the_forms_or_are_refused),
		cmocka_unit_test(options_stand_anywhere_before_two_dashes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
