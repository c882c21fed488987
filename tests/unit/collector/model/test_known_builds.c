/* What is said of a build of Emsmta.exe. */
#include "collector/model/known_builds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "proto/base/count.h"
#include "proto/base/version.h"
#include "tests/unit/rows.h"

static void a_build_is_named_by_its_articles(void **state)
{
	static const struct {
		const char *version;
		const char *words;
	} cases[] = {
		{ "5.5.2653.23", "article Q163294: Service Pack 4" },
		{ "5.5.2654.59", "article Q288166: MTA Stops Delivering from Certain Queues After "
				 "Event 2187" },
		{ "5.5.2654.39",
		  "article Q280449: MTA Generates 9318 Events on Multihomed Servers; "
		  "article Q282275: MTA Stops Unexpectedly in CheckRecipInfo()" },
		{ "5.5.2655.10",
		  "no article is known; the one before is 5.5.2655.1 (article Q298000: "
		  "Reports Don't Return Content, Have Content Type of MDBEF)" },
		{ "5.5.1.2", "no article is known; it is older than 5.5.1960.3" },
		{ "6.0.2656.20", "article Q319936: a fix that is printed as 6.0.2656.20" },
		{ "6.0.4417.0", NULL },
		{ "many", NULL },
	};
	struct arena arena;
	(void)state;

	arena_init(&arena);
	for_each_row(i, cases) {
		const char *words = known_build_words(cases[i].version, &arena);
		if (cases[i].words)
			assert_string_equal(words, cases[i].words);
		else
			assert_null(words);
	}
	arena_deinit(&arena);
}

static void builds_from_the_regression_on_are_warned_of(void **state)
{
	(void)state;

	assert_null(known_build_warning("5.5.2655.71"));
	assert_non_null(strstr(known_build_warning("5.5.2655.72"), "332019"));
	assert_non_null(known_build_warning("5.5.2656.22"));
	assert_null(known_build_warning("6.0.4417.0"));
}

static void the_table_is_in_order(void **state)
{
	static const struct version builds[] = {
#define X(build, revision, article, title) { { 5, 5, build, revision } },
#include "collector/model/known_builds.def"
#undef X
	};
	(void)state;

	for (size_t i = 1; i < COUNT(builds); i++)
		assert_true(version_compare(&builds[i - 1], &builds[i]) <= 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_build_is_named_by_its_articles),
		cmocka_unit_test(builds_from_the_regression_on_are_warned_of),
		cmocka_unit_test(the_table_is_in_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
