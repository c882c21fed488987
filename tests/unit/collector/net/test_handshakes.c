/* Whose turn it is among handshakes, on a loop of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <uv.h>

#include "collector/net/handshakes.h"

#define LIMIT 2

struct one {
	struct handshake turn;
	bool admitted;
	bool evicted;
};

struct hall {
	uv_loop_t loop;
	struct handshakes handshakes;
	struct one ones[4];
};

static void on_admit(void *user)
{
	struct one *one = user;
	one->admitted = true;
}

static void on_evict(void *user)
{
	struct one *one = user;
	one->evicted = true;
}

static const struct handshake_events events = { .admit = on_admit, .evict = on_evict };

static void hall_open(struct hall *hall)
{
	*hall = (struct hall){ 0 };
	assert_int_equal(uv_loop_init(&hall->loop), 0);
	handshakes_init(&hall->handshakes, &hall->loop, LIMIT, &events);
}

static void hall_close(struct hall *hall)
{
	for (size_t i = 0; i < sizeof hall->ones / sizeof *hall->ones; i++)
		handshakes_leave(&hall->handshakes, &hall->ones[i].turn);
	handshakes_deinit(&hall->handshakes);
	uv_run(&hall->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&hall->loop), 0);
}

static bool enter(struct hall *hall, size_t i)
{
	return handshakes_enter(&hall->handshakes, &hall->ones[i].turn, &hall->ones[i]);
}

static void leave(struct hall *hall, size_t i)
{
	handshakes_leave(&hall->handshakes, &hall->ones[i].turn);
}

static void do_what_is_due(struct hall *hall)
{
	uv_sleep(2); /* timers are due in the next millisecond */
	uv_run(&hall->loop, UV_RUN_NOWAIT);
}

static void up_to_the_limit_they_run_and_past_it_they_wait_in_order(void **state)
{
	struct hall hall;
	(void)state;
	hall_open(&hall);
	assert_true(enter(&hall, 0));
	assert_true(enter(&hall, 1));
	assert_false(enter(&hall, 2));
	assert_false(enter(&hall, 3));
	leave(&hall, 1);
	assert_false(hall.ones[2].admitted); /* from the loop only */
	do_what_is_due(&hall);
	assert_true(hall.ones[2].admitted);
	assert_false(hall.ones[3].admitted);
	leave(&hall, 0);
	leave(&hall, 2);
	do_what_is_due(&hall);
	assert_true(hall.ones[3].admitted);
	leave(&hall, 3);
	leave(&hall, 3);
	hall_close(&hall);
}

static void who_waits_may_leave(void **state)
{
	struct hall hall;
	(void)state;
	hall_open(&hall);
	for (size_t i = 0; i < 4; i++)
		enter(&hall, i);
	leave(&hall, 2);
	leave(&hall, 0);
	do_what_is_due(&hall);
	assert_false(hall.ones[2].admitted);
	assert_true(hall.ones[3].admitted);
	hall_close(&hall);
}

static void one_that_does_not_end_gives_way_to_those_that_wait(void **state)
{
	struct hall hall;
	(void)state;
	hall_open(&hall);
	uint64_t began = uv_now(&hall.loop);
	for (size_t i = 0; i < 3; i++)
		enter(&hall, i);
	uv_run(&hall.loop, UV_RUN_DEFAULT); /* until its timer has nothing more to do */
	assert_true(hall.ones[2].admitted);
	assert_true(uv_now(&hall.loop) - began >= HANDSHAKES_CROWDED_MS);
	assert_true(hall.ones[0].evicted);
	assert_false(hall.ones[1].evicted);
	hall_close(&hall);
}

static void while_nobody_waits_nobody_has_to_give_way(void **state)
{
	struct hall hall;
	(void)state;
	hall_open(&hall);
	enter(&hall, 0);
	enter(&hall, 1);
	assert_int_equal(uv_run(&hall.loop, UV_RUN_NOWAIT), 0); /* no timer runs */
	hall_close(&hall);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(up_to_the_limit_they_run_and_past_it_they_wait_in_order),
		cmocka_unit_test(who_waits_may_leave),
		cmocka_unit_test(one_that_does_not_end_gives_way_to_those_that_wait),
		cmocka_unit_test(while_nobody_waits_nobody_has_to_give_way),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
