/*
 * What all TLS connections of a server share: its certificate and key, the certificate authority
 * that clients may have to show a certificate of, and the protocol's settings.
 *
 * TLS 1.2 and 1.3 (older versions are refused: RFC 8996), ciphers with forward secrecy and
 * authenticated encryption only, sessions resumed by tickets, no renegotiation, no early data, ALPN
 * "http/1.1". A connection keeps the context that it began with, so the next one may have another.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "collector/crypto/certificate.h"
#include "proto/base/status.h"

/* Bytes of certificates that a client may show; past it the handshake fails. */
#define TLS_MAX_CLIENT_CHAIN ((size_t)16 * 1024)

/* A session may be resumed for this long. */
#define TLS_SESSION_S 14400L

struct tls_context;

struct tls_files {
	const char *certificate; /* PEM: the server's, then what it was signed by */
	const char *key;         /* PEM, without a passphrase */
	const char *client_ca;   /* PEM; NULL: clients need no certificate */
};

/*
 * Reads the files and checks that they belong together. On failure `error` says which file does not
 * do and why.
 *
 * STATUS_NOT_FOUND, STATUS_DENIED, STATUS_SYSTEM  a file could not be read
 * STATUS_MALFORMED    it holds nothing of its kind, or something too weak to be used
 * STATUS_UNSUPPORTED  the key is protected by a passphrase
 * STATUS_INVALID      key and certificate do not belong together
 */
enum status tls_context_new(struct tls_context **out, const struct tls_files *files,
			    char error[CERTIFICATE_ERROR_SIZE]);

/* Connections that use it live on. NULL is allowed. */
void tls_context_free(struct tls_context *context);

/* The contents of the server's certificate. */
const struct certificate_info *tls_context_info(const struct tls_context *context);
