#include "collector/base/time_zone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include "collector/base/time_zone_rule.h"
#include "tests/unit/rows.h"

/* Odd offsets, the south, changes at midnight and over new year, no summer time, negative ones. */
static const char *const zones[] = {
	"UTC",           "Europe/Berlin",     "America/New_York",  "America/St_Johns",
	"Asia/Kolkata",  "Australia/Sydney",  "Pacific/Chatham",   "Pacific/Apia",
	"Africa/Cairo",  "Africa/Casablanca", "America/Sao_Paulo", "Europe/Dublin",
	"Asia/Tehran",   "America/Santiago",  "Asia/Jerusalem",    "Atlantic/Azores",
	"Asia/Kathmandu"
};

/* The C library's zone is that of the process, which here has one thread. */
static void assert_as_the_system(const char *name, const struct time_zone *zone, time_t seconds)
{
	struct time_zone_local local = time_zone_at(zone, (int64_t)seconds * 1000 + 7);
	struct tm tm;

	assert_non_null(localtime_r(&seconds, &tm));
	if (local.ms != ((int64_t)seconds + tm.tm_gmtoff) * 1000 + 7 ||
	    strcmp(local.name, tm.tm_zone) != 0)
		fail_msg("%s at %lld: %lld %s instead of %ld %s", name, (long long)seconds,
			 (long long)(local.ms / 1000 - seconds), local.name, tm.tm_gmtoff,
			 tm.tm_zone);
}

static void clocks_show_what_the_system_says(void **state)
{
	struct arena arena;
	const char *why = NULL;
	(void)state;

	for_each_row(i, zones) {
		arena_init(&arena);
		const struct time_zone *zone = time_zone_load(zones[i], &arena, &why);
		assert_non_null(zone);
		assert_int_equal(setenv("TZ", zones[i], 1), 0);
		tzset();
		/* 1997 to 2100, every 10 hours and a bit */
		for (time_t at = 852076800; at < 4102444800; at += 36611)
			assert_as_the_system(zones[i], zone, at);
		arena_deinit(&arena);
	}
}

static void a_zone_that_is_not_there_is_told(void **state)
{
	static const char *const wrong[] = {
		"", "/etc/passwd", "../../../etc/passwd", "Europe/Nowhere", "Europe", "tzdata.zi"
	};
	struct arena arena;
	(void)state;

	arena_init(&arena);
	for_each_row(i, wrong) {
		const char *why = NULL;
		assert_null(time_zone_load(wrong[i], &arena, &why));
		assert_non_null(why);
	}
	arena_deinit(&arena);
}

static void without_a_zone_it_is_utc(void **state)
{
	struct time_zone_local local = time_zone_at(NULL, 1234567890123);
	(void)state;

	assert_int_equal(local.ms, 1234567890123);
	assert_string_equal(local.name, "UTC");
}

static void what_is_no_rule_is_refused(void **state)
{
	static const char *const wrong[] = { "",
					     "CE-1",
					     "CET",
					     "CET-25",
					     "CET-1x",
					     "CET-1CEST",
					     "CET-1CEST,M3.5.0",
					     "CET-1CEST,M13.5.0,M10.5.0",
					     "CET-1CEST,M3.6.0,M10.5.0",
					     "CET-1CEST,M3.5.7,M10.5.0",
					     "CET-1CEST,M3.5.0,M10.5.0/168",
					     "CET-1CEST,J0,J365",
					     "CET-1CEST,J1,366",
					     "CET-1CEST,M3.5.0,M10.5.0,",
					     "<CET-1",
					     "CET--1" };
	struct time_zone_rule rule;
	(void)state;

	for_each_row(i, wrong) {
		if (time_zone_rule_read(wrong[i], &rule))
			fail_msg("'%s' was read", wrong[i]);
	}
}

static void days_of_the_year_are_counted(void **state)
{
	struct time_zone_rule rule;
	int32_t offset_s = 0;
	(void)state;

	/* the 1st of March, with and without the 29th of February (2028 and 2027) */
	assert_true(time_zone_rule_read("AAA0BBB,J60/0,J300", &rule));
	assert_string_equal(time_zone_rule_at(&rule, 1835481599, &offset_s), "AAA");
	assert_string_equal(time_zone_rule_at(&rule, 1835481600, &offset_s), "BBB");
	assert_int_equal(offset_s, 3600);
	assert_string_equal(time_zone_rule_at(&rule, 1803859199, &offset_s), "AAA");
	assert_string_equal(time_zone_rule_at(&rule, 1803859200, &offset_s), "BBB");
	assert_true(time_zone_rule_read("AAA0BBB-2,59/0,300", &rule));
	assert_string_equal(time_zone_rule_at(&rule, 1835395200, &offset_s), "BBB");
	assert_int_equal(offset_s, 7200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clocks_show_what_the_system_says),
		cmocka_unit_test(a_zone_that_is_not_there_is_told),
		cmocka_unit_test(without_a_zone_it_is_utc),
		cmocka_unit_test(what_is_no_rule_is_refused),
		cmocka_unit_test(days_of_the_year_are_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
