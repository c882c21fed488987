/*
 * The other end of a TLS connection without a socket: an OpenSSL client over memory, and a folder
 * with a CA and a server certificate of it. For unit tests and fuzz targets.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <openssl/ssl.h>

#include "collector/crypto/tls_context.h"

#define TLS_PEER_PATH 64

/* Files below /tmp, made by tls_peer_make_files() and removed again. */
struct tls_peer_files {
	char folder[TLS_PEER_PATH];
	char ca[2 * TLS_PEER_PATH], ca_key[2 * TLS_PEER_PATH];
	char certificate[2 * TLS_PEER_PATH], key[2 * TLS_PEER_PATH];
};

/* Ends the process on failure, as everything here. */
void tls_peer_make_files(struct tls_peer_files *files);
void tls_peer_remove_files(const struct tls_peer_files *files);

/* A context of the server with those files; the caller frees it. */
struct tls_context *tls_peer_context(const struct tls_peer_files *files, const char *client_ca);

/* What clients share: trusts the CA of the files, offers h2 and http/1.1. The caller frees it. */
SSL_CTX *tls_peer_client_context(const struct tls_peer_files *files);

struct tls_peer {
	SSL *ssl;
	BIO *in;  /* for the client to read */
	BIO *out; /* written by the client */
};

/* A client of "localhost"; versions as TLS1_2_VERSION. */
void tls_peer_init(struct tls_peer *peer, SSL_CTX *context, int oldest, int newest);
void tls_peer_deinit(struct tls_peer *peer);

/* Goes on with the handshake, with what is in `in`. True: it is over. */
bool tls_peer_shake(struct tls_peer *peer);
