#include "proto/base/private_dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

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

static const char *fault_of(unsigned long owner, unsigned long self, bool any_owner, unsigned mode)
{
	struct private_dir dir = { .path = "/var/lib/x",
				   .owner = owner,
				   .owner_name = owner == 1001 ? "eve" : NULL,
				   .self = self,
				   .any_owner = any_owner,
				   .mode = mode };
	return private_dir_fault(&dir, &arena);
}

static void our_own_and_roots_are_good(void **state)
{
	(void)state;
	assert_null(fault_of(1000, 1000, false, 0700));
	assert_null(fault_of(1000, 1000, false, 0755));
	assert_null(fault_of(0, 1000, false, 0755));
	assert_null(fault_of(0, 0, false, 0750));
}

static void another_users_is_not_unless_root_may_work_there(void **state)
{
	(void)state;
	assert_string_equal(
		fault_of(1001, 0, false, 0700),
		"the directory /var/lib/x belongs to the user eve (1001), who could "
		"read and replace what is kept in it: run this as that user; or move it "
		"away; or, if all in it is yours, take it over with chown -R 0 "
		"/var/lib/x");
	assert_non_null(fault_of(1002, 1000, false, 0700));
	assert_null(fault_of(1001, 0, true, 0700));
}

static void one_that_others_may_write_to_is_never_good(void **state)
{
	(void)state;
	assert_string_equal(fault_of(1001, 1001, false, 0770),
			    "every user of its group could replace what is kept in the directory "
			    "/var/lib/x (of the user eve): close it with chmod go-w /var/lib/x");
	assert_non_null(fault_of(0, 0, true, 0702));
	assert_non_null(fault_of(0, 0, false, 01777));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(our_own_and_roots_are_good, begin, end),
		cmocka_unit_test_setup_teardown(another_users_is_not_unless_root_may_work_there,
						begin, end),
		cmocka_unit_test_setup_teardown(one_that_others_may_write_to_is_never_good, begin,
						end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
