/*
 * HTTP over TLS at its limits: the server of server_play.h with a certificate, OpenSSL clients over
 * real sockets on its thread.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "collector/net/handshakes.h"
#include "tests/tls_peer.h"
#include "tests/unit/collector/http/server_play.h"

static struct tls_context *context;
static SSL_CTX *clients;
static struct server_counts counts; /* when the client had ended */

static struct server_play play_new(void)
{
	struct server_play play = server_play_new();
	play.options.tls = context;
	return play;
}

/* On the thread from here: no assertions, only notes. */

/* A client that has shaken hands; NULL: it could not. */
static SSL *dial_tls(struct server_play *play, unsigned source)
{
	int fd = server_play_dial_from(play, source);
	SSL *ssl = SSL_new(clients);

	SSL_set_fd(ssl, fd);
	SSL_set1_host(ssl, "localhost");
	if (SSL_connect(ssl) == 1)
		return ssl;
	SSL_free(ssl);
	close(fd);
	return NULL;
}

static void say_tls(SSL *ssl, const char *text)
{
	SSL_write(ssl, text, (int)strlen(text));
}

/* Notes everything up to the end, which the server has to tell. */
static void hear_tls(struct server_play *play, SSL *ssl)
{
	static char bytes[65536];
	struct buffer got;
	int n;
	int fd = SSL_get_fd(ssl);

	buffer_init(&got);
	while ((n = SSL_read(ssl, bytes, sizeof bytes)) > 0)
		buffer_add(&got, bytes, (size_t)n);
	if (SSL_get_error(ssl, n) != SSL_ERROR_ZERO_RETURN)
		buffer_add_text(&got, "[cut]");
	SSL_free(ssl);
	close(fd);
	size_t i = play->n_got++;
	play->got[i] = buffer_take(&got, &play->got_size[i]);
}

static void say_half_a_hello_or_nothing(struct server_play *play)
{
	int half = server_play_dial(play);
	int silent = server_play_dial(play);
	if (send(half, "\x16\x03\x01\x02", 4, MSG_NOSIGNAL) != 4)
		abort();
	server_play_hear(play, half);
	server_play_hear(play, silent);
}

static void a_handshake_has_its_own_deadline(void **state)
{
	(void)state;
	struct server_play play = play_new();
	play.options.clocks.handshake_ms = 100;
	server_play_through(&play, say_half_a_hello_or_nothing);
	assert_int_equal(play.n_got, 2);
	assert_int_equal(play.got_size[0], 0);
	assert_int_equal(play.got_size[1], 0);
	server_play_free(&play);
}

static void drip_a_hello(struct server_play *play)
{
	int fd = server_play_dial(play);
	for (int i = 0; i < 10; i++) {
		usleep(40 * 1000);
		if (send(fd, &"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03"[i], 1, MSG_NOSIGNAL) != 1)
			break;
	}
	server_play_hear(play, fd);
}

static void bytes_that_drip_in_do_not_push_that_deadline_back(void **state)
{
	(void)state;
	struct server_play play = play_new();
	play.options.clocks.handshake_ms = 200;
	server_play_through(&play, drip_a_hello);
	assert_int_equal(play.n_got, 1);
	server_play_free(&play);
}

static void read_slowly(struct server_play *play)
{
	SSL *ssl = dial_tls(play, 0);
	say_tls(ssl, GET("/big") LAST("/big"));
	usleep(100 * 1000); /* both answers do not fit into the kernel's buffers */
	hear_tls(play, ssl);
}

static void answers_larger_than_all_buffers_wait_for_a_slow_reader(void **state)
{
	(void)state;
	struct server_play play = play_new();
	server_play_through(&play, read_slowly);
	assert_true(play.got_size[0] > 2 * SERVER_PLAY_BIG_BYTES);
	assert_null(strstr(play.got[0], "[cut]"));
	assert_int_equal(play.n_calls, 2);
	server_play_free(&play);
}

/* The buffers are full then; a busy machine may take its time for that. */
static void wait_until_nothing_comes(int fd)
{
	int before = 0;
	int n = 0;

	for (int same = 0; same<20; same = n> 0 && n == before ? same + 1 : 0) {
		before = n;
		usleep(100 * 1000);
		if (ioctl(fd, FIONREAD, &n) != 0)
			abort();
	}
}

static void never_read(struct server_play *play)
{
	SSL *ssl = dial_tls(play, 0);
	say_tls(ssl, GET("/big") GET("/big") GET("/big"));
	wait_until_nothing_comes(SSL_get_fd(ssl));
	hear_tls(play, ssl);
}

static void a_reader_that_takes_nothing_is_cut_off(void **state)
{
	(void)state;
	struct server_play play = play_new();
	play.options.clocks.stall_ms = 100;
	server_play_through(&play, never_read);
	assert_int_equal(play.n_calls, 1); /* the others were not even begun */
	assert_true(play.got_size[0] < SERVER_PLAY_BIG_BYTES);
	server_play_free(&play);
}

static void pipeline(struct server_play *play)
{
	SSL *ssl = dial_tls(play, 0);
	say_tls(ssl, GET("/later") "POST /echo HTTP/1.1\r\nHost: c\r\nContent-Length: 4\r\n\r\n");
	say_tls(ssl, "echo" LAST("/things/1"));
	hear_tls(play, ssl);
}

static void pipelined_requests_are_answered_in_their_order(void **state)
{
	(void)state;
	struct server_play play = play_new();
	server_play_through(&play, pipeline);
	const char *first = strstr(play.got[0], "\r\n\r\nlater");
	assert_non_null(first);
	const char *second = strstr(first, "\r\n\r\necho");
	assert_non_null(second);
	assert_non_null(strstr(second, "\r\n\r\nparam"));
	server_play_free(&play);
}

static void say_the_end_at_once(struct server_play *play)
{
	SSL *ssl = dial_tls(play, 0);
	int on = 1;
	int off = 0;
	/* All in one segment, so that the server reads it at once. */
	setsockopt(SSL_get_fd(ssl), IPPROTO_TCP, TCP_CORK, &on, sizeof on);
	say_tls(ssl, GET("/later") GET("/big"));
	SSL_shutdown(ssl);
	setsockopt(SSL_get_fd(ssl), IPPROTO_TCP, TCP_CORK, &off, sizeof off);
	hear_tls(play, ssl);
}

static void a_client_that_will_send_no_more_gets_its_answers(void **state)
{
	(void)state;
	struct server_play play = play_new();
	server_play_through(&play, say_the_end_at_once);
	assert_non_null(strstr(play.got[0], "\r\n\r\nlater"));
	assert_true(play.got_size[0] > SERVER_PLAY_BIG_BYTES);
	assert_null(strstr(play.got[0], "[cut]"));
	server_play_free(&play);
}

static void dial_too_many(struct server_play *play)
{
	SSL *one = dial_tls(play, 2);
	hear_tls(play, dial_tls(play, 2));
	SSL *other = dial_tls(play, 3);
	hear_tls(play, dial_tls(play, 3));
	say_tls(one, LAST("/things/1"));
	hear_tls(play, one);
	say_tls(other, LAST("/things/1"));
	hear_tls(play, other);
	counts = server_counts(play->server);
}

static void who_is_too_many_is_told_so_after_the_handshake(void **state)
{
	(void)state;
	struct server_play play = play_new();
	play.options.max_connections = 2;
	play.options.max_of_address = 1;
	server_play_through(&play, dial_too_many);
	assert_int_equal(strncmp(play.got[0], "HTTP/1.1 429 ", 13), 0);
	assert_int_equal(strncmp(play.got[1], "HTTP/1.1 503 ", 13), 0);
	assert_non_null(strstr(play.got[2], "\r\n\r\nparam"));
	assert_non_null(strstr(play.got[3], "\r\n\r\nparam"));
	assert_int_equal(counts.accepted, 4);
	assert_int_equal(counts.turned_away, 2);
	assert_int_equal(counts.handshakes_done, 4);
	assert_int_equal(counts.handshakes_failed, 0);
	server_play_free(&play);
}

/* One more than may run: honest clients wait for the oldest of those that do not go on. */
static void crowd_the_handshakes(struct server_play *play)
{
	static int fds[HANDSHAKES_MAX];
	for (size_t i = 0; i < HANDSHAKES_MAX; i++) {
		fds[i] = server_play_dial(play);
		if (send(fds[i], "\x16", 1, MSG_NOSIGNAL) != 1)
			abort();
	}
	SSL *honest = dial_tls(play, 0);
	if (honest) {
		say_tls(honest, LAST("/things/1"));
		hear_tls(play, honest);
	}
	for (size_t i = 0; i < HANDSHAKES_MAX; i++)
		close(fds[i]);
	counts = server_counts(play->server);
}

static void an_honest_client_gets_its_turn_among_handshakes_that_do_not_end(void **state)
{
	(void)state;
	struct server_play play = play_new();
	server_play_through(&play, crowd_the_handshakes);
	assert_int_equal(play.n_got, 1);
	assert_non_null(strstr(play.got[0], "\r\n\r\nparam"));
	assert_true(counts.handshakes_failed >= 1);
	server_play_free(&play);
}

static void hold_all_kinds(struct server_play *play)
{
	SSL *idle = dial_tls(play, 0);
	int half = server_play_dial(play);
	if (send(half, "\x16\x03\x01\x02", 4, MSG_NOSIGNAL) != 4)
		abort();
	SSL *asking = dial_tls(play, 0);
	say_tls(asking, GET("/later"));
	hear_tls(play, asking);
	hear_tls(play, idle);
	server_play_hear(play, half);
}

static void closing_answers_what_is_due_and_tells_everybody(void **state)
{
	(void)state;
	struct server_play play = play_new();
	play.close_early = true;
	server_play_through(&play, hold_all_kinds);
	assert_non_null(strstr(play.got[0], "Connection: close\r\n\r\nlater"));
	assert_null(strstr(play.got[0], "[cut]"));
	assert_string_equal(play.got[1], "");
	assert_string_equal(play.got[2], "");
	server_play_free(&play);
}

static int set_up(void **state)
{
	struct tls_peer_files files;
	(void)state;
	tls_peer_make_files(&files);
	context = tls_peer_context(&files, NULL);
	clients = tls_peer_client_context(&files);
	tls_peer_remove_files(&files);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	SSL_CTX_free(clients);
	tls_context_free(context);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_handshake_has_its_own_deadline),
		cmocka_unit_test(bytes_that_drip_in_do_not_push_that_deadline_back),
		cmocka_unit_test(answers_larger_than_all_buffers_wait_for_a_slow_reader),
		cmocka_unit_test(a_reader_that_takes_nothing_is_cut_off),
		cmocka_unit_test(pipelined_requests_are_answered_in_their_order),
		cmocka_unit_test(a_client_that_will_send_no_more_gets_its_answers),
		cmocka_unit_test(who_is_too_many_is_told_so_after_the_handshake),
		cmocka_unit_test(an_honest_client_gets_its_turn_among_handshakes_that_do_not_end),
		cmocka_unit_test(closing_answers_what_is_due_and_tells_everybody),
	};
	signal(SIGPIPE, SIG_IGN); /* as loop_open() does */
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
