/* A file that somebody holds for a moment, and one that nobody lets go. */
#include "agent/platform/insist.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/rows.h"

#define NOT_FOUND 2ul

struct file {
	unsigned long code; /* of the first attempts */
	int n_held;         /* of them so many */
	int n_attempts;
};

static uint32_t waited_ms;

static unsigned long act(void *user)
{
	struct file *file = user;

	return file->n_attempts++ < file->n_held ? file->code : 0;
}

static void pass(uint32_t ms)
{
	waited_ms += ms;
}

static unsigned long insist_on(struct file *file)
{
	waited_ms = 0;
	return insist_act(&(struct insist){ act, pass, file });
}

static unsigned long held_codes[] = { INSIST_ACCESS_DENIED, INSIST_SHARING_VIOLATION,
				      INSIST_LOCK_VIOLATION };

static void a_file_that_somebody_holds_for_half_a_second_is_waited_for(void **state)
{
	(void)state;

	for_each_row(i, held_codes) {
		struct file file = { held_codes[i], INSIST_MAX_RETRIES, 0 };
		assert_int_equal(insist_on(&file), 0);
		assert_int_equal(file.n_attempts, 1 + INSIST_MAX_RETRIES);
		assert_int_equal(waited_ms, 500);
	}
}

static void one_that_is_not_let_go_is_given_up_with_its_code(void **state)
{
	(void)state;

	for_each_row(i, held_codes) {
		struct file file = { held_codes[i], 1000, 0 };
		assert_int_equal(insist_on(&file), held_codes[i]);
		assert_int_equal(file.n_attempts, 1 + INSIST_MAX_RETRIES);
	}
}

static void what_waiting_does_not_mend_is_told_at_once(void **state)
{
	struct file file = { NOT_FOUND, 1, 0 };
	(void)state;

	assert_int_equal(insist_on(&file), NOT_FOUND);
	assert_int_equal(file.n_attempts, 1);
	assert_int_equal(waited_ms, 0);
}

static void a_file_that_nobody_holds_is_not_waited_for(void **state)
{
	struct file file = { 0, 0, 0 };
	(void)state;

	assert_int_equal(insist_on(&file), 0);
	assert_int_equal(file.n_attempts, 1);
	assert_int_equal(waited_ms, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_that_somebody_holds_for_half_a_second_is_waited_for),
		cmocka_unit_test(one_that_is_not_let_go_is_given_up_with_its_code),
		cmocka_unit_test(what_waiting_does_not_mend_is_told_at_once),
		cmocka_unit_test(a_file_that_nobody_holds_is_not_waited_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
