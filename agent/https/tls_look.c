#include "agent/https/tls_look.h"

#include <stdlib.h>
#include <string.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/ssl.h>

#include "agent/https/dial.h"
#include "agent/https/named_file.h"
#include "agent/https/tls_certificate.h"
#include "agent/https/url.h"
#include "agent/platform/files.h"
#include "proto/base/mem.h"

#define WAIT_MS      100
#define MAX_WAITS    (TLS_LOOK_MS / WAIT_MS)
#define MAX_ERROR    128
#define MAX_CA_BYTES 1048576 /* of a CA file that is looked at */

/* A handshake and all that it takes. */
struct look {
	struct dial *dial;
	int waits; /* so far */
	mbedtls_entropy_context entropy;
	mbedtls_ctr_drbg_context random;
	mbedtls_ssl_config config;
	mbedtls_ssl_context ssl;
	mbedtls_x509_crt ca;
	mbedtls_x509_crt own;
	mbedtls_pk_context own_key;
};

static const char *error_text(int code, struct arena *arena)
{
	char text[MAX_ERROR];

	mbedtls_strerror(code, text, sizeof text);
	return arena_strdup(arena, text);
}

/* Alerts of RFC 5246 section 7.2 and RFC 8446 section 6.2. */
static const char *alert_text(int code, struct arena *arena)
{
	switch (code) {
	case 40:
		return "handshake failure";
	case 42:
		return "bad certificate";
	case 43:
		return "unsupported certificate";
	case 44:
		return "certificate revoked";
	case 45:
		return "certificate expired";
	case 46:
		return "certificate unknown";
	case 48:
		return "unknown issuer of the certificate";
	case 49:
		return "access denied";
	case 70:
		return "protocol version: it wants another one than TLS 1.2";
	case 112:
		return "unrecognized name";
	case 116:
		return "certificate required";
	default:
		return arena_printf(arena, "TLS alert %d", code);
	}
}

static int outcome(struct look *l, enum status status, size_t n, int again)
{
	if (status == STATUS_OK)
		return (int)n;
	if (status == STATUS_TIMED_OUT)
		return l->waits++ < MAX_WAITS ? again : MBEDTLS_ERR_SSL_TIMEOUT;
	return MBEDTLS_ERR_SSL_CONN_EOF;
}

static int on_send(void *user, const unsigned char *bytes, size_t n)
{
	struct look *l = user;
	size_t sent = 0;
	enum status status = dial_send(l->dial, bytes, n, WAIT_MS, &sent);

	return outcome(l, status, sent, MBEDTLS_ERR_SSL_WANT_WRITE);
}

static int on_receive(void *user, unsigned char *bytes, size_t size)
{
	struct look *l = user;
	size_t got = 0;
	enum status status = dial_receive(l->dial, bytes, size, WAIT_MS, &got);

	return outcome(l, status, got, MBEDTLS_ERR_SSL_WANT_READ);
}

static struct look *look_new(void)
{
	struct look *l = mem_alloc(sizeof *l);

	mbedtls_entropy_init(&l->entropy);
	mbedtls_ctr_drbg_init(&l->random);
	mbedtls_ssl_config_init(&l->config);
	mbedtls_ssl_init(&l->ssl);
	mbedtls_x509_crt_init(&l->ca);
	mbedtls_x509_crt_init(&l->own);
	mbedtls_pk_init(&l->own_key);
	return l;
}

static void look_free(struct look *l)
{
	mbedtls_ssl_free(&l->ssl);
	mbedtls_ssl_config_free(&l->config);
	mbedtls_x509_crt_free(&l->ca);
	mbedtls_x509_crt_free(&l->own);
	mbedtls_pk_free(&l->own_key);
	mbedtls_ctr_drbg_free(&l->random);
	mbedtls_entropy_free(&l->entropy);
	dial_close(l->dial);
	free(l);
}

/*
 * Certificates in DER begin with a SEQUENCE (X.690 section 8.9), those in PEM with a line of text.
 */
static bool is_der(const char *path)
{
	char *bytes = NULL;
	size_t n = 0;
	bool is = files_read(path, MAX_CA_BYTES, &bytes, &n) == STATUS_OK && n > 0 &&
		  bytes[0] == 0x30;

	free(bytes);
	return is;
}

static void load_ca(struct look *l, const struct send_options *options, struct arena *arena,
		    struct tls_view *out)
{
	out->ca_file = options->ca_file ? options->ca_file : send_default_ca_file();
	if (!out->ca_file) {
		out->no_ca = "neither a CA file nor a pin is set (--ca-file, --pin)";
		return;
	}
	const char *fault = named_file_fault(out->ca_file);
	int code = fault ? 0 : mbedtls_x509_crt_parse_file(&l->ca, out->ca_file);
	out->ca_is_der = code == 0 && !send_takes_der() && is_der(out->ca_file);
	if (fault || code < 0)
		out->no_ca = arena_printf(arena, "could not read the CA file %s: %s", out->ca_file,
					  fault ? fault : error_text(code, arena));
}

static void load_own(struct look *l, const struct send_options *options, struct arena *arena,
		     struct tls_view *out)
{
	if (!options->client_cert)
		return;
	const char *file = options->client_cert;
	out->no_own = named_files_fault(options, arena);
	if (out->no_own)
		return;
	int code = mbedtls_x509_crt_parse_file(&l->own, file);
	if (code == 0) {
		file = options->client_key ? options->client_key : options->client_cert;
		code = mbedtls_pk_parse_keyfile(&l->own_key, file, NULL);
	}
	if (code == 0)
		code = mbedtls_ssl_conf_own_cert(&l->config, &l->own, &l->own_key);
	if (code != 0)
		out->no_own = arena_printf(arena, "could not use our certificate: %s: %s", file,
					   error_text(code, arena));
}

/* Everything is believed: what is wrong is for the explanation to say. */
static int prepare(struct look *l, const struct send_options *options, struct arena *arena,
		   struct tls_view *out)
{
	int code = mbedtls_ctr_drbg_seed(&l->random, mbedtls_entropy_func, &l->entropy, NULL, 0);

	if (code == 0)
		code = mbedtls_ssl_config_defaults(&l->config, MBEDTLS_SSL_IS_CLIENT,
						   MBEDTLS_SSL_TRANSPORT_STREAM,
						   MBEDTLS_SSL_PRESET_DEFAULT);
	if (code != 0)
		return code;
	mbedtls_ssl_conf_rng(&l->config, mbedtls_ctr_drbg_random, &l->random);
	mbedtls_ssl_conf_authmode(&l->config, MBEDTLS_SSL_VERIFY_NONE);
	load_ca(l, options, arena, out);
	load_own(l, options, arena, out);
	code = mbedtls_ssl_setup(&l->ssl, &l->config);
	if (code == 0 && !out->host_is_address && !strchr(out->host, ':'))
		code = mbedtls_ssl_set_hostname(&l->ssl, out->host);
	mbedtls_ssl_set_bio(&l->ssl, l, on_send, on_receive, NULL);
	return code;
}

static int shake_hands(struct look *l)
{
	int code = 0;

	do
		code = mbedtls_ssl_handshake(&l->ssl);
	while (code == MBEDTLS_ERR_SSL_WANT_READ || code == MBEDTLS_ERR_SSL_WANT_WRITE);
	return code;
}

/* The server's certificates, also where the handshake ended before its end. */
static mbedtls_x509_crt *chain_of(const struct look *l)
{
	const mbedtls_ssl_session *session =
		l->ssl.session_negotiate ? l->ssl.session_negotiate : l->ssl.session;

	return session ? session->peer_cert : NULL;
}

static bool is_in_time(const mbedtls_x509_crt *c)
{
	return !mbedtls_x509_time_is_past(&c->valid_to) &&
	       !mbedtls_x509_time_is_future(&c->valid_from);
}

static bool is_issuer(const mbedtls_x509_crt *c, const mbedtls_x509_crt *of)
{
	return c->subject_raw.len == of->issuer_raw.len &&
	       memcmp(c->subject_raw.p, of->issuer_raw.p, c->subject_raw.len) == 0;
}

/*
 * The expired CA certificate that would vouch for the chain, where no valid one of that name does.
 */
static void take_authority(struct look *l, const mbedtls_x509_crt *chain, struct arena *arena,
			   struct tls_view *out)
{
	mbedtls_x509_crt *late = NULL;

	for (; chain && !late; chain = chain->next) {
		for (mbedtls_x509_crt *ca = &l->ca; ca; ca = ca->next) {
			if (!is_issuer(ca, chain))
				continue;
			if (is_in_time(ca))
				return;
			late = ca;
		}
	}
	if (late)
		tls_certificate_read(late, arena, &out->authority);
}

static void take_chain(struct look *l, struct arena *arena, struct tls_view *out)
{
	mbedtls_x509_crt *chain = chain_of(l);
	uint32_t flags = 0;

	for (mbedtls_x509_crt *at = chain; at && out->n < TLS_MAX_CHAIN; at = at->next)
		tls_certificate_read(at, arena, &out->chain[out->n++]);
	if (!chain || out->no_ca)
		return;
	/* The times and the name are judged elsewhere, in words. */
	(void)mbedtls_x509_crt_verify(chain, &l->ca, NULL, NULL, &flags, NULL, NULL);
	flags &= ~(uint32_t)(MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE);
	out->vouched = flags == 0;
	if (out->vouched)
		take_authority(l, chain, arena, out);
}

static void take_end(struct look *l, int code, struct arena *arena, struct tls_view *out)
{
	out->asked_for_ours = l->ssl.client_auth != 0;
	if (code == 0)
		out->version = mbedtls_ssl_get_version(&l->ssl);
	else if (code == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE)
		out->alert = alert_text(l->ssl.in_msg[1], arena);
	else
		out->failure = error_text(code, arena);
	if (code != 0 && out->n == 0)
		out->no_answer =
			arena_printf(arena, "what answers there does not agree on TLS with us: %s",
				     out->alert ? out->alert : out->failure);
}

void tls_look(const char *url, const struct send_options *options, struct arena *arena,
	      struct tls_view *out)
{
	struct look *l = look_new();
	struct url_place place;
	char error[SEND_MAX_ERROR_TEXT];

	*out = (struct tls_view){ .verifies_addresses = send_verifies_addresses() };
	if (url_read(url, arena, &place) != STATUS_OK) {
		out->no_answer = "the URL cannot be read";
	} else if (dial_open(&l->dial, url, options, error) != STATUS_OK) {
		out->no_answer = arena_strdup(arena, error);
	} else {
		out->host = place.host;
		out->host_is_address = place.is_address;
		int code = prepare(l, options, arena, out);
		if (code == 0)
			code = shake_hands(l);
		take_chain(l, arena, out);
		take_end(l, code, arena, out);
	}
	look_free(l);
}
