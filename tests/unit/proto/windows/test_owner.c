#include "proto/windows/owner.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* A descriptor as Windows gives it: its head, then the owner's SID. */
#define HEAD 1, 0, 0x00, 0x80, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
#define BOB  1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0xf4, 1, 0, 0

static const uint8_t of_system[] = { HEAD, 1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0 };
static const uint8_t of_administrators[] = {
	HEAD, 1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 32, 2, 0, 0
};
static const uint8_t of_users[] = { HEAD, 1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 33, 2, 0, 0 };
static const uint8_t of_everyone[] = { HEAD, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0 };
static const uint8_t of_bob[] = { HEAD, BOB };
static const uint8_t bob[] = { BOB };

static struct arena arena;

static int begin(void **state)
{
	(void)state;
	arena_init(&arena);
	return 0;
}

static int end(void **state)
{
	(void)state;
	arena_deinit(&arena);
	return 0;
}

#define FAULT_OF(descriptor) owner_fault(descriptor, sizeof descriptor, bob, sizeof bob, &arena)

static void the_system_administrators_and_ourselves_are_trusted(void **state)
{
	(void)state;
	assert_null(FAULT_OF(of_system));
	assert_null(FAULT_OF(of_administrators));
	assert_null(FAULT_OF(of_bob));
}

static void nobody_else_is(void **state)
{
	(void)state;
	assert_string_equal(FAULT_OF(of_users),
			    "belongs to S-1-5-32-545, not to Administrators or SYSTEM");
	assert_string_equal(FAULT_OF(of_everyone),
			    "belongs to S-1-1-0, not to Administrators or SYSTEM");
	assert_string_equal(owner_fault(of_bob, sizeof of_bob, NULL, 0, &arena),
			    "belongs to S-1-5-21-1-2-3-500, not to Administrators or SYSTEM");
}

static void what_is_cut_or_has_no_owner_is_not(void **state)
{
	static const uint8_t none[20] = { 1, 0, 0x00, 0x80 };
	uint8_t damaged[sizeof of_system];
	(void)state;

	assert_string_equal(FAULT_OF(none), "has no owner");
	for (size_t n = 0; n < sizeof of_system; n++)
		assert_string_equal(owner_fault(of_system, n, bob, sizeof bob, &arena),
				    "has no owner");
	memcpy(damaged, of_system, sizeof damaged);
	damaged[21] = 200; /* parts */
	assert_string_equal(FAULT_OF(damaged), "has no owner");
	damaged[7] = 0xff; /* the offset */
	assert_string_equal(FAULT_OF(damaged), "has no owner");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_system_administrators_and_ourselves_are_trusted,
						begin, end),
		cmocka_unit_test_setup_teardown(nobody_else_is, begin, end),
		cmocka_unit_test_setup_teardown(what_is_cut_or_has_no_owner_is_not, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
