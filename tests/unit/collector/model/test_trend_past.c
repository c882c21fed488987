/* The trend of the past, worked out of the history of servers. */
#include "collector/model/trend_past.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/base/buffer.h"
#include "proto/base/count.h"
#include "tests/unit/rows.h"

#define HOUR_MS (INT64_C(3600) * 1000)
#define DAY_MS  (24 * HOUR_MS)

/* The moment of a day and an hour, and some minutes. */
#define AT(day, hour, minute) ((day)*DAY_MS + (hour)*HOUR_MS + (minute)*INT64_C(60000))

#define NOW AT(100, 5, 30)

static struct record_event verdict(int64_t at_ms, const char *detail)
{
	return (struct record_event){ .at_ms = at_ms, .kind = "verdict", .detail = detail };
}

#define IS_EXPOSED "{\"before\":null,\"after\":\"exposed\",\"reasons\":[]}"
#define IS_CLEAR   "{\"before\":\"exposed\",\"after\":\"clear\",\"reasons\":[]}"

/*
 * "PLACE DAY.HOUR exposed clear silent", of each row a line; "/" stands between names of a place.
 */
static const char *describe(struct trend_past *past)
{
	static char text[8192];
	struct record_trend *rows;
	struct buffer out;
	struct arena arena;
	size_t n;

	arena_init(&arena);
	buffer_init(&out);
	trend_past_rows(past, &arena, &rows, &n);
	for (size_t i = 0; i < n; i++) {
		char place[64];
		snprintf(place, sizeof place, "%s", rows[i].area);
		for (char *at = place; *at; at++)
			*at = *at == '\n' ? '/' : *at;
		buffer_printf(&out, "%s %d.%d %d %d %d\n", place, (int)(rows[i].at_ms / DAY_MS),
			      (int)(rows[i].at_ms % DAY_MS / HOUR_MS),
			      (int)rows[i].by_verdict[VERDICT_EXPOSED],
			      (int)rows[i].by_verdict[VERDICT_CLEAR], (int)rows[i].silent);
		assert_int_equal(
			rows[i].total,
			rows[i].by_verdict[VERDICT_EXPOSED] + rows[i].by_verdict[VERDICT_CLEAR] +
				(rows[i].by_verdict[VERDICT_EXPOSED] ? 0 : rows[i].silent));
	}
	buffer_add_char(&out, '\0');
	snprintf(text, sizeof text, "%s", out.bytes);
	buffer_deinit(&out);
	arena_deinit(&arena);
	trend_past_free(past);
	return text;
}

static void add(struct trend_past *past, const char *site, const struct record_event *events,
		size_t n)
{
	const struct trend_past_server server = { "ACME", site, events, n };

	trend_past_add(past, &server);
}

static void a_site_has_a_row_for_each_hour_that_changed_something(void **state)
{
	const struct record_event events[] = {
		{ .at_ms = AT(100, 1, 10), .kind = "reported", .detail = "{}" },
		verdict(AT(100, 1, 10), IS_EXPOSED),
		verdict(AT(100, 3, 0), IS_CLEAR)
	};
	const struct record_event others[] = { verdict(AT(100, 1, 20), IS_EXPOSED),
					       verdict(AT(100, 1, 40), IS_CLEAR) };
	struct trend_past *past = trend_past_new(NOW, 60, 365);
	(void)state;

	add(past, "HQ", events, COUNT(events));
	add(past, "hq", others, COUNT(others));
	assert_string_equal(describe(past), "acme/hq 100.2 1 1 0\n"
					    "acme/hq 100.3 0 2 0\n"
					    " 100.2 1 1 0\n"
					    " 100.3 0 2 0\n"
					    " 100.4 0 2 0\n"
					    " 100.5 0 2 0\n");
}

static void what_is_older_is_told_by_the_day(void **state)
{
	const struct record_event events[] = { verdict(AT(96, 1, 10), IS_EXPOSED),
					       verdict(AT(96, 2, 10), IS_CLEAR),
					       verdict(AT(97, 2, 10), IS_EXPOSED),
					       verdict(AT(99, 23, 10), IS_CLEAR) };
	struct trend_past *past = trend_past_new(AT(100, 1, 30), 1, 365);
	(void)state;

	add(past, "HQ", events, COUNT(events));
	const char *text = describe(past);
	const char *begin = "acme/hq 97.0 0 1 0\nacme/hq 98.0 1 0 0\nacme/hq 100.0 0 1 0\n"
			    " 97.0 0 1 0\n 98.0 1 0 0\n 99.0 1 0 0\n 99.1 1 0 0\n";
	assert_memory_equal(text, begin, strlen(begin));
	assert_non_null(strstr(text, " 99.23 1 0 0\n 100.0 0 1 0\n 100.1 0 1 0\n"));
}

/* As the lists count: what was good of a silent server is good no longer, what was bad stays. */
static void a_silent_server_that_was_well_counts_as_silent_alone(void **state)
{
	static const struct {
		const char *detail;
		const char *rows;
	} rows[] = {
		{ IS_CLEAR,
		  "acme/hq 100.4 0 1 0\nacme/hq 100.5 0 0 1\n 100.4 0 1 0\n 100.5 0 0 1\n" },
		{ IS_EXPOSED,
		  "acme/hq 100.4 1 0 0\nacme/hq 100.5 1 0 1\n 100.4 1 0 0\n 100.5 1 0 1\n" },
	};
	(void)state;

	for_each_row(i, rows) {
		const struct record_event events[] = {
			verdict(AT(100, 3, 10), rows[i].detail),
			{ .at_ms = AT(100, 4, 10), .kind = "silent", .detail = "{\"silent\":true}" }
		};
		struct trend_past *past = trend_past_new(NOW, 60, 365);
		add(past, "HQ", events, COUNT(events));
		assert_string_equal(describe(past), rows[i].rows);
	}
}

/* What is told of the time before there was a collector was reported later. */
static void nobody_was_silent_before_there_was_a_collector(void **state)
{
	const struct record_event events[] = {
		verdict(AT(100, 2, 10), IS_CLEAR),
		{ .at_ms = AT(100, 3, 10), .kind = "silent", .detail = "{\"silent\":true}" }
	};
	struct trend_past *past = trend_past_new(NOW, 60, 365);
	(void)state;

	trend_past_watched_from(past, AT(100, 3, 11));
	add(past, "HQ", events, COUNT(events));
	assert_non_null(strstr(describe(past), " 100.5 0 1 0\n"));
	past = trend_past_new(NOW, 60, 365);
	trend_past_watched_from(past, AT(100, 3, 10));
	add(past, "HQ", events, COUNT(events));
	assert_non_null(strstr(describe(past), " 100.5 0 0 1\n"));
}

static void a_server_counts_where_it_was(void **state)
{
	const struct record_event events[] = {
		verdict(AT(100, 2, 10), IS_EXPOSED),
		{ .at_ms = AT(100, 3, 10),
		  .kind = "place",
		  .detail = "{\"before\":{\"organization\":\"ACME\",\"site\":\"Z\\u00fcrich\"},"
			    "\"after\":{\"organization\":\"ACME\",\"site\":\"HQ\"}}" }
	};
	struct trend_past *past = trend_past_new(NOW, 60, 365);
	(void)state;

	add(past, "HQ", events, COUNT(events));
	const char *text = describe(past);
	assert_non_null(strstr(text, "acme/zürich 100.3 1 0 0\nacme/zürich 100.4 0 0 0\n"));
	assert_non_null(strstr(text, "acme/hq 100.4 1 0 0\n"));
}

static void one_that_was_removed_counts_for_the_fleet_until_then(void **state)
{
	const struct record_event events[] = { verdict(AT(100, 2, 10), IS_EXPOSED),
					       { .at_ms = AT(100, 3, 10),
						 .kind = "removed",
						 .detail = "{\"by\":\"x\",\"reason\":\"\"}" } };
	struct trend_past *past = trend_past_new(NOW, 60, 365);
	(void)state;

	add(past, NULL, events, COUNT(events));
	assert_string_equal(describe(past), " 100.3 1 0 0\n 100.4 0 0 0\n 100.5 0 0 0\n");
}

static void what_is_damaged_or_to_come_is_left_out(void **state)
{
	const struct record_event events[] = { verdict(AT(100, 2, 10), "{\"after\":\"\\u12"),
					       verdict(AT(100, 2, 20), IS_EXPOSED),
					       verdict(INT64_MAX, IS_CLEAR) };
	const struct record_event ancient[] = { verdict(INT64_MIN, IS_CLEAR) };
	struct trend_past *past = trend_past_new(AT(100, 3, 30), 60, 365);
	(void)state;

	add(past, "HQ", events, COUNT(events));
	assert_string_equal(describe(past), "acme/hq 100.3 1 0 0\n 100.3 1 0 0\n");
	past = trend_past_new(AT(100, 3, 30), 60, 2);
	add(past, "HQ", ancient, COUNT(ancient));
	assert_memory_equal(describe(past), "acme/hq 98.4 0 1 0\n 98.4 0 1 0\n 98.5 0 1 0\n", 43);
}

static void without_history_there_is_no_past(void **state)
{
	(void)state;
	assert_string_equal(describe(trend_past_new(NOW, 60, 365)), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_site_has_a_row_for_each_hour_that_changed_something),
		cmocka_unit_test(what_is_older_is_told_by_the_day),
		cmocka_unit_test(a_silent_server_that_was_well_counts_as_silent_alone),
		cmocka_unit_test(nobody_was_silent_before_there_was_a_collector),
		cmocka_unit_test(a_server_counts_where_it_was),
		cmocka_unit_test(one_that_was_removed_counts_for_the_fleet_until_then),
		cmocka_unit_test(what_is_damaged_or_to_come_is_left_out),
		cmocka_unit_test(without_history_there_is_no_past),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
