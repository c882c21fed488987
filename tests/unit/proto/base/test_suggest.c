#include "proto/base/suggest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/rows.h"

static const char *nearest(const char *word)
{
	static const char *const names[] = { "serve", "assess", "backup", "restore", "export" };
	struct suggestion best = suggest_begin(word);

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		suggest_try(&best, names[i]);
	return best.name ? best.name : "none";
}

static void suggests_what_is_near_and_nothing_else(void **state)
{
	static const struct {
		const char *word;
		const char *name;
	} cases[] = {
		{ "serve", "serve" },     /* itself */
		{ "SERVE", "serve" },     /* case */
		{ "serv", "serve" },      /* one left out */
		{ "seerve", "serve" },    /* one added */
		{ "sarve", "serve" },     /* one replaced */
		{ "sreve", "serve" },     /* two exchanged */
		{ "retsoer", "restore" }, /* twice exchanged */
		{ "bakcup", "backup" },   { "exprt", "export" }, { "status", "none" },
		{ "x", "none" },          { "", "none" },
	};
	(void)state;

	for_each_row(i, cases)
		assert_string_equal(nearest(cases[i].word), cases[i].name);
}

static void words_past_the_limit_get_none(void **state)
{
	char name[SUGGEST_MAX_LENGTH + 2];
	(void)state;

	memset(name, 'x', sizeof name);
	name[SUGGEST_MAX_LENGTH] = '\0';
	struct suggestion best = suggest_begin(name);
	suggest_try(&best, name);
	assert_ptr_equal(best.name, name);

	name[SUGGEST_MAX_LENGTH] = 'x';
	name[SUGGEST_MAX_LENGTH + 1] = '\0';
	best = suggest_begin(name);
	suggest_try(&best, name);
	assert_null(best.name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(suggests_what_is_near_and_nothing_else),
		cmocka_unit_test(words_past_the_limit_get_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
