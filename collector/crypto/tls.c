#include "collector/crypto/tls.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "collector/crypto/tls_context.h"
#include "collector/crypto/tls_internal.h"
#include "proto/base/count.h"
#include "proto/base/mem.h"

/* A record with its header, padding and tag is never longer (RFC 5246, 6.2.3). */
#define MAX_RECORD (TLS_RECORD_BYTES + 2048 + 5)

struct tls {
	SSL *ssl;
	const char *in; /* what was fed and is not used yet */
	size_t n_in;
	bool failed;
	bool got_http;
	const char *failure; /* static */
};

/* TLS records to send for the connection whose turn it is. */
static struct {
	char bytes[TLS_OUTPUT_BYTES];
	size_t n;
} output;

/* Words of an administrator for a failed handshake. */
static const struct {
	int reason; /* of OpenSSL */
	const char *text;
} explanations[] = {
	{ SSL_R_HTTP_REQUEST, "the client speaks plain HTTP; its URL has to begin with https://" },
	{ SSL_R_TLSV1_ALERT_UNKNOWN_CA,
	  "the client does not trust this server's certificate (unknown CA): give it the CA file" },
	{ SSL_R_SSLV3_ALERT_BAD_CERTIFICATE,
	  "the client does not accept this server's certificate: wrong name, CA or pin?" },
	{ SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN,
	  "the client does not accept this server's certificate: wrong name, CA or pin?" },
	{ SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED,
	  "the client holds this server's certificate for expired: renew it, or mend its clock" },
	{ SSL_R_UNSUPPORTED_PROTOCOL, "the client offers nothing newer than TLS 1.1" },
	{ SSL_R_VERSION_TOO_LOW, "the client offers nothing newer than TLS 1.1" },
	{ SSL_R_NO_SHARED_CIPHER, "the client and this server have no cipher in common" },
	{ SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM,
	  "the client cannot check signatures of this server's kind of key" },
	{ SSL_R_NO_APPLICATION_PROTOCOL, "the client offers protocols, but not HTTP/1.1" },
	{ SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE,
	  "the client shows no certificate, which this server demands (client-ca)" },
	{ SSL_R_CERTIFICATE_VERIFY_FAILED,
	  "the client's certificate is not one of the authority that this server demands "
	  "(client-ca), or has expired" },
	{ SSL_R_WRONG_VERSION_NUMBER, "the client does not speak TLS" },
	{ SSL_R_EXCESSIVE_MESSAGE_SIZE, "the client shows too large a chain of certificates" },
};

static int bio_read(BIO *bio, char *out, size_t size, size_t *n)
{
	struct tls *tls = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	if (tls->n_in == 0) {
		BIO_set_retry_read(bio);
		*n = 0;
		return 0;
	}
	*n = size < tls->n_in ? size : tls->n_in;
	assert(*n > 0 && tls->in);
	memcpy(out, tls->in, *n);
	tls->in += *n;
	tls->n_in -= *n;
	return 1;
}

/* All or nothing; nothing is a failure, for the output is emptied after each call. */
static int bio_write(BIO *bio, const char *bytes, size_t size, size_t *n)
{
	BIO_clear_retry_flags(bio);
	*n = 0;
	assert(output.n <= sizeof output.bytes);
	if (size > sizeof output.bytes - output.n)
		return 0;
	memcpy(output.bytes + output.n, bytes, size);
	output.n += size;
	*n = size;
	return 1;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static const BIO_METHOD *bio_method(void)
{
	static BIO_METHOD *method;
	if (method)
		return method;
	method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "mtawatch");
	if (!method || !BIO_meth_set_read_ex(method, bio_read) ||
	    !BIO_meth_set_write_ex(method, bio_write) || !BIO_meth_set_ctrl(method, bio_control))
		abort(); /* out of memory, as in mem_alloc() */
	return method;
}

struct tls *tls_new(const struct tls_context *context)
{
	struct tls *tls = mem_alloc(sizeof *tls);
	BIO *bio = BIO_new(bio_method());

	tls->ssl = SSL_new(context->ssl);
	if (!bio || !tls->ssl)
		abort(); /* out of memory, as in mem_alloc() */
	BIO_set_data(bio, tls);
	BIO_set_init(bio, 1);
	SSL_set_bio(tls->ssl, bio, bio); /* takes it */
	SSL_set_accept_state(tls->ssl);
	return tls;
}

void tls_free(struct tls *tls)
{
	if (!tls)
		return;
	SSL_free(tls->ssl);
	free(tls);
}

void tls_feed(struct tls *tls, const char *bytes, size_t n)
{
	assert(bytes || n == 0);
	tls->in = bytes;
	tls->n_in = n;
}

static const char *explain(int reason, unsigned long code)
{
	for (size_t i = 0; i < COUNT(explanations); i++) {
		if (explanations[i].reason == reason)
			return explanations[i].text;
	}
	const char *text = ERR_reason_error_string(code);
	return text ? text : "the connection broke off";
}

static enum tls_result fail(struct tls *tls)
{
	unsigned long code = ERR_peek_error();
	int reason = ERR_GET_LIB(code) == ERR_LIB_SSL ? ERR_GET_REASON(code) : 0;

	tls->failed = true;
	tls->got_http = reason == SSL_R_HTTP_REQUEST;
	tls->failure = explain(reason, code);
	ERR_clear_error();
	return TLS_FAILED;
}

enum tls_result tls_read(struct tls *tls, char *out, size_t size, size_t *n)
{
	*n = 0;
	if (tls->failed)
		return TLS_FAILED;
	ERR_clear_error();
	if (SSL_read_ex(tls->ssl, out, size, n) == 1)
		return TLS_PLAIN;
	switch (SSL_get_error(tls->ssl, 0)) {
	case SSL_ERROR_WANT_READ:
		return TLS_MORE;
	case SSL_ERROR_ZERO_RETURN:
		return TLS_ENDED;
	default:
		return fail(tls);
	}
}

bool tls_is_ready(const struct tls *tls)
{
	return !tls->failed && SSL_is_init_finished(tls->ssl);
}

bool tls_has_part(const struct tls *tls)
{
	return SSL_has_pending(tls->ssl) == 1;
}

bool tls_write(struct tls *tls, const char *bytes, size_t n, size_t *used)
{
	*used = 0;
	if (tls->failed)
		return false;
	ERR_clear_error();
	while (*used < n && sizeof output.bytes - output.n >= MAX_RECORD) {
		size_t left = n - *used;
		size_t part = left < TLS_RECORD_BYTES ? left : TLS_RECORD_BYTES;
		size_t written;
		if (SSL_write_ex(tls->ssl, bytes + *used, part, &written) != 1) {
			fail(tls);
			return false;
		}
		*used += written;
	}
	return true;
}

void tls_end(struct tls *tls)
{
	if (!tls_is_ready(tls))
		return;
	ERR_clear_error();
	assert(output.n == 0);
	SSL_shutdown(tls->ssl); /* 0: the peer's is not there yet, which nobody waits for */
	ERR_clear_error();
}

size_t tls_output(const char **bytes)
{
	size_t n = output.n;
	*bytes = output.bytes;
	output.n = 0;
	return n;
}

const char *tls_failure(const struct tls *tls)
{
	return tls->failure ? tls->failure : "the connection broke off";
}

bool tls_got_http(const struct tls *tls)
{
	return tls->got_http;
}
