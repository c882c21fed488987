/* tls.c against an OpenSSL client, both without a socket; bytes are carried over by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/err.h>

#include "collector/crypto/tls.h"
#include "proto/base/buffer.h"
#include "tests/tls_peer.h"
#include "tests/unit/rows.h"

#define BIG_BYTES ((size_t)200 * 1000)

static struct tls_peer_files files;
static SSL_CTX *clients;

struct talk {
	struct tls_context *context;
	struct tls *tls;
	struct tls_peer peer;
	size_t step;         /* bytes of the client that the server gets at a time */
	struct buffer heard; /* plaintext that the server got */
	enum tls_result last;
};

static void talk_init(struct talk *t, int oldest, int newest)
{
	*t = (struct talk){ .context = tls_peer_context(&files, NULL), .step = SIZE_MAX };
	t->tls = tls_new(t->context);
	tls_peer_init(&t->peer, clients, oldest, newest);
}

static void talk_deinit(struct talk *t)
{
	tls_free(t->tls);
	tls_peer_deinit(&t->peer);
	tls_context_free(t->context);
	buffer_deinit(&t->heard);
}

/* Carries what the server has to say to the client. */
static size_t to_client(struct talk *t)
{
	const char *bytes;
	size_t n = tls_output(&bytes);
	if (n > 0)
		assert_int_equal(BIO_write(t->peer.in, bytes, (int)n), (int)n);
	return n;
}

static void serve_part(struct talk *t, const char *bytes, size_t n)
{
	char plain[TLS_RECORD_BYTES];
	size_t got;

	tls_feed(t->tls, bytes, n);
	do {
		t->last = tls_read(t->tls, plain, sizeof plain, &got);
		to_client(t);
		buffer_add(&t->heard, plain, got);
	} while (t->last == TLS_PLAIN);
}

/* Carries what the client has to say to the server, `step` bytes at a time. */
static void to_server(struct talk *t)
{
	char *bytes;
	long size = BIO_get_mem_data(t->peer.out, &bytes);
	size_t n = (size_t)size;

	for (size_t at = 0; at < n;) {
		size_t part = n - at < t->step ? n - at : t->step;
		char *copy = malloc(part); /* so that a sanitizer sees a read past the end */
		memcpy(copy, bytes + at, part);
		serve_part(t, copy, part);
		free(copy);
		at += part;
	}
	BIO_reset(t->peer.out);
}

/* True if both sides hold the handshake for over. */
static bool shake(struct talk *t)
{
	for (int i = 0; i < 5 && t->last != TLS_FAILED; i++) {
		bool over = tls_peer_shake(&t->peer);
		to_server(t);
		if (over && tls_is_ready(t->tls))
			return true;
	}
	return false;
}

static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };

static void both_versions_carry_text_both_ways(void **state)
{
	(void)state;
	for_each_row(i, versions) {
		struct talk t;
		char text[16] = "";
		size_t used;

		talk_init(&t, versions[i], versions[i]);
		assert_true(shake(&t));
		assert_int_equal(SSL_version(t.peer.ssl), versions[i]);
		SSL_write(t.peer.ssl, "ping", 4);
		to_server(&t);
		assert_string_equal(t.heard.bytes, "ping");
		assert_true(tls_write(t.tls, "pong", 4, &used));
		assert_int_equal(used, 4);
		to_client(&t);
		assert_int_equal(SSL_read(t.peer.ssl, text, sizeof text), 4);
		assert_string_equal(text, "pong");
		talk_deinit(&t);
	}
}

static void however_the_bytes_are_cut_the_text_is_the_same(void **state)
{
	static const size_t steps[] = { 1, 2, 5, 6, 7, 100, 1000 };
	(void)state;
	for_each_row(i, steps) {
		struct talk t;
		talk_init(&t, versions[i % 2], versions[i % 2]);
		t.step = steps[i];
		assert_true(shake(&t));
		for (int n = 0; n < 10; n++)
			SSL_write(t.peer.ssl, "0123456789", n);
		to_server(&t);
		assert_string_equal(t.heard.bytes, "001012012301234012345012345601234567012345678");
		talk_deinit(&t);
	}
}

static void more_than_the_output_holds_is_written_in_parts(void **state)
{
	struct talk t;
	char *text = malloc(BIG_BYTES);
	char *got = malloc(BIG_BYTES);
	size_t n_got = 0;
	size_t parts = 0;

	(void)state;
	for (size_t i = 0; i < BIG_BYTES; i++)
		text[i] = (char)(i * 7);
	talk_init(&t, TLS1_2_VERSION, TLS1_3_VERSION);
	assert_true(shake(&t));
	for (size_t at = 0, used; at < BIG_BYTES; at += used) {
		assert_true(tls_write(t.tls, text + at, BIG_BYTES - at, &used));
		assert_true(used > 0);
		assert_in_range(to_client(&t), used, TLS_OUTPUT_BYTES);
		parts++;
	}
	assert_true(parts > 1);
	for (int n; (n = SSL_read(t.peer.ssl, got + n_got, (int)(BIG_BYTES - n_got))) > 0;)
		n_got += (size_t)n;
	assert_int_equal(n_got, BIG_BYTES);
	assert_memory_equal(got, text, BIG_BYTES);
	talk_deinit(&t);
	free(text);
	free(got);
}

static void the_end_is_told_both_ways(void **state)
{
	struct talk t;
	char byte;

	(void)state;
	talk_init(&t, TLS1_2_VERSION, TLS1_3_VERSION);
	assert_true(shake(&t));
	tls_end(t.tls);
	assert_true(to_client(&t) > 0);
	assert_int_equal(SSL_read(t.peer.ssl, &byte, 1), 0);
	assert_int_equal(SSL_get_error(t.peer.ssl, 0), SSL_ERROR_ZERO_RETURN);
	SSL_shutdown(t.peer.ssl);
	to_server(&t);
	assert_int_equal(t.last, TLS_ENDED);
	talk_deinit(&t);
}

static void http_1_1_is_chosen_and_nothing_else_is_spoken(void **state)
{
	struct talk t;
	const unsigned char *chosen;
	unsigned n;

	(void)state;
	talk_init(&t, TLS1_2_VERSION, TLS1_3_VERSION);
	assert_true(shake(&t));
	SSL_get0_alpn_selected(t.peer.ssl, &chosen, &n);
	assert_int_equal(n, 8);
	assert_memory_equal(chosen, "http/1.1", 8);
	talk_deinit(&t);

	talk_init(&t, TLS1_2_VERSION, TLS1_3_VERSION);
	SSL_set_alpn_protos(t.peer.ssl, (const unsigned char *)"\x02h2", 3);
	assert_false(shake(&t));
	assert_non_null(strstr(tls_failure(t.tls), "not HTTP/1.1"));
	talk_deinit(&t);
}

static void an_old_version_is_refused_in_words(void **state)
{
	struct talk t;

	(void)state;
	talk_init(&t, TLS1_1_VERSION, TLS1_1_VERSION);
	SSL_set_security_level(t.peer.ssl, 0); /* Debian's clients do not offer it otherwise */
	assert_false(shake(&t));
	assert_non_null(strstr(tls_failure(t.tls), "nothing newer than TLS 1.1"));
	talk_deinit(&t);
}

static void a_client_that_does_not_trust_us_is_understood(void **state)
{
	struct talk t;

	(void)state;
	for_each_row(i, versions) {
		talk_init(&t, versions[i], versions[i]);
		SSL_set1_host(t.peer.ssl, "another.example.com");
		assert_false(shake(&t));
		assert_non_null(strstr(tls_failure(t.tls), "wrong name, CA or pin?"));
		talk_deinit(&t);
	}
}

static void what_is_no_tls_is_refused_in_words(void **state)
{
	static const struct {
		const char *bytes;
		const char *words;
		bool http;
	} cases[] = {
		{ "GET / HTTP/1.1\r\n\r\n", "plain HTTP", true },
		{ "POST /v1/reports HTTP/1.1\r\n", "plain HTTP", true },
		{ "SSH-2.0-OpenSSH_9.2\r\n", "does not speak TLS", false },
	};
	(void)state;
	for_each_row(i, cases) {
		struct talk t;
		talk_init(&t, TLS1_2_VERSION, TLS1_3_VERSION);
		serve_part(&t, cases[i].bytes, strlen(cases[i].bytes));
		assert_int_equal(t.last, TLS_FAILED);
		assert_non_null(strstr(tls_failure(t.tls), cases[i].words));
		assert_int_equal(tls_got_http(t.tls), cases[i].http);
		talk_deinit(&t);
	}
}

static void a_record_that_was_tampered_with_ends_the_connection(void **state)
{
	struct talk t;
	char *bytes;

	(void)state;
	talk_init(&t, TLS1_2_VERSION, TLS1_3_VERSION);
	assert_true(shake(&t));
	SSL_write(t.peer.ssl, "ping", 4);
	long n = BIO_get_mem_data(t.peer.out, &bytes);
	bytes[n - 1] ^= 1;
	to_server(&t);
	assert_int_equal(t.last, TLS_FAILED);
	assert_int_equal(t.heard.size, 0);
	assert_false(tls_is_ready(t.tls));
	size_t used;
	assert_false(tls_write(t.tls, "x", 1, &used));
	talk_deinit(&t);
}

static void a_client_may_not_renegotiate(void **state)
{
	struct talk t;

	(void)state;
	talk_init(&t, TLS1_2_VERSION, TLS1_2_VERSION);
	assert_true(shake(&t));
	SSL_renegotiate(t.peer.ssl);
	SSL_do_handshake(t.peer.ssl);
	to_server(&t);
	assert_int_not_equal(SSL_do_handshake(t.peer.ssl), 1);
	assert_int_equal(ERR_GET_REASON(ERR_get_error()), SSL_R_NO_RENEGOTIATION);
	talk_deinit(&t);
}

/* Each demands an answer: a client could fill the output without reading any. */
static void a_flood_of_key_updates_is_answered_or_ends_but_overflows_nothing(void **state)
{
	struct talk t;

	(void)state;
	talk_init(&t, TLS1_3_VERSION, TLS1_3_VERSION);
	assert_true(shake(&t));
	for (int i = 0; i < 5000; i++) {
		assert_int_equal(SSL_key_update(t.peer.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
		assert_int_equal(SSL_do_handshake(t.peer.ssl), 1);
	}
	assert_true(BIO_pending(t.peer.out) > (int)TLS_OUTPUT_BYTES);
	to_server(&t);
	assert_true(t.last == TLS_MORE || t.last == TLS_FAILED);
	talk_deinit(&t);
}

static void sessions_are_resumed_by_ticket(void **state)
{
	(void)state;
	for_each_row(i, versions) {
		struct talk t;
		char byte;
		talk_init(&t, versions[i], versions[i]);
		assert_true(shake(&t));
		SSL_read(t.peer.ssl, &byte, 1); /* takes the ticket of 1.3 */
		SSL_SESSION *session = SSL_get1_session(t.peer.ssl);
		assert_true(SSL_SESSION_has_ticket(session));

		SSL_shutdown(t.peer.ssl); /* else OpenSSL forgets the session */
		struct tls_peer again;
		tls_peer_init(&again, clients, versions[i], versions[i]);
		SSL_set_session(again.ssl, session);
		tls_free(t.tls);
		tls_peer_deinit(&t.peer);
		t.tls = tls_new(t.context);
		t.peer = again;
		assert_true(shake(&t));
		assert_true(SSL_session_reused(t.peer.ssl));
		SSL_SESSION_free(session);
		talk_deinit(&t);
	}
}

static int set_up(void **state)
{
	(void)state;
	tls_peer_make_files(&files);
	clients = tls_peer_client_context(&files);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	SSL_CTX_free(clients);
	tls_peer_remove_files(&files);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_versions_carry_text_both_ways),
		cmocka_unit_test(however_the_bytes_are_cut_the_text_is_the_same),
		cmocka_unit_test(more_than_the_output_holds_is_written_in_parts),
		cmocka_unit_test(the_end_is_told_both_ways),
		cmocka_unit_test(http_1_1_is_chosen_and_nothing_else_is_spoken),
		cmocka_unit_test(an_old_version_is_refused_in_words),
		cmocka_unit_test(a_client_that_does_not_trust_us_is_understood),
		cmocka_unit_test(what_is_no_tls_is_refused_in_words),
		cmocka_unit_test(a_record_that_was_tampered_with_ends_the_connection),
		cmocka_unit_test(a_client_may_not_renegotiate),
		cmocka_unit_test(a_flood_of_key_updates_is_answered_or_ends_but_overflows_nothing),
		cmocka_unit_test(sessions_are_resumed_by_ticket),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
