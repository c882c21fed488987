#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agent/run/announced_verdict.h"
#include "proto/report/json.h"
#include "tests/fake_host.h"

#define AWAY_MS (ANNOUNCED_VERDICT_ALONE_S * UINT64_C(1000))
#define HEAD                                                                                       \
	"{\"schema\": \"mtawatch.report/1\", \"agent\": {\"id\": \"i\", \"epoch\": \"e\","         \
	" \"version\": \"1\", \"platform\": \"p\"}, \"sequence\": 1, \"interval_s\": 300,"         \
	" \"collected_at\": \"2026-11-22T10:45:23Z\", \"host\": {\"name\": \"EXCH1\"},"

static struct arena arena;
static struct report failing, harmless;
static struct fake_host machine;
static struct announced_verdict announced;

static void read_report(const char *text, struct report *out)
{
	struct json_error error;

	assert_int_equal(report_json_read(text, strlen(text), &arena, out, &error), STATUS_OK);
}

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena);
	read_report(HEAD "\"exchange\": {\"installed\": true, \"version\": \"5.5\"},"
			 "\"mta\": {\"service\": \"stopped\", \"last_failure\":"
			 " {\"at\": \"2026-11-22T10:00:00Z\", \"events\": [{\"id\": 9321,"
			 " \"at\": \"2026-11-22T10:00:00Z\", \"nt_error\": 11004}]},"
			 " \"last_start\": {\"at\": \"2026-11-22T10:00:00Z\","
			 " \"outcome\": \"failed\"}}}",
		    &failing);
	read_report(HEAD "\"exchange\": {\"installed\": false}}", &harmless);
	machine = (struct fake_host){ .now_ms = 5000 };
	announced_verdict_init(&announced, fake_host(&machine), NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_deinit(&arena);
	return 0;
}

/* The last event that was written is this one. */
static void expect_event(size_t n, uint16_t id, const char *before, const char *words)
{
	assert_int_equal(machine.n_written, n);
	assert_int_equal(machine.written[n - 1].id, id);
	assert_string_equal(machine.written[n - 1].strings[0], before);
	assert_non_null(strstr(machine.written[n - 1].strings[1], words));
}

static void while_the_collector_may_still_answer_nobody_else_judges(void **state)
{
	(void)state;
	machine.now_ms = 5000 + AWAY_MS - 1;
	announced_verdict_judge(&announced, &failing, true);
	assert_int_equal(machine.n_written, 0);
	machine.now_ms = 5000 + AWAY_MS;
	announced_verdict_judge(&announced, &failing, true);
	expect_event(1, 221, "not known", "the collector is away");
	announced_verdict_judge(&announced, &failing, true); /* once */
	assert_int_equal(machine.n_written, 1);
}

static void each_answer_begins_the_wait_anew(void **state)
{
	(void)state;
	machine.now_ms = 5000 + AWAY_MS - 1;
	announced_verdict_take(&announced, VERDICT_EXPOSED);
	expect_event(1, 220, "not known", "the collector's");
	machine.now_ms += AWAY_MS - 1;
	announced_verdict_judge(&announced, &failing, true);
	assert_int_equal(machine.n_written, 1);
	machine.now_ms++;
	announced_verdict_judge(&announced, &failing, true);
	expect_event(2, 221, "exposed", "the collector is away");
	announced_verdict_take(&announced, VERDICT_FAILING); /* nothing new */
	assert_int_equal(machine.n_written, 2);
}

/* Alone the agent knows less than the collector: it gives no all-clear. */
static void alone_beside_a_collector_it_tells_alarms_only(void **state)
{
	(void)state;
	announced_verdict_take(&announced, VERDICT_EXPOSED);
	machine.now_ms += AWAY_MS;
	announced_verdict_judge(&announced, &harmless, true);
	assert_int_equal(machine.n_written, 1);
}

static void without_a_collector_it_judges_at_once_and_tells_everything(void **state)
{
	(void)state;
	announced_verdict_judge(&announced, &harmless, false);
	expect_event(1, 202, "not known", "no collector is set");
	announced_verdict_judge(&announced, &failing, false);
	expect_event(2, 221, "not applicable", "no collector is set");
}

static void a_collector_that_is_set_later_gets_its_time_to_answer(void **state)
{
	(void)state;
	machine.now_ms += 10 * AWAY_MS;
	announced_verdict_judge(&announced, &harmless, false);
	machine.now_ms += AWAY_MS - 1;
	announced_verdict_judge(&announced, &failing, true);
	assert_int_equal(machine.n_written, 1);
	machine.now_ms++;
	announced_verdict_judge(&announced, &failing, true);
	expect_event(2, 221, "not applicable", "the collector is away");
}

static void what_was_told_before_a_restart_is_not_told_again(void **state)
{
	(void)state;
	const enum verdict last = VERDICT_EXPOSED;
	announced_verdict_init(&announced, fake_host(&machine), &last);
	announced_verdict_take(&announced, VERDICT_EXPOSED);
	assert_int_equal(machine.n_written, 0);
	announced_verdict_take(&announced, VERDICT_CLEAR);
	expect_event(1, 200, "exposed", "the collector's");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(while_the_collector_may_still_answer_nobody_else_judges),
		TEST(each_answer_begins_the_wait_anew),
		TEST(alone_beside_a_collector_it_tells_alarms_only),
		TEST(without_a_collector_it_judges_at_once_and_tells_everything),
		TEST(a_collector_that_is_set_later_gets_its_time_to_answer),
		TEST(what_was_told_before_a_restart_is_not_told_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
