/*
 * When the administrators are told of a collector that is away, and of one that is back: real HTTP
 * on loopback, the machine's clock set by the test.
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/uplink/upstream.h"
#include "tests/fake_host.h"

#define AWAY_MS (UPSTREAM_LONG_AWAY_S * UINT64_C(1000))
#define REPORT  "{\"host\": {\"name\": \"EXCH1\"}, \"sequence\": 1}"

static const char taken[] =
	"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 60\r\n\r\n"
	"{\"accepted\":1,\"verdict\":\"clear\",\"peers\":[],\"interval_s\":300}";
static const char busy[] = "HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/* A collector that answers one request. */
struct answerer {
	pthread_t thread;
	int listener;
	const char *answer;
};

static struct fake_host machine;
static struct upstream *upstream;
static struct answerer answerer;
static char url[64];

static void *answer_one(void *arg)
{
	struct answerer *a = arg;
	char request[4096];
	size_t n = 0;
	int peer = accept(a->listener, NULL, NULL);

	/* The body ends with the report's last brace. */
	while (n < sizeof request - 1) {
		ssize_t got = recv(peer, request + n, sizeof request - 1 - n, 0);
		if (got <= 0)
			break;
		n += (size_t)got;
		request[n] = '\0';
		if (strstr(request, REPORT))
			break;
	}
	(void)!write(peer, a->answer, strlen(a->answer));
	close(peer);
	return NULL;
}

static int set_up(void **state)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof at;

	(void)state;
	machine = (struct fake_host){ .now_ms = 1000 };
	answerer.listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(answerer.listener, (struct sockaddr *)&at, size), 0);
	assert_int_equal(getsockname(answerer.listener, (struct sockaddr *)&at, &size), 0);
	(void)snprintf(url, sizeof url, "http://127.0.0.1:%u", ntohs(at.sin_port));
	const char *const collectors[] = { url };
	const struct upstream_options options = { .collectors = collectors,
						  .n_collectors = 1,
						  .state_dir = "/nonexistent" };
	assert_int_equal(upstream_open(&upstream, fake_host(&machine), &options), STATUS_OK);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	upstream_close(upstream);
	close(answerer.listener);
	return 0;
}

/* Nobody listens: the connection is refused. */
static void send_in_vain(void)
{
	struct upstream_answer answer;

	assert_int_equal(upstream_send(upstream, REPORT, 0, 300, 1, &answer), UPSTREAM_KEPT);
	assert_null(answer.body);
}

static void send_to(const char *text, enum upstream_fate fate)
{
	struct upstream_answer answer;

	answerer.answer = text;
	assert_int_equal(listen(answerer.listener, 1), 0);
	assert_int_equal(pthread_create(&answerer.thread, NULL, answer_one, &answerer), 0);
	assert_int_equal(upstream_send(upstream, REPORT, 0, 300, 1, &answer), fate);
	pthread_join(answerer.thread, NULL);
	free(answer.body);
}

static void a_collector_is_called_away_after_fifteen_minutes_and_once(void **state)
{
	(void)state;
	send_in_vain();
	machine.now_ms = 1000 + AWAY_MS - 1;
	send_in_vain();
	assert_int_equal(machine.n_written, 0);
	machine.now_ms = 2 * AWAY_MS; /* behind the backoff of the attempt before */
	send_in_vain();
	assert_int_equal(machine.n_written, 1);
	assert_int_equal(machine.written[0].id, 300);
	assert_string_equal(machine.written[0].strings[0], url);
	assert_true(machine.written[0].strings[1][0] != '\0');
	machine.now_ms += AWAY_MS;
	send_in_vain();
	assert_int_equal(machine.n_written, 1);
}

static void it_is_called_away_at_the_very_moment(void **state)
{
	(void)state;
	send_in_vain();
	machine.now_ms = 1000 + AWAY_MS;
	send_in_vain();
	assert_int_equal(machine.n_written, 1);
}

static void one_that_takes_a_report_is_back_and_may_be_away_again(void **state)
{
	(void)state;
	send_in_vain();
	machine.now_ms = 1000 + AWAY_MS;
	send_in_vain();
	machine.now_ms += AWAY_MS;
	send_to(taken, UPSTREAM_ACCEPTED);
	assert_int_equal(machine.n_written, 2);
	assert_int_equal(machine.written[1].id, 301);
	assert_string_equal(machine.written[1].strings[0], url);

	/* A collector that answers, but takes nothing, is away as well. */
	send_to(busy, UPSTREAM_KEPT);
	machine.now_ms += AWAY_MS;
	send_to(busy, UPSTREAM_KEPT);
	assert_int_equal(machine.n_written, 3);
	assert_int_equal(machine.written[2].id, 300);
	assert_non_null(strstr(machine.written[2].strings[1], "HTTP status 503"));
}

static void a_short_absence_is_no_event(void **state)
{
	(void)state;
	send_in_vain();
	machine.now_ms = 1000 + AWAY_MS - 1;
	send_to(taken, UPSTREAM_ACCEPTED);
	machine.now_ms += 1000;
	send_to(taken, UPSTREAM_ACCEPTED);
	assert_int_equal(machine.n_written, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_collector_is_called_away_after_fifteen_minutes_and_once),
		TEST(it_is_called_away_at_the_very_moment),
		TEST(one_that_takes_a_report_is_back_and_may_be_away_again),
		TEST(a_short_absence_is_no_event),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
