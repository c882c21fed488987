#include "tests/tls_peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "collector/crypto/certificate.h"

#define MS_A_SECOND 1000

static void need(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "tls_peer: %s failed\n", what);
	abort();
}

void tls_peer_make_files(struct tls_peer_files *f)
{
	static const char *const names[] = { "localhost", "127.0.0.1" };
	char error[CERTIFICATE_ERROR_SIZE];
	int64_t now_ms = (int64_t)time(NULL) * MS_A_SECOND;

	snprintf(f->folder, sizeof f->folder, "/tmp/mtawatch-tls-XXXXXX");
	need(mkdtemp(f->folder) != NULL, "mkdtemp");
	snprintf(f->ca, sizeof f->ca, "%s/ca.pem", f->folder);
	snprintf(f->ca_key, sizeof f->ca_key, "%s/ca.key", f->folder);
	snprintf(f->certificate, sizeof f->certificate, "%s/server.pem", f->folder);
	snprintf(f->key, sizeof f->key, "%s/server.key", f->folder);
	struct certificate_files ca = { f->ca, f->ca_key };
	struct certificate_files server = { f->certificate, f->key };
	need(certificate_make_ca(&ca, "test", now_ms, error) == STATUS_OK, "making the CA");
	need(certificate_make_server(&server, &ca, names, 2, now_ms, error) == STATUS_OK,
	     "making the certificate");
}

void tls_peer_remove_files(const struct tls_peer_files *f)
{
	unlink(f->ca);
	unlink(f->ca_key);
	unlink(f->certificate);
	unlink(f->key);
	need(rmdir(f->folder) == 0, "removing the folder");
}

struct tls_context *tls_peer_context(const struct tls_peer_files *f, const char *client_ca)
{
	char error[CERTIFICATE_ERROR_SIZE];
	struct tls_context *context;
	struct tls_files files = { f->certificate, f->key, client_ca };

	need(tls_context_new(&context, &files, error) == STATUS_OK, "tls_context_new");
	return context;
}

SSL_CTX *tls_peer_client_context(const struct tls_peer_files *files)
{
	static const unsigned char protocols[] = "\x02h2\x08http/1.1";
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	need(context != NULL, "SSL_CTX_new");
	need(SSL_CTX_load_verify_file(context, files->ca) == 1, "reading the CA");
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_alpn_protos(context, protocols, sizeof protocols - 1);
	return context;
}

void tls_peer_init(struct tls_peer *peer, SSL_CTX *context, int oldest, int newest)
{
	peer->ssl = SSL_new(context);
	peer->in = BIO_new(BIO_s_mem());
	peer->out = BIO_new(BIO_s_mem());
	need(peer->ssl && peer->in && peer->out, "SSL_new");
	SSL_set_min_proto_version(peer->ssl, oldest);
	SSL_set_max_proto_version(peer->ssl, newest);
	SSL_set_bio(peer->ssl, peer->in, peer->out);
	SSL_set_connect_state(peer->ssl);
	SSL_set1_host(peer->ssl, "localhost");
}

void tls_peer_deinit(struct tls_peer *peer)
{
	SSL_free(peer->ssl);
}

bool tls_peer_shake(struct tls_peer *peer)
{
	return SSL_do_handshake(peer->ssl) == 1;
}
