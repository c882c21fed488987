/* An upgrade of the system moves the state directory; the agent stays where its identity is. */
#include "agent/platform/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "tests/unit/rows.h"

static struct arena arena;
static char folder[] = "/tmp/mtawatch-state-XXXXXX";
static const char *usual;
static const char *former;

static void identify(const char *dir, bool has_identity)
{
	const char *file = files_join(&arena, dir, FILES_IDENTITY);

	if (has_identity)
		assert_int_equal(files_replace(file, "id", 2), STATUS_OK);
	else
		assert_int_equal(files_remove(file), STATUS_OK);
}

static void the_one_with_the_identity_is_used(void **state)
{
	static const struct {
		bool in_usual;
		bool in_former;
		bool uses_former;
	} cases[] = {
		{ false, false, false },
		{ true, false, false },
		{ false, true, true },
		{ true, true, false },
	};
	(void)state;

	for_each_row(i, cases) {
		identify(usual, cases[i].in_usual);
		identify(former, cases[i].in_former);
		assert_string_equal(files_used_state_dir(&arena, usual, former),
				    cases[i].uses_former ? former : usual);
	}
}

static int begin(void **state)
{
	(void)state;
	arena_init(&arena);
	if (!mkdtemp(folder))
		return -1;
	usual = files_join(&arena, folder, "usual");
	former = files_join(&arena, folder, "former");
	return mkdir(usual, 0700) == 0 && mkdir(former, 0700) == 0 ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	identify(usual, false);
	identify(former, false);
	(void)files_remove_dir(usual);
	(void)files_remove_dir(former);
	(void)files_remove_dir(folder);
	arena_deinit(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_one_with_the_identity_is_used),
	};
	return cmocka_run_group_tests(tests, begin, end);
}
