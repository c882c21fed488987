/* The collector's own ills, at their limits and beside them (collector/pipeline/self_check.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "collector/pipeline/alerting.h"
#include "collector/pipeline/self_check.h"
#include "proto/base/timestamp.h"

#define NOW_MS INT64_C(1795344323000)
#define DAY_MS (INT64_C(24) * 3600 * 1000)

static bool active(const struct self_check_facts *facts, enum condition condition,
		   const char *words)
{
	struct arena arena;

	arena_init(&arena);
	const struct alert_ill result = self_check_run(facts, condition, NOW_MS, &arena);
	assert_non_null(strstr(result.text, words));
	if (result.active)
		assert_int_not_equal(*result.remedy, '\0');
	bool it_does = result.active;
	arena_deinit(&arena);
	return it_does;
}

static void a_certificate_that_ends_soon_is_one(void **state)
{
	const int64_t limit_ms = SELF_CHECK_CERTIFICATE_DAYS * DAY_MS;
	struct self_check_facts facts = { .certificate_end_ms = NOW_MS + limit_ms };
	(void)state;

	assert_false(active(&facts, CONDITION_CERTIFICATE, "ends 2026-12-06T10:45:23Z."));
	facts.certificate_end_ms--;
	assert_true(active(&facts, CONDITION_CERTIFICATE, "ends 2026-12-06T10:45:22"));
	facts.certificate_end_ms = NOW_MS - 1;
	assert_true(active(&facts, CONDITION_CERTIFICATE, "ends 2026-11-22T10:45:22"));
	facts.certificate_end_ms = TIMESTAMP_NONE;
	assert_false(active(&facts, CONDITION_CERTIFICATE, ""));
}

static void a_dead_letter_is_one_for_a_day(void **state)
{
	struct self_check_facts facts = { .last_dead_ms = NOW_MS - SELF_CHECK_DEAD_LETTER_MS + 1 };
	(void)state;

	assert_true(active(&facts, CONDITION_DEAD_LETTERS, "could not be delivered"));
	facts.last_dead_ms--;
	assert_false(active(&facts, CONDITION_DEAD_LETTERS,
			    "Since 2026-11-21T10:45:23Z every notification was delivered."));
	facts.last_dead_ms = TIMESTAMP_NONE;
	assert_false(
		active(&facts, CONDITION_DEAD_LETTERS, "No notification is left undelivered."));
}

static void confirmed_commits_that_are_gone_are_one_for_a_day(void **state)
{
	struct self_check_facts facts = { .lost_commits = 7,
					  .lost_ms = NOW_MS - SELF_CHECK_STORE_LOST_MS + 1 };
	(void)state;

	assert_true(
		active(&facts, CONDITION_STORE_LOST,
		       "Since 2026-11-21T10:45:23Z the database has lacked the last 7 commits"));
	facts.lost_ms--;
	assert_false(active(&facts, CONDITION_STORE_LOST, "has had what it confirmed"));
	facts.lost_commits = 0;
	assert_false(active(&facts, CONDITION_STORE_LOST, "The database has what it confirmed."));
}

static void a_database_that_lacks_the_required_standby_is_one(void **state)
{
	struct self_check_facts facts = { .is_asynchronous = true };
	(void)state;

	assert_true(active(&facts, CONDITION_STORE_ASYNC, "no synchronous standby to wait for"));
	facts.is_asynchronous = false;
	assert_false(active(&facts, CONDITION_STORE_ASYNC, "confirms what a synchronous standby"));
}

static void a_hook_that_takes_nothing_is_one(void **state)
{
	struct self_check_facts facts = { .stuck_hook = "pager", .stuck_ms = NOW_MS + 7 };
	(void)state;

	assert_true(active(&facts, CONDITION_HOOK,
			   "The hook pager has taken nothing since 2026-11-22T10:45:23Z"));
	facts.stuck_hook = NULL;
	assert_false(active(&facts, CONDITION_HOOK, "Every hook takes what it is told."));
}

static void a_collector_that_gives_no_sign_is_one(void **state)
{
	struct self_check_facts facts = { .away = "mon2, mon3" };
	(void)state;

	assert_true(active(&facts, CONDITION_COLLECTOR, "had not ended: mon2, mon3."));
	facts.away = NULL;
	assert_false(active(&facts, CONDITION_COLLECTOR, "Every collector"));
}

static void clocks_of_collectors_that_are_apart_are_one(void **state)
{
	struct self_check_facts facts = { .clocks_apart = "mon1 0.0 s, mon2 -7.5 s" };
	(void)state;

	assert_true(active(&facts, CONDITION_COLLECTOR,
			   "The clocks of the collectors are apart; so far each is ahead of the "
			   "database's: mon1 0.0 s, mon2 -7.5 s."));
	facts.away = "mon3";
	assert_true(active(&facts, CONDITION_COLLECTOR, "had not ended: mon3. The clocks"));
}

/* Both have to be little: the room, and its part of the whole. */
static void little_room_is_one_at_its_limits(void **state)
{
	const int64_t large = SELF_CHECK_MIN_FREE_BYTES / SELF_CHECK_MIN_FREE_PERCENT * 100 * 2;
	const int64_t small = INT64_C(1000) * 100;
	(void)state;

	assert_false(self_check_is_short(SELF_CHECK_MIN_FREE_BYTES, large));
	assert_true(self_check_is_short(SELF_CHECK_MIN_FREE_BYTES - 1, large));
	assert_false(self_check_is_short(INT64_C(1000) * SELF_CHECK_MIN_FREE_PERCENT, small));
	assert_true(self_check_is_short(INT64_C(1000) * SELF_CHECK_MIN_FREE_PERCENT - 1, small));
}

/* Whether the store can be used at all is told by the store. */
static void a_file_system_that_cannot_be_asked_is_none(void **state)
{
	const struct self_check_facts facts = { .data = "/nowhere/at/all" };
	(void)state;

	assert_false(active(&facts, CONDITION_DISK, ""));
}

static void every_condition_of_the_collectors_own_can_be_looked_for(void **state)
{
	struct self_check_facts facts = { .data = "/nonexistent",
					  .certificate_end_ms = TIMESTAMP_NONE,
					  .last_dead_ms = TIMESTAMP_NONE };
	(void)state;

	for (int i = 0; i < CONDITION_COUNT; i++) {
		if (condition_is_own((enum condition)i))
			assert_false(active(&facts, (enum condition)i, ""));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_certificate_that_ends_soon_is_one),
		cmocka_unit_test(a_dead_letter_is_one_for_a_day),
		cmocka_unit_test(confirmed_commits_that_are_gone_are_one_for_a_day),
		cmocka_unit_test(a_collector_that_gives_no_sign_is_one),
		cmocka_unit_test(clocks_of_collectors_that_are_apart_are_one),
		cmocka_unit_test(a_database_that_lacks_the_required_standby_is_one),
		cmocka_unit_test(a_hook_that_takes_nothing_is_one),
		cmocka_unit_test(little_room_is_one_at_its_limits),
		cmocka_unit_test(a_file_system_that_cannot_be_asked_is_none),
		cmocka_unit_test(every_condition_of_the_collectors_own_can_be_looked_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
