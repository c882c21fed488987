/*
 * Readers of events who are slow, leave, or stay until the end (collector/http/event_stream.h),
 * over real sockets (server_play.h). What is told to quick ones the integration tests show.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "collector/base/loop.h"
#include "collector/http/call.h"
#include "collector/http/event_stream.h"
#include "collector/net/conn.h"
#include "tests/unit/collector/http/server_play.h"

#define FIRST 1000
#define N     (3 * EVENT_STREAM_MAX)
#define DATA  4000 /* bytes of one */

/* Of what is kept, in a connection's queue, and in the kernel between both ends. */
#define MOST_HEARD (EVENT_STREAM_MAX_BYTES + CONN_MAX_QUEUED + (size_t)12 * 1024 * 1024)

/* Belong to the loop; made by the first call, closed when nobody follows any more. */
static struct event_stream *events;
static struct loop_timer *teller;
static unsigned n_told;
static bool all_is_told; /* read by the client's thread */

static void tell(unsigned n)
{
	for (; n > 0 && n_told < N; n--) {
		struct buffer data;
		buffer_init(&data);
		buffer_printf(&data, "{\"number\":%u,\"more\":\"%0*d\"}", n_told++, DATA, 0);
		event_stream_add(events, "test", &data);
	}
}

/* More than fits between the ends of a connection, in bursts, while nobody reads. */
static void on_tell(void *user)
{
	(void)user;
	tell(512);
	if (n_told == N)
		__atomic_store_n(&all_is_told, true, __ATOMIC_SEQ_CST);
	if (n_told < N || event_stream_followers(events) > 0) {
		loop_timer_start(teller, 1);
		return;
	}
	loop_timer_close(teller);
	event_stream_close(events);
}

static void follow(struct call *call)
{
	struct server_play *play = call->context;

	n_told = 0;
	events = event_stream_new(&play->loop, FIRST);
	teller = loop_timer_new(&play->loop, on_tell, NULL);
	event_stream_follow(events, call, NULL);
	loop_timer_start(teller, 1);
}

/* Reads what it can, up to the last event. */
static void hear_to_the_last(struct server_play *play, int fd)
{
	static char bytes[65536];
	char last[64];
	struct buffer got;
	ssize_t n;

	snprintf(last, sizeof last, "id: %d\n", FIRST + N - 1);
	buffer_init(&got);
	while ((n = recv(fd, bytes, sizeof bytes, 0)) > 0) {
		buffer_add(&got, bytes, (size_t)n);
		size_t tail = got.size < 2 * sizeof bytes ? got.size : 2 * sizeof bytes;
		if (strstr(got.bytes + got.size - tail, last))
			break;
	}
	play->got[play->n_got] = buffer_take(&got, &play->got_size[play->n_got]);
	play->n_got++;
}

static void read_late(struct server_play *play)
{
	int fd = server_play_dial(play);

	server_play_say(fd, GET("/other"));
	while (!__atomic_load_n(&all_is_told, __ATOMIC_SEQ_CST))
		usleep(1000);
	hear_to_the_last(play, fd);
	close(fd);
}

static void who_reads_late_gets_a_reset_and_the_latest_and_nothing_is_queued(void **state)
{
	(void)state;
	struct server_play play = server_play_new();
	unsigned long before = 0;

	all_is_told = false;
	play.other = follow;
	server_play_through(&play, read_late);
	assert_true(server_play_count(play.got[0], "event: reset\n") >= 1);
	assert_true(play.got_size[0] < MOST_HEARD);
	for (const char *at = play.got[0]; (at = strstr(at, "\nid: ")) != NULL; at++) {
		unsigned long id = strtoul(at + 5, NULL, 10);
		assert_true(id > before);
		before = id;
	}
	assert_int_equal(before, FIRST + N - 1);
	server_play_free(&play);
}

static void leave_at_once(struct server_play *play)
{
	int fd = server_play_dial(play);
	char byte;

	server_play_say(fd, GET("/other"));
	while (recv(fd, &byte, 1, 0) == 1 && byte != ':')
		continue;
	close(fd);
	while (!__atomic_load_n(&all_is_told, __ATOMIC_SEQ_CST))
		usleep(1000);
}

static void who_leaves_is_forgotten(void **state)
{
	(void)state;
	struct server_play play = server_play_new();

	all_is_told = false;
	play.other = follow;
	server_play_through(&play, leave_at_once);
	assert_int_equal(n_told, N);
	server_play_free(&play);
}

static void stay(struct server_play *play)
{
	int fd = server_play_dial(play);

	server_play_say(fd, GET("/other"));
	server_play_hear(play, fd);
}

static void close_now(struct call *call)
{
	follow(call);
	server_play_close(call->context);
}

static void the_end_of_the_server_ends_the_stream_as_one(void **state)
{
	(void)state;
	struct server_play play = server_play_new();

	all_is_told = false;
	play.other = close_now;
	server_play_through(&play, stay);
	assert_non_null(strstr(play.got[0], "retry: "));
	assert_string_equal(play.got[0] + play.got_size[0] - 5, "0\r\n\r\n");
	server_play_free(&play);
}

/* Whether events were skipped before anybody followed, meanwhile, just after, and long after. */
static struct {
	bool before, meanwhile, just_after, long_after;
} is_skipped;

static void look_when_nobody_follows(void *user)
{
	struct server_play *play = user;

	if (event_stream_followers(events) > 0) {
		loop_timer_start(teller, 1);
		return;
	}
	is_skipped.just_after = event_stream_skip(events);
	play->loop.time += EVENT_STREAM_KEEP_MS;
	is_skipped.long_after = event_stream_skip(events);
	uv_update_time(&play->loop);
	__atomic_store_n(&all_is_told, true, __ATOMIC_SEQ_CST);
	loop_timer_close(teller);
	event_stream_close(events);
}

static void follow_and_look(struct call *call)
{
	struct server_play *play = call->context;

	events = event_stream_new(&play->loop, FIRST);
	is_skipped.before = event_stream_skip(events);
	event_stream_follow(events, call, NULL);
	is_skipped.meanwhile = event_stream_skip(events);
	teller = loop_timer_new(&play->loop, look_when_nobody_follows, play);
	loop_timer_start(teller, 1);
}

static void nothing_is_told_when_nobody_follows_nor_did_lately(void **state)
{
	(void)state;
	struct server_play play = server_play_new();

	all_is_told = false;
	play.other = follow_and_look;
	server_play_through(&play, leave_at_once);
	assert_true(is_skipped.before);
	assert_false(is_skipped.meanwhile);
	assert_false(is_skipped.just_after);
	assert_true(is_skipped.long_after);
	server_play_free(&play);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_reads_late_gets_a_reset_and_the_latest_and_nothing_is_queued),
		cmocka_unit_test(who_leaves_is_forgotten),
		cmocka_unit_test(nothing_is_told_when_nobody_follows_nor_did_lately),
		cmocka_unit_test(the_end_of_the_server_ends_the_stream_as_one),
	};
	signal(SIGPIPE, SIG_IGN); /* as the collector does */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
