/* What was known of a server at a moment, worked out of its history. */
#include "collector/model/past.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/base/count.h"
#include "proto/base/timestamp.h"

static const struct past_now nobody = { .is_there = false };
static const struct past_now clear_now = { .is_there = true,
					   .verdict = VERDICT_CLEAR,
					   .since_ms = 50,
					   .organization = "ACME",
					   .site = "HQ" };

#define VERDICT(at, before, after, reasons)                                                        \
	{                                                                                          \
		"a", at, "verdict",                                                                \
			"{\"before\":" before ",\"after\":\"" after "\",\"reasons\":[" reasons     \
			"]}"                                                                       \
	}
#define SILENT(at, is)                                                                             \
	{                                                                                          \
		"a", at, "silent", "{\"silent\":" is "}"                                           \
	}
#define REPORTED(at)                                                                               \
	{                                                                                          \
		"a", at, "reported", "{}"                                                          \
	}
#define REMOVED(at)                                                                                \
	{                                                                                          \
		"a", at, "removed", "{\"by\":\"me\",\"reason\":\"\"}"                              \
	}
#define MOVED(at, from, to)                                                                        \
	{                                                                                          \
		"a", at, "place",                                                                  \
			"{\"before\":{\"organization\":\"ACME\",\"site\":\"" from                  \
			"\",\"server\":\"A\"},\"after\":{\"organization\":\"ACME\",\"site\":\"" to \
			"\",\"server\":\"A\"}}"                                                    \
	}

static const char *time_or(int64_t ms, char text[16])
{
	snprintf(text, 16, "%lld", (long long)ms);
	return ms == TIMESTAMP_NONE ? "-" : text;
}

/* "VERDICT since REASONS SITE", "silent" in front; or "unknown"; and behind: before, after. */
static const char *describe(const struct record_event *events, size_t n, const struct past_now *now,
			    int64_t at_ms)
{
	static char text[256];
	char since[16];
	char before[16];
	char after[16];
	struct past_server then;
	struct arena arena;
	struct past past;

	arena_init(&arena);
	past_begin(&past, at_ms);
	for (size_t i = 0; i < n; i++)
		past_take(&past, &events[i], (int64_t)i);
	past_end(&past, now, &arena, &then);
	snprintf(text, sizeof text, "%s%s %s %s %s | %s %s", then.silent ? "silent " : "",
		 then.is_known ? verdict_name(then.verdict) : "nobody",
		 time_or(then.since_ms, since), then.reasons_json ? then.reasons_json : "-",
		 then.site ? then.site : "-", time_or(then.before_ms, before),
		 time_or(then.after_ms, after));
	arena_deinit(&arena);
	return text;
}

#define AT(events, now, at_ms) describe(events, COUNT(events), now, at_ms)

static void the_verdict_is_the_one_that_was_told_last(void **state)
{
	const struct record_event events[] = {
		REPORTED(10),
		VERDICT(10, "null", "unknown", ""),
		VERDICT(20, "\"unknown\"", "exposed", "\"adapter_isolated\""),
		VERDICT(50, "\"exposed\"", "clear", ""),
	};
	(void)state;

	assert_string_equal(AT(events, &clear_now, 9), "nobody - - HQ | - 10");
	assert_string_equal(AT(events, &clear_now, 10), "unknown 10 [] HQ | - 20");
	assert_string_equal(AT(events, &clear_now, 20),
			    "exposed 20 [\"adapter_isolated\"] HQ | 10 50");
	assert_string_equal(AT(events, &clear_now, 49),
			    "exposed 20 [\"adapter_isolated\"] HQ | 20 50");
	assert_string_equal(AT(events, &clear_now, 99), "clear 50 [] HQ | 50 -");
}

static void silence_lasts_until_the_next_report(void **state)
{
	const struct record_event events[] = { REPORTED(10), VERDICT(10, "null", "clear", ""),
					       SILENT(30, "true"), SILENT(60, "false") };
	(void)state;

	assert_string_equal(AT(events, &clear_now, 29), "clear 10 [] HQ | 10 30");
	assert_string_equal(AT(events, &clear_now, 30), "silent clear 10 [] HQ | 10 60");
	assert_string_equal(AT(events, &clear_now, 60), "clear 10 [] HQ | 30 -");
}

static void one_that_was_removed_is_nobody_until_it_comes_back(void **state)
{
	const struct record_event events[] = {
		REPORTED(10), VERDICT(10, "null", "exposed", ""), SILENT(20, "true"), REMOVED(30),
		REPORTED(40), VERDICT(40, "null", "clear", ""),
	};
	(void)state;

	assert_string_equal(AT(events, &clear_now, 29), "silent exposed 10 [] HQ | 20 30");
	assert_string_equal(AT(events, &clear_now, 30), "silent nobody 10 [] HQ | 20 40");
	assert_string_equal(AT(events, &clear_now, 40), "clear 40 [] HQ | 30 -");
	assert_string_equal(describe(events, 4, &nobody, 25), "silent exposed 10 [] - | 20 30");
}

static void a_server_is_where_it_was(void **state)
{
	const struct record_event events[] = { REPORTED(10), VERDICT(10, "null", "clear", ""),
					       MOVED(20, "LAB", "BRANCH"),
					       MOVED(30, "BRANCH", "HQ") };
	(void)state;

	assert_string_equal(AT(events, &clear_now, 15), "clear 10 [] LAB | 10 20");
	assert_string_equal(AT(events, &clear_now, 25), "clear 10 [] BRANCH | 20 30");
	assert_string_equal(AT(events, &clear_now, 35), "clear 10 [] HQ | 30 -");
}

static void what_is_not_kept_any_more_is_told_by_what_came_after_it(void **state)
{
	const struct record_event events[] = { VERDICT(50, "\"exposed\"", "clear", ""),
					       SILENT(60, "false") };
	const struct record_event others[] = { SILENT(90, "true") };
	(void)state;

	assert_string_equal(AT(events, &clear_now, 40), "silent exposed - - HQ | - 50");
	assert_string_equal(AT(events, &clear_now, 50), "silent clear 50 [] HQ | - 60");
	assert_string_equal(AT(others, &clear_now, 70), "clear 50 - HQ | - 90");
	assert_string_equal(describe(NULL, 0, &clear_now, 70), "clear 50 - HQ | - -");
	assert_string_equal(describe(NULL, 0, &clear_now, 40), "nobody - - HQ | - -");
}

/* An agent delivers late what it has seen: an older moment, and yet what is known since. */
static void of_two_changes_the_one_that_came_later_counts(void **state)
{
	const struct record_event came[] = { REPORTED(10), VERDICT(10, "null", "clear", ""),
					     VERDICT(30, "\"clear\"", "exposed", ""),
					     VERDICT(20, "\"exposed\"", "failing", "") };
	(void)state;

	assert_string_equal(AT(came, &nobody, 15), "clear 10 [] - | 10 20");
	assert_string_equal(AT(came, &nobody, 25), "failing 20 [] - | 20 30");
	assert_string_equal(AT(came, &nobody, 35), "failing 20 [] - | 30 -");
}

static void what_is_damaged_is_left_out(void **state)
{
	const struct record_event events[] = { REPORTED(10),
					       VERDICT(10, "null", "clear", ""),
					       { "a", 20, "verdict", "{\"after\":\"\\u12" },
					       { "a", 25, "files", "{\"too_long\":true}" } };
	(void)state;

	assert_string_equal(AT(events, &nobody, 30), "clear 10 [] - | 25 -");
}

static void codes_are_what_is_left_of_the_findings(void **state)
{
	struct arena arena;
	(void)state;

	arena_init(&arena);
	assert_string_equal(past_findings("[\"adapter_isolated\",\"x\"]", &arena),
			    "\"reasons\":[{\"code\":\"adapter_isolated\",\"text\":\"Adapter "
			    "isolated\",\"evidence\":{}},{\"code\":\"x\",\"text\":\"X\","
			    "\"evidence\":{}}],\"remedy\":{\"options\":[]}");
	assert_string_equal(past_findings(NULL, &arena),
			    "\"reasons\":[],\"remedy\":{\"options\":[]}");
	arena_deinit(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_verdict_is_the_one_that_was_told_last),
		cmocka_unit_test(silence_lasts_until_the_next_report),
		cmocka_unit_test(one_that_was_removed_is_nobody_until_it_comes_back),
		cmocka_unit_test(a_server_is_where_it_was),
		cmocka_unit_test(what_is_not_kept_any_more_is_told_by_what_came_after_it),
		cmocka_unit_test(of_two_changes_the_one_that_came_later_counts),
		cmocka_unit_test(what_is_damaged_is_left_out),
		cmocka_unit_test(codes_are_what_is_left_of_the_findings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
