#include "proto/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* Every element is still there when the array has moved, and few moves are needed. */
static void an_array_keeps_its_elements_while_it_grows(void **state)
{
	uint64_t *array = NULL;
	size_t room = 0;
	size_t moves = 0;
	(void)state;

	for (size_t n = 0; n < 1000; n++) {
		size_t before = room;
		array = mem_make_room(array, n, &room, sizeof *array);
		assert_true(room > n);
		moves += room != before;
		array[n] = n;
	}
	for (size_t n = 0; n < 1000; n++)
		assert_int_equal(array[n], n);
	assert_int_equal(moves, 9); /* 4, 8 ... 1024 */
	free(array);
}

static void an_array_with_room_stays_where_it_is(void **state)
{
	size_t room = 2;
	char bytes[2];
	(void)state;

	assert_ptr_equal(mem_make_room(bytes, 1, &room, 1), bytes);
	assert_int_equal(room, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_array_keeps_its_elements_while_it_grows),
		cmocka_unit_test(an_array_with_room_stays_where_it_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
