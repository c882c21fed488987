#include "agent/collect/mta_starts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/base/count.h"
#include "proto/base/timestamp.h"

#define SECOND INT64_C(1000)

/* An event at `at_s` seconds with one or two insertion strings. */
#define EVENT(number, at_s, ...)                                                                   \
	{                                                                                          \
		.id = (number), .at_ms = (at_s)*SECOND,                                            \
		.strings = (const char *[]){ __VA_ARGS__ },                                        \
		.n_strings = COUNT(((const char *[]){ __VA_ARGS__ }))                              \
	}

#define STARTED(at_s)       EVENT(9298, at_s, "5.5 (build 2653.23)", "BASE", "IL", "MAIN BASE")
#define CLOSED(at_s)        EVENT(9299, at_s, "5.5 (build 2653.23)", "BASE", "IL", "MAIN BASE")
#define LISTEN(at_s, error) EVENT(9321, at_s, error, "BASE", "IL", "MAIN BASE", "1", "504", "14")
#define FATAL(at_s)         EVENT(9266, at_s, "4", "BASE", "IL", "MAIN BASE", "1", "173", "16")
#define PERFMON(at_s)       EVENT(9406, at_s, "BASE", "MAIN BASE", "1", "14")

static struct arena arena;

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_deinit(&arena);
	return 0;
}

static struct mta_starts judge_at(const struct host_event *events, size_t n,
				  enum service_state service, int64_t now_ms)
{
	struct mta_starts history;
	mta_starts_judge(events, n, service, now_ms, &arena, &history);
	return history;
}

#define JUDGE(events, service) judge_at(events, COUNT(events), service, INT64_C(360000) * SECOND)

static void no_event_says_nothing(void **state)
{
	(void)state;
	struct mta_starts h = judge_at(NULL, 0, SERVICE_STATE_STOPPED, 0);
	assert_false(h.last_start.present);
	assert_false(h.last_failure.present);
	assert_null(h.build);
}

static void a_startup_is_a_start_and_tells_its_build(void **state)
{
	(void)state;
	const struct host_event events[] = { STARTED(10) };
	struct mta_starts h = JUDGE(events, SERVICE_STATE_RUNNING);
	assert_true(h.last_start.present);
	assert_int_equal(h.last_start.outcome, START_OUTCOME_STARTED);
	assert_int_equal(h.last_start.at_ms, 10 * SECOND);
	assert_int_equal(h.last_start.n_events, 1);
	assert_false(h.last_failure.present);
	assert_string_equal(h.build, "5.5.2653.23");
}

static void the_articles_failure_is_one_failed_start(void **state)
{
	(void)state;
	const struct host_event events[] = { STARTED(10), CLOSED(5000), PERFMON(6000),
					     LISTEN(6005, "11004"), FATAL(6006) };
	struct mta_starts h = JUDGE(events, SERVICE_STATE_STOPPED);
	assert_int_equal(h.last_start.outcome, START_OUTCOME_FAILED);
	assert_int_equal(h.last_start.at_ms, 6005 * SECOND);
	assert_int_equal(h.last_start.n_events, 3);
	assert_int_equal(h.last_start.events[0].id, 9406);
	assert_int_equal(h.last_start.events[1].id, 9321);
	assert_int_equal(h.last_start.events[1].nt_error, 11004);
	assert_int_equal(h.last_start.events[2].id, 9266);
	assert_int_equal(h.last_start.events[2].nt_error, REPORT_ABSENT);
	assert_true(h.last_failure.present);
	assert_int_equal(h.last_failure.n_events, 3);
}

static void a_start_after_the_failure_leaves_it_in_the_past(void **state)
{
	(void)state;
	const struct host_event events[] = { LISTEN(10, "11004"), FATAL(11), STARTED(60) };
	struct mta_starts h = JUDGE(events, SERVICE_STATE_RUNNING);
	assert_int_equal(h.last_start.outcome, START_OUTCOME_STARTED);
	assert_int_equal(h.last_start.n_events, 1);
	assert_int_equal(h.last_failure.at_ms, 10 * SECOND);
	assert_int_equal(h.last_failure.n_events, 2);
}

static void two_failures_at_once_are_two_starts(void **state)
{
	(void)state;
	const struct host_event events[] = { LISTEN(10, "11004"), FATAL(11), LISTEN(30, "1720"),
					     FATAL(31) };
	struct mta_starts h = JUDGE(events, SERVICE_STATE_STOPPED);
	assert_int_equal(h.last_start.at_ms, 30 * SECOND);
	assert_int_equal(h.last_start.n_events, 2);
	assert_int_equal(h.last_start.events[0].nt_error, 1720);
}

static void the_fatal_event_may_come_first(void **state)
{
	(void)state;
	const struct host_event events[] = { FATAL(10), LISTEN(11, "11004"), FATAL(40),
					     LISTEN(41, "11004") };
	struct mta_starts h = JUDGE(events, SERVICE_STATE_STOPPED);
	assert_int_equal(h.last_start.at_ms, 40 * SECOND);
	assert_int_equal(h.last_start.n_events, 2);
	assert_int_equal(h.last_start.events[0].id, 9266);
	assert_int_equal(h.last_start.events[1].nt_error, 11004);
}

static void several_listens_belong_to_one_start(void **state)
{
	(void)state;
	const struct host_event events[] = { LISTEN(10, "11004"), LISTEN(11, "11004"), FATAL(12) };
	struct mta_starts h = JUDGE(events, SERVICE_STATE_STOPPED);
	assert_int_equal(h.last_start.n_events, 3);
	assert_int_equal(h.last_start.at_ms, 10 * SECOND);
}

static void a_listen_that_failed_in_a_start_that_succeeded_is_no_failure(void **state)
{
	(void)state;
	const struct host_event events[] = { LISTEN(10, "1720"), STARTED(12) };
	struct mta_starts h = JUDGE(events, SERVICE_STATE_RUNNING);
	assert_int_equal(h.last_start.outcome, START_OUTCOME_STARTED);
	assert_int_equal(h.last_start.n_events, 2);
	assert_false(h.last_failure.present);
}

static void a_long_pause_parts_two_starts(void **state)
{
	(void)state;
	const struct host_event apart[] = { LISTEN(10, "11004"), STARTED(10 + 600) };
	const struct host_event together[] = { LISTEN(10, "11004"), STARTED(10 + 599) };
	assert_true(JUDGE(apart, SERVICE_STATE_RUNNING).last_failure.present);
	assert_int_equal(JUDGE(apart, SERVICE_STATE_RUNNING).last_start.n_events, 1);
	assert_false(JUDGE(together, SERVICE_STATE_RUNNING).last_failure.present);
}

static void record_order_counts_and_not_the_clock(void **state)
{
	(void)state;
	/* The clock was set back by a day between the startup and the failure. */
	const struct host_event events[] = { STARTED(90000), CLOSED(90100), LISTEN(3700, "11004"),
					     FATAL(3701) };
	struct mta_starts h = JUDGE(events, SERVICE_STATE_STOPPED);
	assert_int_equal(h.last_start.outcome, START_OUTCOME_FAILED);
	assert_int_equal(h.last_start.at_ms, 3701 * SECOND - SECOND);
	assert_int_equal(h.last_start.n_events, 2);
}

static void a_closedown_after_a_failure_changes_nothing(void **state)
{
	(void)state;
	const struct host_event events[] = { LISTEN(10, "11004"), FATAL(11), CLOSED(12) };
	struct mta_starts h = JUDGE(events, SERVICE_STATE_STOPPED);
	assert_int_equal(h.last_start.outcome, START_OUTCOME_FAILED);
	assert_int_equal(h.last_start.n_events, 2);
}

static void trouble_of_a_running_mta_is_no_start(void **state)
{
	(void)state;
	const struct host_event events[] = { STARTED(10), EVENT(9318, 100, "76", "1722"),
					     EVENT(9322, 101, "68", "5"), PERFMON(102) };
	struct mta_starts h = JUDGE(events, SERVICE_STATE_RUNNING);
	assert_int_equal(h.last_start.n_events, 1);
	assert_int_equal(h.last_start.at_ms, 10 * SECOND);
}

static void a_start_under_way_does_not_count_yet(void **state)
{
	(void)state;
	const struct host_event events[] = { STARTED(10), CLOSED(100), LISTEN(7200, "11004") };
	int64_t soon = 7230 * SECOND;
	int64_t late = 7200 * SECOND + MTA_STARTS_GAP_MS;
	struct mta_starts pending =
		judge_at(events, COUNT(events), SERVICE_STATE_START_PENDING, soon);
	struct mta_starts over = judge_at(events, COUNT(events), SERVICE_STATE_STOPPED, soon);
	struct mta_starts older =
		judge_at(events, COUNT(events), SERVICE_STATE_START_PENDING, late);
	assert_int_equal(pending.last_start.outcome, START_OUTCOME_STARTED);
	assert_int_equal(over.last_start.outcome, START_OUTCOME_FAILED);
	assert_int_equal(older.last_start.outcome, START_OUTCOME_FAILED);
}

static void a_fatal_event_ends_a_start_even_while_the_next_is_pending(void **state)
{
	(void)state;
	const struct host_event events[] = { LISTEN(10, "11004"), FATAL(11) };
	struct mta_starts h =
		judge_at(events, COUNT(events), SERVICE_STATE_START_PENDING, 20 * SECOND);
	assert_int_equal(h.last_start.outcome, START_OUTCOME_FAILED);
}

static void a_flood_of_side_events_never_hides_what_decides(void **state)
{
	(void)state;
	struct host_event events[MTA_STARTS_MAX_EVENTS + 8];
	const struct host_event side = PERFMON(10);
	const struct host_event listen = LISTEN(11, "11004");
	const struct host_event fatal = FATAL(12);
	for (size_t i = 0; i < sizeof events / sizeof *events; i++)
		events[i] = side;
	events[COUNT(events) - 2] = listen;
	events[COUNT(events) - 1] = fatal;
	struct mta_starts h = JUDGE(events, SERVICE_STATE_STOPPED);
	assert_int_equal(h.last_start.n_events, MTA_STARTS_MAX_EVENTS);
	bool has_listen = false;
	bool has_fatal = false;
	for (size_t i = 0; i < h.last_start.n_events; i++) {
		has_listen = has_listen || h.last_start.events[i].id == 9321;
		has_fatal = has_fatal || h.last_start.events[i].id == 9266;
	}
	assert_true(has_listen);
	assert_true(has_fatal);
}

static void expect_error(uint16_t id, const char *first, const char *second, int64_t error)
{
	const char *strings[] = { first, second, "MAIN BASE", "1", "504" };
	const struct host_event event = { .id = id, .strings = strings, .n_strings = 5 };
	assert_int_equal(mta_starts_nt_error(&event), error);
}

static void the_error_is_found_wherever_it_stands(void **state)
{
	(void)state;
	expect_error(9321, "11004", "BASE", 11004);
	expect_error(9321, "", "11004", 11004);
	expect_error(9321, "ncacn_ip_tcp", "1720", 1720);
	expect_error(9321, "1720", "ncacn_ip_tcp", 1720);
	expect_error(9321,
		     "An RPC communications error occurred. An attempt to listen over RPC has "
		     "failed. NT Error: 11004. [ BASE IL MAIN BASE 1 504] (14)",
		     "", 11004);
	expect_error(9321, "NT-Fehler: 1720. [ncacn_ip_tcp BASE IL 11 504] (14)", "", 1720);
	expect_error(9318, "76", "1722", 1722);
	expect_error(9318,
		     "Unable to bind over RPC. Locality Table (LTAB) index: 151, NT/MTA error "
		     "code: 1722. Comms error 1722, Bind error 1722",
		     "", 1722);
	expect_error(9322, "68", "5", 5);
	const char *last[] = { "ncacn_ip_tcp", "BASE", "11004" };
	const struct host_event event = { .id = 9321, .strings = last, .n_strings = 3 };
	assert_int_equal(mta_starts_nt_error(&event), 11004);
}

static void a_number_that_is_none_of_the_error_is_never_taken(void **state)
{
	(void)state;
	expect_error(9321, "", "", REPORT_ABSENT);
	expect_error(9321, "An RPC communication error has occurred.", "BASE", REPORT_ABSENT);
	expect_error(9321, "listen on 10.0.0.5 failed", "x1720", REPORT_ABSENT);
	expect_error(9321, "99999999999", "", REPORT_ABSENT);
	expect_error(9318, "LTAB index is 76. Windows NT error code: XXXX.", "", REPORT_ABSENT);
	expect_error(9266, "4", "BASE", REPORT_ABSENT);
	const struct host_event empty = { .id = 9321 };
	assert_int_equal(mta_starts_nt_error(&empty), REPORT_ABSENT);
}

static void a_build_needs_both_its_halves(void **state)
{
	(void)state;
	const char *text = "startup complete, version 5.0 (build 1457.8). [BASE IL MAIN 31 490]";
	const char *halves[] = { "5.5", "2654.54" };
	const char *one = "startup complete, version 4 (build 995.54).";
	const struct host_event formatted = { .id = 9298, .strings = &text, .n_strings = 1 };
	const struct host_event parted = { .id = 9298, .strings = halves, .n_strings = 2 };
	const struct host_event half = { .id = 9298, .strings = &one, .n_strings = 1 };
	assert_string_equal(mta_starts_build(&formatted, &arena), "5.0.1457.8");
	assert_string_equal(mta_starts_build(&parted, &arena), "5.5.2654.54");
	assert_null(mta_starts_build(&half, &arena));
}

/* The sentence may be in any language and hold any number; the error is that of the strings. */
static void the_words_of_a_message_file_are_the_text_and_only_that(void **state)
{
	(void)state;
	struct host_event events[] = { LISTEN(10, "11004"), FATAL(11) };
	events[0].text = "RPC-Fehler 1720. NT Error: 11004. [ BASE IL MAIN BASE 1 504] (14)";
	struct mta_starts h = JUDGE(events, SERVICE_STATE_STOPPED);
	assert_string_equal(h.last_start.events[0].text, events[0].text);
	assert_int_equal(h.last_start.events[0].nt_error, 11004);
	assert_string_equal(h.last_start.events[1].text, "4 BASE IL MAIN BASE 1 173 16");
}

static void the_text_of_an_event_fits_into_a_report(void **state)
{
	(void)state;
	char text[2 * REPORT_MAX_STRING];
	memset(text, 'x', sizeof text);
	memcpy(text + REPORT_MAX_STRING - 1, "\xC3\xBC", 2);
	text[sizeof text - 1] = '\0';
	const struct host_event events[] = { EVENT(9321, 1, "11004", text) };
	const struct host_event cut[] = { EVENT(9321, 1, text) };
	assert_int_equal(strlen(JUDGE(events, SERVICE_STATE_STOPPED).last_start.events[0].text),
			 REPORT_MAX_STRING);
	assert_int_equal(strlen(JUDGE(cut, SERVICE_STATE_STOPPED).last_start.events[0].text),
			 REPORT_MAX_STRING - 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(no_event_says_nothing),
		TEST(a_startup_is_a_start_and_tells_its_build),
		TEST(the_articles_failure_is_one_failed_start),
		TEST(a_start_after_the_failure_leaves_it_in_the_past),
		TEST(two_failures_at_once_are_two_starts),
		TEST(the_fatal_event_may_come_first),
		TEST(several_listens_belong_to_one_start),
		TEST(a_listen_that_failed_in_a_start_that_succeeded_is_no_failure),
		TEST(a_long_pause_parts_two_starts),
		TEST(record_order_counts_and_not_the_clock),
		TEST(a_closedown_after_a_failure_changes_nothing),
		TEST(trouble_of_a_running_mta_is_no_start),
		TEST(a_start_under_way_does_not_count_yet),
		TEST(a_fatal_event_ends_a_start_even_while_the_next_is_pending),
		TEST(a_flood_of_side_events_never_hides_what_decides),
		TEST(the_error_is_found_wherever_it_stands),
		TEST(a_number_that_is_none_of_the_error_is_never_taken),
		TEST(a_build_needs_both_its_halves),
		TEST(the_words_of_a_message_file_are_the_text_and_only_that),
		TEST(the_text_of_an_event_fits_into_a_report),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
