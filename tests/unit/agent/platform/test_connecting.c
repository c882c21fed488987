/* A failure whose reason Windows NT tells a moment late, and one whose reason it never tells. */
#include "agent/platform/connecting.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define REFUSED 10061 /* WSAECONNREFUSED */

struct system {
	int n_empty; /* times that no error is told */
	int error;   /* and then this one */
};

static int n_yields;

static int read_error(void *user)
{
	struct system *system = user;

	return system->n_empty-- > 0 ? 0 : system->error;
}

static void yield(void)
{
	n_yields++;
}

static int ended(struct system system, bool failed)
{
	struct connecting connecting = { read_error, yield, &system };

	n_yields = 0;
	return connecting_error(&connecting, failed);
}

static void a_connection_that_stands_is_asked_about_once(void **state)
{
	(void)state;

	assert_int_equal(ended((struct system){ 100, REFUSED }, false), 0);
	assert_int_equal(n_yields, 0);
}

static void a_reason_that_is_there_is_taken_at_once(void **state)
{
	(void)state;

	assert_int_equal(ended((struct system){ 0, REFUSED }, true), REFUSED);
	assert_int_equal(ended((struct system){ 0, REFUSED }, false), REFUSED);
	assert_int_equal(n_yields, 0);
}

static void a_reason_that_comes_late_is_waited_for(void **state)
{
	(void)state;

	assert_int_equal(ended((struct system){ 2, REFUSED }, true), REFUSED);
	assert_int_equal(n_yields, 2);
}

static void a_failure_without_a_reason_is_none_the_less_one(void **state)
{
	(void)state;

	assert_int_equal(ended((struct system){ 100, REFUSED }, true), CONNECTING_NO_REASON);
	assert_int_equal(n_yields, CONNECTING_MAX_RETRIES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_that_stands_is_asked_about_once),
		cmocka_unit_test(a_reason_that_is_there_is_taken_at_once),
		cmocka_unit_test(a_reason_that_comes_late_is_waited_for),
		cmocka_unit_test(a_failure_without_a_reason_is_none_the_less_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
