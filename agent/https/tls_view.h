/*
 * What a look at a server's TLS showed (agent/https/tls_look.h), free of the library that looked,
 * and what is wrong with it, in words that an administrator can act on.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/https/send.h"
#include "proto/base/arena.h"

#define TLS_MAX_CHAIN 8  /* certificates that are looked at */
#define TLS_MAX_NAMES 32 /* of one certificate */
#define TLS_PIN_SIZE  53 /* "sha256//", 44 characters of Base64, the NUL */

struct tls_certificate {
	const char *subject; /* "CN=collector.example, O=ACME" */
	const char *issuer;
	int64_t not_before_ms; /* since 1970 */
	int64_t not_after_ms;
	const char *names[TLS_MAX_NAMES]; /* DNS names and IPv4 addresses that it is for */
	size_t n_names;
	const char *pin; /* of its public key, as --pin takes it */
};

struct tls_view {
	const char *host;      /* where it was looked */
	bool host_is_address;  /* IPv4 */
	const char *no_answer; /* why there is no TLS to be seen, in words; NULL: there is */
	const char *no_ca;  /* why nobody could be asked to vouch, in words; NULL: it was asked */
	const char *no_own; /* why our own certificate cannot be used, in words; NULL: it can */

	struct tls_certificate chain[TLS_MAX_CHAIN]; /* the server's own first */
	size_t n;
	bool vouched;                     /* an issuer that we trust vouches for the chain */
	struct tls_certificate authority; /* that vouches and is out of its time; else empty */
	bool ca_is_der; /* the CA file is DER, which libcurl's TLS on this system does not read */
	bool asked_for_ours;     /* the server asked for a certificate of ours */
	const char *alert;       /* by which it ended the handshake; NULL: it did not */
	const char *failure;     /* why the handshake ended otherwise; NULL: it did not */
	const char *version;     /* "TLSv1.2", where the handshake came to its end */
	const char *ca_file;     /* that was asked; NULL: none */
	bool verifies_addresses; /* does the TLS that reports are sent with know IP addresses? */
};

/*
 * What is wrong, at `now_ms` by this machine's clock, in `arena`; NULL: nothing that can be seen.
 * Only what decides is judged: with pins and without a CA file nothing but the key.
 */
const char *tls_explain(const struct tls_view *view, const struct send_options *options,
			int64_t now_ms, struct arena *arena);

/* Is the server's public key one of the pins? */
bool tls_is_pinned(const struct tls_view *view, const struct send_options *options);

/* Is `host` one of the names that the certificate is for? "*.example" stands for one label. */
bool tls_is_for(const struct tls_certificate *certificate, const char *host);
