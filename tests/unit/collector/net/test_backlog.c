/* Who goes when too much waits for slow peers (collector/net/backlog.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "collector/net/backlog.h"

#define N 8

/* Of 1600 bytes strangers get 400. */
#define MAX 1600

struct peer {
	struct backlog_share share;
	uint64_t taken;
	int is_cut;
};

static struct peer peers[N];
static struct backlog backlog;

static uint64_t taken_of(void *user)
{
	const struct peer *peer = user;
	return peer->taken;
}

static void cut(void *user)
{
	struct peer *peer = user;
	peer->is_cut++;
}

static const struct backlog_events events = { .taken = taken_of, .cut = cut };

static int enter_all(void **state)
{
	(void)state;
	backlog_init(&backlog, MAX, &events);
	for (size_t i = 0; i < N; i++) {
		peers[i] = (struct peer){ 0 };
		backlog_enter(&backlog, &peers[i].share, &peers[i]);
	}
	return 0;
}

static void hold_of_each(size_t bytes, uint64_t now_ms)
{
	for (size_t i = 0; i < N; i++)
		backlog_set_bytes(&peers[i].share, bytes, now_ms);
}

static void the_slowest_go_first(void **state)
{
	(void)state;
	hold_of_each(50, 1000);
	assert_int_equal(backlog_bytes(&backlog), 400);
	for (size_t i = 0; i < N; i++)
		peers[i].taken = (i * 3) % N * 1000; /* the third but one is the second slowest */
	backlog_set_bytes(&peers[7].share, 51, 11000);
	assert_true(peers[0].is_cut && peers[3].is_cut);
	assert_int_equal(backlog.n_crowded, 2);
	assert_int_equal(backlog_bytes(&backlog), 301);
}

static void among_the_equally_slow_who_has_waited_longest_goes(void **state)
{
	(void)state;
	for (size_t i = 0; i < N; i++)
		backlog_set_bytes(&peers[i].share, 50, 1000 + (i + 3) % N);
	backlog_set_bytes(&peers[6].share, 60, 1010);
	assert_true(peers[5].is_cut && peers[6].is_cut);
	assert_int_equal(backlog.n_crowded, 2);
}

static void strangers_take_nothing_of_those_who_are_known(void **state)
{
	(void)state;
	backlog_set_bytes(&peers[0].share, 300, 1000);
	backlog_mark_known(&peers[0].share);
	backlog_set_bytes(&peers[0].share, 1200, 1000);
	backlog_set_bytes(&peers[1].share, 400, 1000);
	assert_int_equal(backlog_bytes(&backlog), MAX);
	backlog_set_bytes(&peers[2].share, 1, 1001);
	assert_true(!peers[0].is_cut && peers[1].is_cut && !peers[2].is_cut);
	assert_int_equal(backlog_bytes(&backlog), 1201);
}

static void one_that_has_left_holds_nothing_whatever_it_is_told(void **state)
{
	(void)state;
	backlog_set_bytes(&peers[0].share, 300, 1000);
	backlog_leave(&peers[0].share);
	backlog_set_bytes(&peers[0].share, 500, 1000);
	backlog_leave(&peers[0].share);
	assert_int_equal(backlog_bytes(&backlog), 0);
	assert_int_equal(backlog_next_check(&peers[0].share), UINT64_MAX);
}

static void a_rate_is_looked_at_when_its_window_ends(void **state)
{
	(void)state;
	struct peer *peer = &peers[0];
	uint64_t end = 1000 + BACKLOG_WINDOW_MS;
	uint64_t enough = BACKLOG_MIN_BYTES_PER_S * BACKLOG_WINDOW_MS / 1000;

	peer->taken = 7;
	backlog_set_bytes(&peer->share, 100, 1000);
	assert_int_equal(backlog_next_check(&peer->share), end);
	assert_false(backlog_is_too_slow(&peer->share, end - 1));
	peer->taken += enough;
	assert_false(backlog_is_too_slow(&peer->share, end));
	assert_int_equal(backlog_next_check(&peer->share), end + BACKLOG_WINDOW_MS);
	peer->taken += enough - 1;
	assert_true(backlog_is_too_slow(&peer->share, end + BACKLOG_WINDOW_MS));
	assert_int_equal(backlog.n_slow, 1);
}

static void a_tenth_of_a_modem_is_enough(void **state)
{
	(void)state;
	assert_true(BACKLOG_MIN_BYTES_PER_S * 10 < 28800 / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_slowest_go_first, enter_all),
		cmocka_unit_test_setup(among_the_equally_slow_who_has_waited_longest_goes,
				       enter_all),
		cmocka_unit_test_setup(strangers_take_nothing_of_those_who_are_known, enter_all),
		cmocka_unit_test_setup(one_that_has_left_holds_nothing_whatever_it_is_told,
				       enter_all),
		cmocka_unit_test_setup(a_rate_is_looked_at_when_its_window_ends, enter_all),
		cmocka_unit_test(a_tenth_of_a_modem_is_enough),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
