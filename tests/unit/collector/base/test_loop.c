/* How long the turns of the loop take, waiting left out; and who asks for its end. */
#include "collector/base/loop.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

/* Long against what else a turn does on a machine that is busy with tests. */
#define HELD_MS UINT64_C(60)

static struct loop *loop;
static struct loop_timer *timer;
static unsigned n_fired;

static void end(void *user)
{
	(void)user;
	fail_msg("nobody asked for the end");
}

static void hold(void)
{
	struct timespec pause = { .tv_nsec = (long)HELD_MS * 1000 * 1000 };
	nanosleep(&pause, NULL);
}

static size_t count_longer_than_50_ms(void)
{
	const struct histogram *turns = loop_turns(loop);
	uint64_t n = turns->n;

	for (size_t i = 0; i < HISTOGRAM_N_BOUNDS && i <= 6; i++)
		n -= turns->within[i];
	return n;
}

static void on_waited(void *user)
{
	(void)user;
	if (++n_fired < 3)
		loop_timer_start(timer, 2 * HELD_MS); /* its clock stands while the turn lasts */
	else
		loop_timer_close(timer);
}

static void on_held(void *user)
{
	hold();
	on_waited(user);
}

static void run_with(void (*fire)(void *user))
{
	n_fired = 0;
	assert_int_equal(loop_open(&loop, end, NULL), STATUS_OK);
	timer = loop_timer_new(loop_uv(loop), fire, NULL);
	loop_timer_start(timer, 1);
	while (n_fired < 3)
		uv_run(loop_uv(loop), UV_RUN_ONCE);
	uv_run(loop_uv(loop), UV_RUN_NOWAIT);
}

static void close_loop(void)
{
	loop_release(loop);
	loop_run(loop);
	assert_int_equal(loop_close(loop), STATUS_OK);
}

static void a_turn_that_does_much_is_as_long_as_that(void **state)
{
	(void)state;
	run_with(on_held);
	assert_in_range(count_longer_than_50_ms(), 1, 3); /* late timers share a turn */
	/* What comes before the loop first waits is the start, and not counted. */
	assert_true(loop_turns(loop)->seconds >= 2 * (double)HELD_MS / 1000);
	close_loop();
}

static void what_the_loop_waits_is_left_out(void **state)
{
	uint64_t began_ns = loop_monotonic_ns();
	(void)state;
	run_with(on_waited);
	double all = (double)(loop_monotonic_ns() - began_ns) / 1e9;
	assert_in_range(count_longer_than_50_ms(), 0, loop_turns(loop)->n - 1);
	assert_true(loop_turns(loop)->seconds < all - 3 * (double)HELD_MS / 1000);
	close_loop();
}

static void count_ask(void *user)
{
	unsigned *n_asked = user;
	(*n_asked)++;
}

static void release_and_listen(void *user)
{
	(void)user;
	loop_release_and_listen(loop);
	loop_timer_close(timer);
}

static void release_as_somebody_asks(void *user)
{
	raise(SIGTERM);
	release_and_listen(user);
}

/* It has something to do still. */
static void ask_of_one_that_is_released(void *user)
{
	(void)user;
	if (++n_fired == 1) {
		loop_release_and_listen(loop);
		raise(SIGTERM);
		loop_timer_start(timer, 1);
	} else {
		loop_timer_close(timer);
	}
}

/* How often the end was asked for before the loop ran out. */
static unsigned count_asks(void (*fire)(void *user))
{
	unsigned n_asked = 0;

	n_fired = 0;
	assert_int_equal(loop_open(&loop, count_ask, &n_asked), STATUS_OK);
	timer = loop_timer_new(loop_uv(loop), fire, NULL);
	loop_timer_start(timer, 1);
	loop_run(loop);
	assert_int_equal(loop_close(loop), STATUS_OK);
	return n_asked;
}

static void who_asks_a_loop_that_is_released_and_listens_is_heard(void **state)
{
	(void)state;
	assert_int_equal(count_asks(ask_of_one_that_is_released), 1);
}

static void who_asks_in_its_last_turn_is_heard_by_it_or_by_the_next(void **state)
{
	(void)state;
	unsigned n_asked = count_asks(release_as_somebody_asks);
	assert_int_equal(n_asked + count_asks(release_and_listen), 1);
}

static void who_asks_between_two_loops_is_heard_by_the_second(void **state)
{
	(void)state;
	assert_int_equal(count_asks(release_and_listen), 0);
	raise(SIGTERM);
	assert_int_equal(count_asks(release_and_listen), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_turn_that_does_much_is_as_long_as_that),
		cmocka_unit_test(what_the_loop_waits_is_left_out),
		cmocka_unit_test(who_asks_a_loop_that_is_released_and_listens_is_heard),
		cmocka_unit_test(who_asks_in_its_last_turn_is_heard_by_it_or_by_the_next),
		cmocka_unit_test(who_asks_between_two_loops_is_heard_by_the_second),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
