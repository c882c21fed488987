/*
 * What a client sends on a TLS connection, in pieces of any size. The first byte chooses the
 * client:
 *
 *   0, 1   the rest of the input: the first byte of it is the size of the pieces
 *   2, 3   a real client of TLS 1.2 (2) or 1.3 (3), whose bytes the rest of the input cuts and
 *          changes: 0xf0 replaces the next byte by the byte that follows, 0xf1 leaves it out, 0xf2
 *          puts the byte that follows before it, and any other byte is the size of a piece
 *
 * However a real client is cut, its text arrives as it was said; and whatever is changed, nothing
 * arrives that it did not say.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "collector/crypto/tls.h"
#include "proto/base/buffer.h"
#include "tests/tls_peer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define KIND_REAL  2
#define KINDS      4
#define REPLACE    0xf0
#define LEAVE_OUT  0xf1
#define INSERT     0xf2
#define MAX_ROUNDS 16 /* a handshake has fewer */

static const char said[] = "GET /livez HTTP/1.1\r\nHost: c\r\n\r\n";

struct script {
	const uint8_t *at;
	size_t left;
	bool changed; /* the client's bytes are no longer its own */
};

struct talk {
	struct tls *tls;
	struct tls_peer peer;
	struct buffer heard;
	enum tls_result last;
};

static struct tls_context *server_context(SSL_CTX **clients)
{
	static struct tls_context *server;
	static SSL_CTX *client;
	if (!server) {
		struct tls_peer_files files;
		tls_peer_make_files(&files);
		server = tls_peer_context(&files, NULL);
		client = tls_peer_client_context(&files);
		tls_peer_remove_files(&files);
	}
	*clients = client;
	return server;
}

static void need(bool good)
{
	if (!good)
		abort();
}

/* The server gets a piece, in memory of its own size. */
static void serve(struct talk *t, const uint8_t *bytes, size_t n)
{
	char plain[TLS_RECORD_BYTES];
	size_t got;
	char *piece = malloc(n > 0 ? n : 1);

	need(piece != NULL);
	memcpy(piece, bytes, n);
	tls_feed(t->tls, piece, n);
	do {
		const char *out;
		t->last = tls_read(t->tls, plain, sizeof plain, &got);
		size_t n_out = tls_output(&out);
		if (n_out > 0 && t->peer.in)
			BIO_write(t->peer.in, out, (int)n_out);
		need((t->last == TLS_PLAIN) == (got > 0));
		buffer_add(&t->heard, plain, got);
	} while (t->last == TLS_PLAIN);
	tls_feed(t->tls, NULL, 0);
	free(piece);
}

static int next(struct script *s)
{
	if (s->left == 0)
		return -1;
	s->left--;
	return *s->at++;
}

/* Gives the server what the client has written, as the script wants it. */
static void carry(struct talk *t, struct script *s)
{
	char *bytes;
	long size = BIO_get_mem_data(t->peer.out, &bytes);
	const uint8_t *at = (const uint8_t *)bytes;
	size_t left = (size_t)size;

	while (left > 0) {
		int op = next(s);
		size_t n = op < 0 ? left : (size_t)op + 1;
		uint8_t other = 0;
		if (op == REPLACE || op == LEAVE_OUT || op == INSERT) {
			int argument = op == LEAVE_OUT ? 0 : next(s);
			other = (uint8_t)(argument < 0 ? 0 : argument);
			n = op == INSERT ? 0 : 1;
			s->changed = s->changed || op != REPLACE || other != *at;
			serve(t, &other, op == LEAVE_OUT ? 0 : 1);
		} else {
			n = n < left ? n : left;
			serve(t, at, n);
		}
		at += n;
		left -= n;
	}
	BIO_reset(t->peer.out);
}

static void play_real(struct talk *t, struct script *script)
{
	bool over = false;

	for (int i = 0; i < MAX_ROUNDS && !over && t->last != TLS_FAILED; i++) {
		over = tls_peer_shake(&t->peer);
		carry(t, script);
	}
	if (over) {
		SSL_write(t->peer.ssl, said, sizeof said - 1);
		SSL_shutdown(t->peer.ssl);
		carry(t, script);
	}
	need(t->heard.size < sizeof said);
	need(t->heard.size == 0 || memcmp(t->heard.bytes, said, t->heard.size) == 0);
	if (!script->changed)
		need(over && t->heard.size == sizeof said - 1 && t->last == TLS_ENDED);
}

static void play_raw(struct talk *t, const uint8_t *data, size_t size)
{
	size_t step = size > 0 ? data[0] + (size_t)1 : 1;
	for (size_t at = 1; at < size; at += step)
		serve(t, data + at, size - at < step ? size - at : step);
	need(t->heard.size == 0); /* no key, no text */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SSL_CTX *clients;
	struct talk t = { .tls = tls_new(server_context(&clients)) };
	unsigned kind = size > 0 ? data[0] % KINDS : 0;
	struct script script = { data + 1, size > 0 ? size - 1 : 0, false };

	if (kind < KIND_REAL) {
		play_raw(&t, script.at, script.left);
	} else {
		int version = kind == KIND_REAL ? TLS1_2_VERSION : TLS1_3_VERSION;
		tls_peer_init(&t.peer, clients, version, version);
		play_real(&t, &script);
		tls_peer_deinit(&t.peer);
	}
	tls_free(t.tls);
	buffer_deinit(&t.heard);
	return 0;
}
