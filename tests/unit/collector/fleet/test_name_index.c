#include "collector/fleet/name_index.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The numbers that are found, as "0 3 "; beside words that nobody has. */
static const char *find(const struct name_index *names, const char *word)
{
	const char *const words[] = { "", word, "no such name" };
	static char text[256];
	struct arena arena;
	size_t at = 0;

	text[0] = '\0';
	arena_init(&arena);
	const uint8_t *found = name_index_find(names, words, 3, &arena);
	for (uint32_t i = 0; i < names->n; i++) {
		if (found[i] == 1U << 1)
			at += (size_t)snprintf(text + at, sizeof text - at, "%u ", i);
	}
	arena_deinit(&arena);
	return text;
}

static void a_word_is_found_in_either_name_and_never_across_two(void **state)
{
	struct name_index names = { .text = NULL };
	(void)state;

	assert_string_equal(find(&names, "a"), "");
	assert_int_equal(name_index_add(&names, "EXCH1", "Mail-One"), 0);
	assert_int_equal(name_index_add(&names, "exch2", "EXCH2"), 1);
	assert_int_equal(name_index_add(&names, "One", NULL), 2);
	assert_string_equal(find(&names, "eXcH"), "0 1 ");
	assert_string_equal(find(&names, "one"), "0 2 ");
	assert_string_equal(find(&names, "1m"), "");
	assert_string_equal(find(&names, "2one"), "");
	assert_string_equal(find(&names, "exch22"), "");
	assert_string_equal(find(&names, "e"), "0 1 2 ");
	assert_string_equal(find(&names, "-"), "0 ");
	assert_string_equal(find(&names, ""), "");
	name_index_deinit(&names);
}

static void a_name_that_was_dropped_is_not_found_and_its_room_comes_back(void **state)
{
	struct name_index names = { .text = NULL };
	char name[32];
	(void)state;

	for (unsigned i = 0; i < 1000; i++) {
		snprintf(name, sizeof name, "SERVER%04u", i);
		assert_int_equal(name_index_add(&names, name, NULL), i);
	}
	assert_string_equal(find(&names, "r0999"), "999 ");
	name_index_drop(&names, 999);
	assert_string_equal(find(&names, "r0999"), "");
	assert_string_equal(find(&names, "r0998"), "998 ");
	unsigned dropped = 0;
	while (!name_index_is_wasteful(&names))
		name_index_drop(&names, dropped++);
	assert_in_range(dropped, 450, 550);
	name_index_clear(&names);
	assert_string_equal(find(&names, "server"), "");
	assert_int_equal(name_index_add(&names, "NEW", NULL), 0);
	assert_string_equal(find(&names, "new"), "0 ");
	name_index_deinit(&names);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_word_is_found_in_either_name_and_never_across_two),
		cmocka_unit_test(a_name_that_was_dropped_is_not_found_and_its_room_comes_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
