/*
 * conn, client and server together, over real sockets: the server on this thread's loop, the client
 * on a thread of its own that only notes what it got.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "collector/call.h"
#include "collector/conn.h"
#include "collector/loop.h"
#include "collector/server.h"
#include "proto/mem.h"

#define BIG_BYTES   ((size_t)8 * 1024 * 1024)
#define LATER_MS    50
#define PATIENCE_MS 10000 /* a test that waits longer has failed */

struct play {
	uv_loop_t loop;
	uv_async_t over;
	struct server *server;
	struct server_options options;
	struct sockaddr_in address;
	pthread_t thread;
	void (*client)(struct play *play); /* on the thread */
	bool close_early;                  /* the server closes as soon as a call is under way */
	bool is_closing;

	unsigned n_calls;
	char *got[4]; /* what the client received on each of its connections */
	size_t got_size[4];
	size_t n_got;
};

static void answer_text(struct call *call, const char *text)
{
	call_answer(call, &(struct answer){ .status = 200,
					    .content_type = "text/plain",
					    .static_body = text,
					    .size = strlen(text) });
}

static struct play *play_of(struct call *call)
{
	struct play *play = call->context;
	play->n_calls++;
	return play;
}

static void echo(struct call *call)
{
	struct answer answer = { .status = 200, .content_type = "text/plain" };
	play_of(call);
	answer.body = buffer_take(&call->request->body, &answer.size);
	call_answer(call, &answer);
}

static void show_param(struct call *call)
{
	play_of(call);
	answer_text(call, "param");
}

static void on_closed(void *user)
{
	(void)user;
}

static void close_server(struct play *play)
{
	if (play->is_closing)
		return;
	play->is_closing = true;
	server_close(play->server, on_closed, NULL);
	uv_close((uv_handle_t *)&play->over, NULL);
}

struct later {
	struct loop_timer *timer;
	struct call *call;
};

static void answer_later(void *user)
{
	struct later *later = user;
	answer_text(later->call, "later");
	loop_timer_close(later->timer);
	free(later);
}

static void later(struct call *call)
{
	struct play *play = play_of(call);
	struct later *l = mem_alloc(sizeof *l);
	l->call = call;
	l->timer = loop_timer_new(&play->loop, answer_later, l);
	loop_timer_start(l->timer, LATER_MS);
	if (play->close_early)
		close_server(play);
}

static void big(struct call *call)
{
	struct answer answer = { .status = 200, .content_type = "text/plain", .size = BIG_BYTES };
	play_of(call);
	answer.body = mem_alloc(BIG_BYTES);
	memset(answer.body, 'b', BIG_BYTES);
	call_answer(call, &answer);
}

static const struct route routes[] = {
	{ HTTP_METHOD_POST, "/echo", ACCESS_ANYBODY, 16, echo },
	{ HTTP_METHOD_GET, "/later", ACCESS_ANYBODY, 0, later },
	{ HTTP_METHOD_GET, "/big", ACCESS_ANYBODY, 0, big },
	{ HTTP_METHOD_GET, "/things/{name}", ACCESS_ANYBODY, 0, show_param },
};

static void on_over(uv_async_t *handle)
{
	close_server(handle->data);
}

static void *run_client(void *user)
{
	struct play *play = user;
	play->client(play);
	uv_async_send(&play->over);
	return NULL;
}

/* Plays `client` against a server; afterwards everything must be closed and freed. */
static void play_through(struct play *play, void (*client)(struct play *play))
{
	char error[SERVER_ERROR_SIZE];

	play->client = client;
	assert_int_equal(uv_loop_init(&play->loop), 0);
	assert_int_equal(uv_async_init(&play->loop, &play->over, on_over), 0);
	play->over.data = play;
	play->options.loop = &play->loop;
	play->options.routes = routes;
	play->options.n_routes = sizeof routes / sizeof *routes;
	play->options.context = play;
	assert_int_equal(listen_parse("127.0.0.1:0", &play->options.address), STATUS_OK);
	assert_int_equal(server_open(&play->server, &play->options, error), STATUS_OK);
	memcpy(&play->address, server_address(play->server), sizeof play->address);

	assert_int_equal(pthread_create(&play->thread, NULL, run_client, play), 0);
	uv_run(&play->loop, UV_RUN_DEFAULT);
	assert_int_equal(pthread_join(play->thread, NULL), 0);
	assert_int_equal(uv_loop_close(&play->loop), 0);
}

static struct play play_new(void)
{
	return (struct play){ .options.clocks = CLIENT_CLOCKS_DEFAULT };
}

static void play_free(struct play *play)
{
	for (size_t i = 0; i < play->n_got; i++)
		free(play->got[i]);
}

/* On the thread from here: no assertions, only notes. */

static int dial(struct play *play)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(fd, (struct sockaddr *)&play->address, sizeof play->address) != 0)
		abort();
	return fd;
}

static void say(int fd, const char *text)
{
	size_t n = strlen(text);
	while (n > 0) {
		ssize_t sent = send(fd, text, n, MSG_NOSIGNAL);
		if (sent <= 0)
			return;
		text += sent;
		n -= (size_t)sent;
	}
}

/* Notes everything up to the end of the connection. */
static void hear(struct play *play, int fd)
{
	static char bytes[65536];
	struct buffer got;
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	ssize_t n = 0;

	buffer_init(&got);
	while (poll(&ready, 1, PATIENCE_MS) == 1 && (n = recv(fd, bytes, sizeof bytes, 0)) > 0)
		buffer_add(&got, bytes, (size_t)n);
	if (n < 0)
		buffer_add_text(&got, "[reset]");
	close(fd);
	size_t i = play->n_got++;
	play->got[i] = buffer_take(&got, &play->got_size[i]);
}

#define GET(path)  "GET " path " HTTP/1.1\r\nHost: c\r\n\r\n"
#define LAST(path) "GET " path " HTTP/1.1\r\nHost: c\r\nConnection: close\r\n\r\n"

static size_t count(const char *text, const char *part)
{
	size_t n = 0;
	for (; (text = strstr(text, part)) != NULL; text++)
		n++;
	return n;
}

static void pipeline(struct play *play)
{
	int fd = dial(play);
	say(fd, GET("/later") "POST /echo HTTP/1.1\r\nHost: c\r\nContent-Length: 4\r\n\r\necho" GET(
			"/things/1") LAST("/later") GET("/things/unheard"));
	hear(play, fd);
}

static void pipelined_requests_are_answered_in_their_order(void **state)
{
	(void)state;
	struct play play = play_new();
	play_through(&play, pipeline);
	const char *first = strstr(play.got[0], "\r\n\r\nlater");
	assert_non_null(first);
	const char *second = strstr(first, "\r\n\r\necho");
	assert_non_null(second);
	const char *third = strstr(second, "\r\n\r\nparam");
	assert_non_null(third);
	assert_non_null(strstr(third, "\r\n\r\nlater"));
	assert_int_equal(count(play.got[0], "Connection: close"), 1);
	assert_int_equal(play.n_calls, 4);
	play_free(&play);
}

static void wrong_then_right(struct play *play)
{
	int fd = dial(play);
	say(fd, GET("/nothing") GET("/echo"));
	say(fd, "BREW /echo HTTP/1.1\r\nHost: c\r\n\r\n");
	hear(play, fd);
	fd = dial(play);
	say(fd, GET("/nothing") "DELETE /things/1 HTTP/1.1\r\nHost: c\r\n\r\n");
	say(fd, "PROPFIND /echo HTTP/1.1\r\nHost: c\r\n\r\n");
	say(fd, "POST /echo HTTP/1.1\r\nHost: c\r\nContent-Length: 17\r\n\r\n0123456789abcdefg");
	say(fd, GET("/things/%zz"));
	say(fd, "HEAD /things/1 HTTP/1.1\r\nHost: c\r\n\r\n");
	say(fd, LAST("/things/1"));
	hear(play, fd);
}

static void a_connection_survives_refusals_but_not_what_is_no_http(void **state)
{
	(void)state;
	struct play play = play_new();
	play_through(&play, wrong_then_right);
	assert_int_equal(count(play.got[0], "HTTP/1.1 "), 3);
	assert_non_null(strstr(play.got[0], "HTTP/1.1 404 "));
	assert_non_null(strstr(play.got[0], "HTTP/1.1 405 "));
	assert_non_null(strstr(play.got[0], "Allow: POST\r\n"));
	assert_non_null(strstr(play.got[0], "HTTP/1.1 400 "));

	assert_int_equal(count(play.got[1], "HTTP/1.1 "), 7);
	assert_non_null(strstr(play.got[1], "HTTP/1.1 404 "));
	assert_int_equal(count(play.got[1], "HTTP/1.1 405 "), 2);
	assert_non_null(strstr(play.got[1], "Allow: GET, HEAD\r\n"));
	assert_non_null(strstr(play.got[1], "HTTP/1.1 413 "));
	assert_non_null(strstr(play.got[1], "HTTP/1.1 400 "));
	assert_int_equal(count(play.got[1], "HTTP/1.1 200 "), 2);
	assert_int_equal(count(play.got[1], "\r\n\r\nparam"), 1); /* HEAD has none */
	play_free(&play);
}

static void flood_then_hear(struct play *play)
{
	int fd = dial(play);
	static char junk[4 * 65536];
	memset(junk, 'x', sizeof junk - 1);
	say(fd, "GET / HTTP/9.9\r\n");
	say(fd, junk);
	hear(play, fd);
}

static void a_refusal_reaches_a_client_that_is_still_sending(void **state)
{
	(void)state;
	struct play play = play_new();
	play_through(&play, flood_then_hear);
	assert_non_null(strstr(play.got[0], "HTTP/1.1 400 "));
	assert_null(strstr(play.got[0], "[reset]"));
	play_free(&play);
}

static void expect(struct play *play)
{
	int fd = dial(play);
	say(fd, "POST /echo HTTP/1.1\r\nHost: c\r\nExpect: 100-continue\r\nConnection: close\r\n"
		"Content-Length: 4\r\n\r\n");
	usleep(LATER_MS * 1000);
	say(fd, "body");
	hear(play, fd);
	fd = dial(play);
	say(fd, "POST /echo HTTP/1.1\r\nHost: c\r\nExpect: 100-continue\r\n"
		"Content-Length: 17\r\n\r\n");
	hear(play, fd);
	fd = dial(play);
	say(fd, "POST /nothing HTTP/1.1\r\nHost: c\r\nExpect: 100-continue\r\n"
		"Content-Length: 1\r\n\r\n");
	hear(play, fd);
}

static void an_expectation_is_met_or_refused_before_the_body(void **state)
{
	(void)state;
	struct play play = play_new();
	play_through(&play, expect);
	assert_int_equal(strncmp(play.got[0], "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 ", 38), 0);
	assert_int_equal(strncmp(play.got[1], "HTTP/1.1 413 ", 13), 0);
	assert_int_equal(strncmp(play.got[2], "HTTP/1.1 404 ", 13), 0);
	play_free(&play);
}

static void drip(struct play *play)
{
	int fd = dial(play);
	say(fd, "POST /echo HTTP/1.1\r\nHost: c\r\nContent-Length: 16\r\n\r\n");
	for (int i = 0; i < 10; i++) {
		usleep(40 * 1000);
		say(fd, "x");
	}
	hear(play, fd);
}

static void a_request_that_drips_in_meets_the_total_clock(void **state)
{
	(void)state;
	struct play play = play_new();
	play.options.clocks.stall_ms = 150;
	play.options.clocks.request_ms = 200;
	play_through(&play, drip);
	assert_non_null(strstr(play.got[0], "HTTP/1.1 408 "));
	assert_int_equal(play.n_calls, 0);
	play_free(&play);
}

static void begin_and_stop(struct play *play)
{
	int fd = dial(play);
	say(fd, "GET /later HT");
	hear(play, fd);
	hear(play, dial(play));
}

static void a_request_that_stops_meets_the_idle_clock_and_a_silent_client_is_let_go(void **state)
{
	(void)state;
	struct play play = play_new();
	play.options.clocks.stall_ms = 50;
	play.options.clocks.keep_alive_ms = 100;
	play_through(&play, begin_and_stop);
	assert_non_null(strstr(play.got[0], "HTTP/1.1 408 "));
	assert_string_equal(play.got[1], "");
	play_free(&play);
}

static void read_slowly(struct play *play)
{
	int fd = dial(play);
	say(fd, GET("/big") LAST("/big"));
	usleep(100 * 1000); /* both answers do not fit into the kernel's buffers */
	hear(play, fd);
}

static void answers_wait_for_a_slow_reader(void **state)
{
	(void)state;
	struct play play = play_new();
	play_through(&play, read_slowly);
	assert_true(play.got_size[0] > 2 * BIG_BYTES);
	assert_int_equal(play.n_calls, 2);
	play_free(&play);
}

static void never_read(struct play *play)
{
	int fd = dial(play);
	say(fd, GET("/big") GET("/big") GET("/big"));
	usleep(400 * 1000);
	hear(play, fd);
}

static void a_reader_that_takes_nothing_is_cut_off(void **state)
{
	(void)state;
	struct play play = play_new();
	play.options.clocks.stall_ms = 100;
	play_through(&play, never_read);
	assert_int_equal(play.n_calls, 1); /* the others were not even begun */
	assert_true(play.got_size[0] < BIG_BYTES);
	play_free(&play);
}

static void half_close(struct play *play)
{
	int fd = dial(play);
	say(fd, GET("/later") GET("/big"));
	shutdown(fd, SHUT_WR);
	hear(play, fd);
}

static void a_client_that_will_send_no_more_gets_its_answers(void **state)
{
	(void)state;
	struct play play = play_new();
	play_through(&play, half_close);
	assert_non_null(strstr(play.got[0], "\r\n\r\nlater"));
	assert_true(play.got_size[0] > BIG_BYTES);
	play_free(&play);
}

static void ask_and_leave(struct play *play)
{
	int fd = dial(play);
	say(fd, GET("/later") GET("/later"));
	struct linger reset = { .l_onoff = 1 };
	usleep(LATER_MS * 1000 / 2);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	close(fd);
	usleep(2 * LATER_MS * 1000);
}

static void a_call_outlives_its_client(void **state)
{
	(void)state;
	struct play play = play_new();
	play_through(&play, ask_and_leave);
	assert_true(play.n_calls >= 1);
	play_free(&play);
}

static void ask_once(struct play *play)
{
	int fd = dial(play);
	int idle = dial(play);
	say(fd, GET("/later"));
	hear(play, fd);
	hear(play, idle);
}

static void closing_lets_the_answer_that_is_due_go_out(void **state)
{
	(void)state;
	struct play play = play_new();
	play.close_early = true;
	play_through(&play, ask_once);
	assert_non_null(strstr(play.got[0], "Connection: close\r\n\r\nlater"));
	assert_string_equal(play.got[1], "");
	play_free(&play);
}

static void dial_thrice(struct play *play)
{
	int one = dial(play);
	int two = dial(play);
	usleep(20 * 1000);
	int three = dial(play);
	hear(play, three);
	say(one, LAST("/later"));
	hear(play, one);
	say(two, LAST("/later"));
	hear(play, two);
}

static void past_the_limit_of_connections_a_client_is_turned_away(void **state)
{
	(void)state;
	struct play play = play_new();
	play.options.max_connections = 2;
	play_through(&play, dial_thrice);
	assert_int_equal(strncmp(play.got[0], "HTTP/1.1 503 ", 13), 0);
	assert_non_null(strstr(play.got[0], "Retry-After: "));
	assert_non_null(strstr(play.got[1], "\r\n\r\nlater"));
	assert_non_null(strstr(play.got[2], "\r\n\r\nlater"));
	play_free(&play);
}

static void ask_thrice(struct play *play)
{
	int fd = dial(play);
	say(fd, GET("/things/1") GET("/things/2") GET("/things/3"));
	hear(play, fd);
}

static void the_answer_to_the_last_request_allowed_ends_the_connection(void **state)
{
	(void)state;
	struct play play = play_new();
	play.options.max_requests = 2;
	play_through(&play, ask_thrice);
	assert_int_equal(count(play.got[0], "\r\n\r\nparam"), 2);
	assert_int_equal(count(play.got[0], "Connection: close"), 1);
	assert_int_equal(play.n_calls, 2);
	play_free(&play);
}

static void do_nothing(struct play *play)
{
	(void)play;
}

static void a_port_that_is_taken_is_refused_in_words(void **state)
{
	(void)state;
	struct play play = play_new();
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
	struct play play = play_new();
	play_through(&play, do_nothing);
	assert_int_equal(play.n_calls, 0);
}

static void addresses_are_parsed_and_told_apart(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *formatted; /* NULL: refused */
		bool loopback;
	} cases[] = {
		{ "127.0.0.1:8285", "127.0.0.1:8285", true },
		{ "127.9.9.9:0", "127.9.9.9:0", true },
		{ "localhost:65535", "127.0.0.1:65535", true },
		{ "[::1]:80", "[::1]:80", true },
		{ "0.0.0.0:80", "0.0.0.0:80", false },
		{ "[::]:80", "[::]:80", false },
		{ "10.0.0.1:80", "10.0.0.1:80", false },
		{ "128.0.0.1:80", "128.0.0.1:80", false },
		{ "127.0.0.1:65536", NULL, false },
		{ "127.0.0.1:", NULL, false },
		{ "127.0.0.1", NULL, false },
		{ "127.0.0.1:8x", NULL, false },
		{ "::1:80", NULL, false },
		{ "example.com:80", NULL, false },
		{ ":80", NULL, false },
		{ "", NULL, false },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct listen_address address;
		char text[LISTEN_TEXT_SIZE];
		enum status status = listen_parse(cases[i].text, &address);
		assert_int_equal(status, cases[i].formatted ? STATUS_OK : STATUS_MALFORMED);
		if (status != STATUS_OK)
			continue;
		assert_string_equal(listen_format(&address, text), cases[i].formatted);
		assert_int_equal(listen_is_loopback(&address), cases[i].loopback);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pipelined_requests_are_answered_in_their_order),
		cmocka_unit_test(a_connection_survives_refusals_but_not_what_is_no_http),
		cmocka_unit_test(a_refusal_reaches_a_client_that_is_still_sending),
		cmocka_unit_test(an_expectation_is_met_or_refused_before_the_body),
		cmocka_unit_test(a_request_that_drips_in_meets_the_total_clock),
		cmocka_unit_test(
			a_request_that_stops_meets_the_idle_clock_and_a_silent_client_is_let_go),
		cmocka_unit_test(answers_wait_for_a_slow_reader),
		cmocka_unit_test(a_reader_that_takes_nothing_is_cut_off),
		cmocka_unit_test(a_client_that_will_send_no_more_gets_its_answers),
		cmocka_unit_test(a_call_outlives_its_client),
		cmocka_unit_test(closing_lets_the_answer_that_is_due_go_out),
		cmocka_unit_test(past_the_limit_of_connections_a_client_is_turned_away),
		cmocka_unit_test(the_answer_to_the_last_request_allowed_ends_the_connection),
		cmocka_unit_test(a_port_that_is_taken_is_refused_in_words),
		cmocka_unit_test(a_server_closes_that_nobody_called),
		cmocka_unit_test(addresses_are_parsed_and_told_apart),
	};
	signal(SIGPIPE, SIG_IGN); /* as loop_open() does */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
