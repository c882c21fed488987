/* conn, client and server together, over real sockets (server_play.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "collector/net/conn.h"
#include "tests/unit/collector/http/server_play.h"

static void pipeline(struct server_play *play)
{
	int fd = server_play_dial(play);
	server_play_say(
		fd,
		GET("/later") "POST /echo HTTP/1.1\r\nHost: c\r\nContent-Length: 4\r\n\r\necho" GET(
			"/things/1") LAST("/later") GET("/things/unheard"));
	server_play_hear(play, fd);
}

static void pipelined_requests_are_answered_in_their_order(void **state)
{
	(void)state;
	struct server_play play = server_play_new();
	server_play_through(&play, pipeline);
	const char *first = strstr(play.got[0], "\r\n\r\nlater");
	assert_non_null(first);
	const char *second = strstr(first, "\r\n\r\necho");
	assert_non_null(second);
	const char *third = strstr(second, "\r\n\r\nparam");
	assert_non_null(third);
	assert_non_null(strstr(third, "\r\n\r\nlater"));
	assert_int_equal(server_play_count(play.got[0], "Connection: close"), 1);
	assert_int_equal(play.n_calls, 4);
	server_play_free(&play);
}

static void wrong_then_right(struct server_play *play)
{
	int fd = server_play_dial(play);
	server_play_say(fd, GET("/nothing") GET("/echo"));
	server_play_say(fd, "BREW /echo HTTP/1.1\r\nHost: c\r\n\r\n");
	server_play_hear(play, fd);
	fd = server_play_dial(play);
	server_play_say(fd, GET("/nothing") "DELETE /things/1 HTTP/1.1\r\nHost: c\r\n\r\n");
	server_play_say(fd, "PROPFIND /echo HTTP/1.1\r\nHost: c\r\n\r\n");
	server_play_say(
		fd,
		"POST /echo HTTP/1.1\r\nHost: c\r\nContent-Length: 17\r\n\r\n0123456789abcdefg");
	server_play_say(fd, GET("/things/%zz"));
	server_play_say(fd, "HEAD /things/1 HTTP/1.1\r\nHost: c\r\n\r\n");
	server_play_say(fd, LAST("/things/1"));
	server_play_hear(play, fd);
}

static void a_connection_survives_refusals_but_not_what_is_no_http(void **state)
{
	(void)state;
	struct server_play play = server_play_new();
	server_play_through(&play, wrong_then_right);
	assert_int_equal(server_play_count(play.got[0], "HTTP/1.1 "), 3);
	assert_non_null(strstr(play.got[0], "HTTP/1.1 404 "));
	assert_non_null(strstr(play.got[0], "HTTP/1.1 405 "));
	assert_non_null(strstr(play.got[0], "Allow: POST\r\n"));
	assert_non_null(strstr(play.got[0], "HTTP/1.1 400 "));

	assert_int_equal(server_play_count(play.got[1], "HTTP/1.1 "), 7);
	assert_non_null(strstr(play.got[1], "HTTP/1.1 404 "));
	assert_int_equal(server_play_count(play.got[1], "HTTP/1.1 405 "), 2);
	assert_non_null(strstr(play.got[1], "Allow: GET, HEAD\r\n"));
	assert_non_null(strstr(play.got[1], "HTTP/1.1 413 "));
	assert_non_null(strstr(play.got[1], "HTTP/1.1 400 "));
	assert_int_equal(server_play_count(play.got[1], "HTTP/1.1 200 "), 2);
	assert_int_equal(server_play_count(play.got[1], "\r\n\r\nparam"), 1); /* HEAD has none */
	server_play_free(&play);
}

static void flood_then_hear(struct server_play *play)
{
	int fd = server_play_dial(play);
	static char junk[4 * 65536];
	memset(junk, 'x', sizeof junk - 1);
	server_play_say(fd, "GET / HTTP/9.9\r\n");
	server_play_say(fd, junk);
	server_play_hear(play, fd);
}

static void a_refusal_reaches_a_client_that_is_still_sending(void **state)
{
	(void)state;
	struct server_play play = server_play_new();
	server_play_through(&play, flood_then_hear);
	assert_non_null(strstr(play.got[0], "HTTP/1.1 400 "));
	assert_null(strstr(play.got[0], "[reset]"));
	server_play_free(&play);
}

static void expect(struct server_play *play)
{
	int fd = server_play_dial(play);
	server_play_say(
		fd,
		"POST /echo HTTP/1.1\r\nHost: c\r\nExpect: 100-continue\r\nConnection: close\r\n"
		"Content-Length: 4\r\n\r\n");
	usleep(SERVER_PLAY_LATER_MS * 1000);
	server_play_say(fd, "body");
	server_play_hear(play, fd);
	fd = server_play_dial(play);
	server_play_say(fd, "POST /echo HTTP/1.1\r\nHost: c\r\nExpect: 100-continue\r\n"
			    "Content-Length: 17\r\n\r\n");
	server_play_hear(play, fd);
	fd = server_play_dial(play);
	server_play_say(fd, "POST /nothing HTTP/1.1\r\nHost: c\r\nExpect: 100-continue\r\n"
			    "Content-Length: 1\r\n\r\n");
	server_play_hear(play, fd);
}

static void an_expectation_is_met_or_refused_before_the_body(void **state)
{
	(void)state;
	struct server_play play = server_play_new();
	server_play_through(&play, expect);
	assert_int_equal(strncmp(play.got[0], "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 ", 38), 0);
	assert_int_equal(strncmp(play.got[1], "HTTP/1.1 413 ", 13), 0);
	assert_int_equal(strncmp(play.got[2], "HTTP/1.1 404 ", 13), 0);
	server_play_free(&play);
}

static void drip_a_head(struct server_play *play)
{
	int fd = server_play_dial(play);
	server_play_say(fd, "GET /later HTTP/1.1\r\nX: ");
	for (int i = 0; i < 10; i++) {
		usleep(40 * 1000);
		server_play_say(fd, "x");
	}
	server_play_hear(play, fd);
}

static void a_head_that_drips_in_meets_the_total_clock(void **state)
{
	(void)state;
	struct server_play play = server_play_new();
	play.options.clocks.stall_ms = 150;
	play.options.clocks.request_ms = 200;
	server_play_through(&play, drip_a_head);
	assert_non_null(strstr(play.got[0], "HTTP/1.1 408 "));
	assert_int_equal(play.n_calls, 0);
	server_play_free(&play);
}

static void drip(struct server_play *play)
{
	int fd = server_play_dial(play);
	server_play_say(fd, "POST /echo HTTP/1.1\r\nHost: c\r\nContent-Length: 16\r\n\r\n");
	for (int i = 0; i < 10; i++) {
		usleep(40 * 1000);
		server_play_say(fd, "x");
	}
	server_play_hear(play, fd);
}

static void a_request_that_drips_in_meets_the_total_clock(void **state)
{
	(void)state;
	struct server_play play = server_play_new();
	play.options.clocks.stall_ms = 150;
	play.options.clocks.request_ms = 200;
	server_play_through(&play, drip);
	assert_non_null(strstr(play.got[0], "HTTP/1.1 408 "));
	assert_int_equal(play.n_calls, 0);
	server_play_free(&play);
}

static void begin_and_stop(struct server_play *play)
{
	int fd = server_play_dial(play);
	server_play_say(fd, "GET /later HT");
	server_play_hear(play, fd);
	server_play_hear(play, server_play_dial(play));
}

static void a_request_that_stops_meets_the_idle_clock_and_a_silent_client_is_let_go(void **state)
{
	(void)state;
	struct server_play play = server_play_new();
	play.options.clocks.stall_ms = 50;
	play.options.clocks.keep_alive_ms = 100;
	server_play_through(&play, begin_and_stop);
	assert_non_null(strstr(play.got[0], "HTTP/1.1 408 "));
	assert_string_equal(play.got[1], "");
	server_play_free(&play);
}

static void read_slowly(struct server_play *play)
{
	int fd = server_play_dial(play);
	server_play_say(fd, GET("/big") LAST("/big"));
	usleep(100 * 1000); /* both answers do not fit into the kernel's buffers */
	server_play_hear(play, fd);
}

static void answers_wait_for_a_slow_reader(void **state)
{
	(void)state;
	struct server_play play = server_play_new();
	server_play_through(&play, read_slowly);
	assert_true(play.got_size[0] > 2 * SERVER_PLAY_BIG_BYTES);
	assert_int_equal(play.n_calls, 2);
	server_play_free(&play);
}

static void never_read(struct server_play *play)
{
	int fd = server_play_dial(play);
	server_play_say(fd, GET("/big") GET("/big") GET("/big"));
	usleep(400 * 1000);
	server_play_hear(play, fd);
}

static void a_reader_that_takes_nothing_is_cut_off(void **state)
{
	(void)state;
	struct server_play play = server_play_new();
	play.options.clocks.stall_ms = 100;
	server_play_through(&play, never_read);
	assert_int_equal(play.n_calls, 1); /* the others were not even begun */
	assert_true(play.got_size[0] < SERVER_PLAY_BIG_BYTES);
	server_play_free(&play);
}

static void set_buffer(int fd, int bytes)
{
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

/* So many bytes each 10 ms, until the server cuts or `times` are over. */
static void take_slowly(int fd, size_t bytes, int times)
{
	char part[4096];
	struct pollfd cut = { .fd = fd }; /* POLLERR and POLLHUP come unasked */

	for (int i = 0; i < times && poll(&cut, 1, 10) == 0; i++) {
		if (read(fd, part, bytes) <= 0)
			return;
	}
}

static void take_a_byte_now_and_then(struct server_play *play)
{
	int fd = server_play_dial(play);
	set_buffer(fd, 4096);
	server_play_say(fd, LAST("/big"));
	take_slowly(fd, 1, SERVER_PLAY_PATIENCE_MS / 10);
	server_play_hear(play, fd);
}

static void a_reader_that_takes_too_little_is_cut_off(void **state)
{
	(void)state;
	struct server_play play = server_play_new();
	play.options.slow_window_ms = 200;
	server_play_through(&play, take_a_byte_now_and_then);
	assert_true(play.got_size[0] < SERVER_PLAY_BIG_BYTES);
	assert_non_null(strstr(play.got[0] + play.got_size[0] - 7, "[reset]"));
	server_play_free(&play);
}

static void take_more_than_has_to_be(struct server_play *play)
{
	int fd = server_play_dial(play);
	server_play_say(fd, LAST("/big"));
	take_slowly(fd, 4096, 400); /* for longer than the window */
	server_play_hear(play, fd);
}

static void a_slow_reader_gets_all_in_the_end(void **state)
{
	(void)state;
	struct server_play play = server_play_new();
	play.options.slow_window_ms = 3000;
	server_play_through(&play, take_more_than_has_to_be);
	assert_true(play.got_size[0] >
		    SERVER_PLAY_BIG_BYTES / 2); /* what was taken slowly is not in it */
	assert_null(strstr(play.got[0] + play.got_size[0] - 7, "[reset]"));
	server_play_free(&play);
}

static void half_close(struct server_play *play)
{
	int fd = server_play_dial(play);
	server_play_say(fd, GET("/later") GET("/big"));
	shutdown(fd, SHUT_WR);
	server_play_hear(play, fd);
}

static void a_client_that_will_send_no_more_gets_its_answers(void **state)
{
	(void)state;
	struct server_play play = server_play_new();
	server_play_through(&play, half_close);
	assert_non_null(strstr(play.got[0], "\r\n\r\nlater"));
	assert_true(play.got_size[0] > SERVER_PLAY_BIG_BYTES);
	server_play_free(&play);
}

static void ask_and_leave(struct server_play *play)
{
	int fd = server_play_dial(play);
	server_play_say(fd, GET("/later") GET("/later"));
	struct linger reset = { .l_onoff = 1 };
	usleep(SERVER_PLAY_LATER_MS * 1000 / 2);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	close(fd);
	usleep(2 * SERVER_PLAY_LATER_MS * 1000);
}

static void a_call_outlives_its_client(void **state)
{
	(void)state;
	struct server_play play = server_play_new();
	server_play_through(&play, ask_and_leave);
	assert_true(play.n_calls >= 1);
	server_play_free(&play);
}

static void ask_once(struct server_play *play)
{
	int fd = server_play_dial(play);
	int idle = server_play_dial(play);
	server_play_say(fd, GET("/later"));
	server_play_hear(play, fd);
	server_play_hear(play, idle);
}

static void closing_lets_the_answer_that_is_due_go_out(void **state)
{
	(void)state;
	struct server_play play = server_play_new();
	play.close_early = true;
	server_play_through(&play, ask_once);
	assert_non_null(strstr(play.got[0], "Connection: close\r\n\r\nlater"));
	assert_string_equal(play.got[1], "");
	server_play_free(&play);
}

static void do_nothing(struct server_play *play)
{
	(void)play;
}

static void a_port_that_is_taken_is_refused_in_words(void **state)
{
	(void)state;
	struct server_play play = server_play_new();
	char error[SERVER_ERROR_SIZE];
	uv_loop_t loop;
	struct server *second;

	/* A listener that is not ours holds the port. */
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in in = { .sin_family = AF_INET };
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	socklen_t size = sizeof in;
	assert_int_equal(bind(fd, (struct sockaddr *)&in, sizeof in), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &size), 0);

	assert_int_equal(uv_loop_init(&loop), 0);
	play.options.loop = &loop;
	memcpy(&play.options.address, &in, sizeof in);
	assert_int_equal(server_open(&second, &play.options, error), STATUS_CONFLICT);
	assert_non_null(strstr(error, "could not listen on 127.0.0.1:"));
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	close(fd);
}

static void a_server_closes_that_nobody_called(void **state)
{
	(void)state;
	struct server_play play = server_play_new();
	server_play_through(&play, do_nothing);
	assert_int_equal(play.n_calls, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pipelined_requests_are_answered_in_their_order),
		cmocka_unit_test(a_connection_survives_refusals_but_not_what_is_no_http),
		cmocka_unit_test(a_refusal_reaches_a_client_that_is_still_sending),
		cmocka_unit_test(an_expectation_is_met_or_refused_before_the_body),
		cmocka_unit_test(a_head_that_drips_in_meets_the_total_clock),
		cmocka_unit_test(a_request_that_drips_in_meets_the_total_clock),
		cmocka_unit_test(
			a_request_that_stops_meets_the_idle_clock_and_a_silent_client_is_let_go),
		cmocka_unit_test(answers_wait_for_a_slow_reader),
		cmocka_unit_test(a_reader_that_takes_nothing_is_cut_off),
		cmocka_unit_test(a_reader_that_takes_too_little_is_cut_off),
		cmocka_unit_test(a_slow_reader_gets_all_in_the_end),
		cmocka_unit_test(a_client_that_will_send_no_more_gets_its_answers),
		cmocka_unit_test(a_call_outlives_its_client),
		cmocka_unit_test(closing_lets_the_answer_that_is_due_go_out),
		cmocka_unit_test(a_port_that_is_taken_is_refused_in_words),
		cmocka_unit_test(a_server_closes_that_nobody_called),
	};
	signal(SIGPIPE, SIG_IGN); /* as loop_open() does */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
