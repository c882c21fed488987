/* In which order collectors are asked, by a clock that the test sets. */
#include "agent/uplink/ring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/platform/ticks.h"

#define NO_JITTER 0x7fff /* a rest is what the backoff says, within a thousandth */
#define LONGEST_S 300

static struct ring ring;
static uint32_t now_ms;

static int begin(void **state)
{
	(void)state;
	ring = (struct ring){ .n = 4 };
	now_ms = 1000;
	return 0;
}

/* "2301": who is to be asked now; 10 never comes. */
static const char *order(void)
{
	static char text[RING_MAX + 1];
	size_t places[RING_MAX];
	size_t n = ring_order(&ring, now_ms, places);

	for (size_t i = 0; i < n; i++)
		text[i] = (char)('0' + places[i]);
	text[n] = '\0';
	return text;
}

static void pass(size_t place)
{
	ring_pass(&ring, place, now_ms, LONGEST_S, 0, NO_JITTER);
}

static void the_first_is_asked_first_and_the_others_in_their_order(void **state)
{
	(void)state;
	assert_string_equal(order(), "0123");
	ring_stay(&ring, 0, now_ms);
	now_ms += RING_RETURN_MS;
	assert_string_equal(order(), "0123");
}

static void the_agent_stays_where_it_was_taken(void **state)
{
	(void)state;
	pass(0);
	pass(1);
	ring_stay(&ring, 2, now_ms);
	now_ms += RING_RETURN_MS - 1;
	assert_string_equal(order(), "2301");
	ring_stay(&ring, 2, now_ms);
	assert_string_equal(order(), "2301");
}

static void it_asks_the_first_again_after_an_hour_and_then_where_it_was(void **state)
{
	(void)state;
	pass(0);
	ring_stay(&ring, 2, now_ms);
	now_ms += RING_RETURN_MS;
	assert_string_equal(order(), "0231");
	/* In vain: the first has another hour, and nobody is asked twice. */
	pass(0);
	ring_stay(&ring, 2, now_ms);
	now_ms += RING_RETURN_MS - 1;
	assert_string_equal(order(), "2301");
	now_ms++;
	assert_string_equal(order(), "0231");
	ring_stay(&ring, 0, now_ms);
	now_ms += RING_RETURN_MS;
	assert_string_equal(order(), "0123");
}

static void the_hour_counts_from_when_the_first_was_left(void **state)
{
	(void)state;
	ring_stay(&ring, 1, now_ms);
	now_ms += RING_RETURN_MS / 2;
	ring_stay(&ring, 3, now_ms);
	now_ms += RING_RETURN_MS / 2;
	assert_string_equal(order(), "0312");
}

static void who_took_nothing_rests_longer_each_time(void **state)
{
	static const uint32_t seconds[] = { 2, 4, 8, 16, 32, 64, 128, 256, LONGEST_S, LONGEST_S };
	(void)state;

	for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++) {
		pass(0);
		now_ms += seconds[i] * 999;
		assert_string_equal(order(), "123");
		now_ms += seconds[i] * 2;
		assert_string_equal(order(), "0123");
	}
	/* Where reports go again, everybody begins with the shortest rest. */
	ring_stay(&ring, 1, now_ms);
	pass(0);
	now_ms += 2001;
	assert_string_equal(order(), "1230");
}

static void a_rest_is_as_long_as_was_asked_for(void **state)
{
	(void)state;
	ring_pass(&ring, 0, now_ms, LONGEST_S, 3600, NO_JITTER);
	now_ms += 3599 * 1000;
	assert_string_equal(order(), "123");
	now_ms += 2000;
	assert_string_equal(order(), "0123");
	ring_pass(&ring, 0, now_ms, 1, 0, NO_JITTER); /* an interval of a second */
	now_ms += 1001;
	assert_string_equal(order(), "0123");
}

static void jitter_is_a_quarter_less_or_more(void **state)
{
	(void)state;
	for (uint32_t random = 0; random <= UINT16_MAX; random += 257) {
		ring_pass(&ring, 0, now_ms, LONGEST_S, 3600, (uint16_t)random);
		assert_in_range(ring.places[0].rest_ms, 2700000, 4502000);
	}
	ring_stay(&ring, 0, now_ms);
	ring_pass(&ring, 0, now_ms, LONGEST_S, 4, 0);
	assert_int_equal(ring.places[0].rest_ms, 3000);
	ring_pass(&ring, 0, now_ms, LONGEST_S, 5, UINT16_MAX);
	assert_in_range(ring.places[0].rest_ms, 6200, 6300);
}

static void the_wait_is_that_for_the_first_who_has_rested(void **state)
{
	(void)state;
	assert_int_equal(ring_wait_ms(&ring, now_ms), 0);
	for (size_t i = 0; i < ring.n; i++)
		ring_pass(&ring, i, now_ms, LONGEST_S, 10 + (uint32_t)i, NO_JITTER);
	assert_in_range(ring_wait_ms(&ring, now_ms), 9999, 10001);
	now_ms += 4000;
	assert_in_range(ring_wait_ms(&ring, now_ms), 5999, 6001);
	assert_string_equal(order(), "");
	now_ms += 60000;
	assert_int_equal(ring_wait_ms(&ring, now_ms), 0);
}

/* GetTickCount() begins anew after 49.7 days. */
static void nothing_changes_where_the_clock_begins_anew(void **state)
{
	(void)state;
	now_ms = UINT32_MAX - 500;
	pass(0);
	ring_stay(&ring, 1, now_ms);
	now_ms += 1000; /* it shows less than before */
	assert_string_equal(order(), "123");
	now_ms += 1001;
	assert_string_equal(order(), "1230");
	now_ms = UINT32_MAX - 500 + RING_RETURN_MS - 1;
	assert_string_equal(order(), "1230");
	now_ms++;
	assert_string_equal(order(), "0123");
}

/* A rest that is over does not come back when the clock shows its time again. */
static void a_round_later_nobody_rests_from_then(void **state)
{
	struct ticks ticks = { 0 };
	uint64_t of_host_ms = 0;
	(void)state;

	for (uint32_t day = 0; day < 120; day++) {
		of_host_ms = ticks_count(&ticks, day * UINT32_C(86400000));
		now_ms = (uint32_t)of_host_ms;
		assert_int_equal(strlen(order()), 4);
		assert_int_equal(ring_wait_ms(&ring, now_ms), 0);
		if (day == 0)
			ring_pass(&ring, 3, now_ms, LONGEST_S, 3600, NO_JITTER);
	}
	assert_true(of_host_ms > 2 * (uint64_t)UINT32_MAX);
	now_ms = 1800000; /* of the third round, half an hour after the failure's tick */
	assert_int_equal(strlen(order()), 4);
}

static void one_collector_is_a_ring_of_one(void **state)
{
	(void)state;
	ring.n = 1;
	assert_string_equal(order(), "0");
	pass(0);
	assert_string_equal(order(), "");
	now_ms += RING_RETURN_MS;
	assert_string_equal(order(), "0");
	ring_stay(&ring, 0, now_ms);
	assert_string_equal(order(), "0");
}

static void eight_are_asked_once_each_wherever_the_agent_is(void **state)
{
	(void)state;
	for (size_t at = 0; at < RING_MAX; at++) {
		for (uint32_t later = 0; later < 2; later++) {
			bool asked[RING_MAX] = { false };
			ring = (struct ring){ .n = RING_MAX };
			ring_stay(&ring, at, now_ms);
			now_ms += later * RING_RETURN_MS;
			const char *text = order();
			assert_int_equal(strlen(text), RING_MAX);
			for (size_t i = 0; i < RING_MAX; i++)
				asked[text[i] - '0'] = true;
			for (size_t i = 0; i < RING_MAX; i++)
				assert_true(asked[i]);
			assert_int_equal(text[0] - '0', later ? 0 : at);
		}
	}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, begin)
	const struct CMUnitTest tests[] = {
		TEST(the_first_is_asked_first_and_the_others_in_their_order),
		TEST(the_agent_stays_where_it_was_taken),
		TEST(it_asks_the_first_again_after_an_hour_and_then_where_it_was),
		TEST(the_hour_counts_from_when_the_first_was_left),
		TEST(who_took_nothing_rests_longer_each_time),
		TEST(a_rest_is_as_long_as_was_asked_for),
		TEST(jitter_is_a_quarter_less_or_more),
		TEST(the_wait_is_that_for_the_first_who_has_rested),
		TEST(nothing_changes_where_the_clock_begins_anew),
		TEST(a_round_later_nobody_rests_from_then),
		TEST(one_collector_is_a_ring_of_one),
		TEST(eight_are_asked_once_each_wherever_the_agent_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
