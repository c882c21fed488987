/* The limits of a server's connections, at each and past it, over real sockets (server_play.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <signal.h>
#include <unistd.h>

#include <cmocka.h>

#include "collector/net/sources.h"
#include "proto/base/mem.h"
#include "tests/unit/collector/http/server_play.h"

static void dial_thrice(struct server_play *play)
{
	int one = server_play_dial(play);
	int two = server_play_dial(play);
	usleep(20 * 1000);
	int three = server_play_dial(play);
	server_play_hear(play, three);
	server_play_say(one, LAST("/later"));
	server_play_hear(play, one);
	server_play_say(two, LAST("/later"));
	server_play_hear(play, two);
}

static void past_the_limit_of_connections_a_client_is_turned_away(void **state)
{
	(void)state;
	struct server_play play = server_play_new();
	play.options.max_connections = 2;
	server_play_through(&play, dial_thrice);
	assert_int_equal(strncmp(play.got[0], "HTTP/1.1 503 ", 13), 0);
	assert_non_null(strstr(play.got[0], "Retry-After: "));
	assert_non_null(strstr(play.got[1], "\r\n\r\nlater"));
	assert_non_null(strstr(play.got[2], "\r\n\r\nlater"));
	server_play_free(&play);
}

static void ask_thrice(struct server_play *play)
{
	int fd = server_play_dial(play);
	server_play_say(fd, GET("/things/1") GET("/things/2") GET("/things/3"));
	server_play_hear(play, fd);
}

static void the_answer_to_the_last_request_allowed_ends_the_connection(void **state)
{
	(void)state;
	struct server_play play = server_play_new();
	play.options.max_requests = 2;
	server_play_through(&play, ask_thrice);
	assert_int_equal(server_play_count(play.got[0], "\r\n\r\nparam"), 2);
	assert_int_equal(server_play_count(play.got[0], "Connection: close"), 1);
	assert_int_equal(play.n_calls, 2);
	server_play_free(&play);
}

/* One client takes 12 of the 16 bytes that there are for bodies while others ask. */
static void post_beside_a_slow_body(struct server_play *play)
{
#define POST(length) "POST /echo HTTP/1.1\r\nHost: c\r\nContent-Length: " length "\r\n\r\n"
	int slow = server_play_dial(play);
	server_play_say(slow, POST("16") "twelve bytes");
	usleep(SERVER_PLAY_LATER_MS * 1000);
	int other = server_play_dial(play);
	server_play_say(other, POST("4") "four" POST("5") "fiver" POST("4") "more");
	server_play_say(other, LAST("/things/1"));
	server_play_hear(play, other);
	int polite = server_play_dial(play);
	server_play_say(polite, "POST /echo HTTP/1.1\r\nHost: c\r\nExpect: 100-continue\r\n"
				"Content-Length: 5\r\n\r\n");
	server_play_hear(play, polite);
	server_play_say(slow, "four" LAST("/things/1"));
	server_play_hear(play, slow);
	int afterwards = server_play_dial(play);
	server_play_say(afterwards, POST("5") "fiver" LAST("/things/1"));
	server_play_hear(play, afterwards);
}

static void past_the_limit_of_all_bodies_a_request_is_refused_and_the_connection_goes_on(
	void **state)
{
	(void)state;
	struct server_play play = server_play_new();
	play.options.max_body_bytes = 16;
	server_play_through(&play, post_beside_a_slow_body);
	assert_int_equal(server_play_count(play.got[0], "HTTP/1.1 200 "), 3);
	assert_int_equal(server_play_count(play.got[0], "HTTP/1.1 503 "), 1);
	assert_non_null(strstr(play.got[0], "Retry-After: "));
	assert_non_null(strstr(play.got[0], "no_room_for_body"));
	assert_non_null(strstr(play.got[0], "\r\n\r\nmore"));
	assert_int_equal(strncmp(play.got[1], "HTTP/1.1 503 ", 13), 0);
	assert_non_null(strstr(play.got[2], "\r\n\r\ntwelve bytesfour"));
	assert_non_null(strstr(play.got[3], "\r\n\r\nfiver"));
	server_play_free(&play);
}

static void dial_from_two_addresses(struct server_play *play)
{
	int one = server_play_dial_from(play, 2);
	int two = server_play_dial_from(play, 2);
	usleep(20 * 1000);
	server_play_hear(play, server_play_dial_from(play, 2));
	int other = server_play_dial_from(play, 3);
	server_play_say(other, LAST("/things/1"));
	server_play_hear(play, other);
	server_play_say(one, LAST("/things/1"));
	server_play_hear(play, one);
	server_play_say(two, LAST("/things/1"));
	server_play_hear(play, two);
}

static void past_the_limit_of_one_address_only_that_address_is_turned_away(void **state)
{
	(void)state;
	struct server_play play = server_play_new();
	play.options.max_of_address = 2;
	server_play_through(&play, dial_from_two_addresses);
	assert_int_equal(strncmp(play.got[0], "HTTP/1.1 429 ", 13), 0);
	assert_non_null(strstr(play.got[0], "Retry-After: "));
	assert_non_null(strstr(play.got[0], "too_many_connections_of_address"));
	for (size_t i = 1; i < 4; i++)
		assert_non_null(strstr(play.got[i], "\r\n\r\nparam"));
	server_play_free(&play);
}

/* More than are told so: the last ones see an end without a word. */
static void dial_many(struct server_play *play)
{
	static int fds[CLIENTS_MAX_TURNED_AWAY + 8];
	char byte;
	size_t n_told = 0;

	int first = server_play_dial(play);
	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
		fds[i] = server_play_dial(play);
	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
		n_told += read(fds[i], &byte, 1) == 1;
	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
		close(fds[i]);
	play->n_calls = (unsigned)n_told;
	server_play_say(first, LAST("/things/1"));
	server_play_hear(play, first);
}

static void so_many_are_told_that_they_are_too_many_and_further_ones_are_closed(void **state)
{
	(void)state;
	struct server_play play = server_play_new();
	play.options.max_connections = 1;
	server_play_through(&play, dial_many);
	assert_int_equal(play.n_calls, CLIENTS_MAX_TURNED_AWAY + 1); /* and the call of the first */
	assert_non_null(strstr(play.got[0], "\r\n\r\nparam"));
	server_play_free(&play);
}

static struct source *enter(struct sources *sources, const char *text)
{
	struct net_address address;
	assert_int_equal(net_address_parse(text, &address), STATUS_OK);
	return sources_enter(sources, &address.address);
}

/* Frees them; nobody is counted any more. */
static void free_empty(struct sources *sources)
{
	for (size_t i = 0; i < SOURCES_BUCKETS; i++)
		assert_null(sources->buckets[i]);
	free(sources);
}

static void addresses_are_counted_until_their_last_connection_is_gone(void **state)
{
	(void)state;
	struct sources *sources = mem_alloc(sizeof *sources);
	struct source *one = enter(sources, "10.0.0.1:1");
	struct source *other = enter(sources, "10.0.0.2:1");

	assert_ptr_equal(enter(sources, "10.0.0.1:2"), one);
	assert_int_equal(one->n, 2);
	assert_int_equal(other->n, 1);
	source_leave(one);
	assert_int_equal(one->n, 1);
	source_leave(one);
	source_leave(other);
	free_empty(sources);
}

static void an_ipv6_network_of_64_bits_and_a_mapped_ipv4_address_count_as_one(void **state)
{
	(void)state;
	struct sources *sources = mem_alloc(sizeof *sources);
	struct source *home = enter(sources, "[2001:db8:1:2::1]:1");
	struct source *plain = enter(sources, "10.0.0.1:1");
	struct source *neighbour = enter(sources, "[2001:db8:1:3::1]:1");

	assert_ptr_equal(enter(sources, "[2001:db8:1:2:ffff::9]:1"), home);
	assert_ptr_not_equal(neighbour, home);
	assert_ptr_equal(enter(sources, "[::ffff:10.0.0.1]:1"), plain);
	source_leave(home);
	source_leave(home);
	source_leave(plain);
	source_leave(plain);
	source_leave(neighbour);
	free_empty(sources);
}

/* More than there are buckets. */
static void many_addresses_are_told_apart(void **state)
{
	static struct source *entered[4 * SOURCES_BUCKETS];
	const unsigned n = 4 * SOURCES_BUCKETS;
	(void)state;
	struct sources *sources = mem_alloc(sizeof *sources);
	char text[NET_ADDRESS_TEXT_SIZE];

	for (unsigned i = 0; i < n; i++) {
		snprintf(text, sizeof text, "10.0.%u.%u:1", i / 256, i % 256);
		entered[i] = enter(sources, text);
		assert_int_equal(entered[i]->n, 1);
	}
	for (unsigned i = 0; i < n; i++)
		source_leave(entered[i * 1021 % n]); /* each once, in another order */
	free_empty(sources);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(past_the_limit_of_connections_a_client_is_turned_away),
		cmocka_unit_test(
			past_the_limit_of_all_bodies_a_request_is_refused_and_the_connection_goes_on),
		cmocka_unit_test(the_answer_to_the_last_request_allowed_ends_the_connection),
		cmocka_unit_test(past_the_limit_of_one_address_only_that_address_is_turned_away),
		cmocka_unit_test(
			so_many_are_told_that_they_are_too_many_and_further_ones_are_closed),
		cmocka_unit_test(addresses_are_counted_until_their_last_connection_is_gone),
		cmocka_unit_test(an_ipv6_network_of_64_bits_and_a_mapped_ipv4_address_count_as_one),
		cmocka_unit_test(many_addresses_are_told_apart),
	};
	signal(SIGPIPE, SIG_IGN); /* as loop_open() does */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
