#include "collector/crypto/certificate_chain.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "collector/crypto/certificate_internal.h"
#include "proto/base/mem.h"

struct chain {
	const char *path;
	X509 *list[CERTIFICATE_CHAIN_MAX];
	struct certificate_info info[CERTIFICATE_CHAIN_MAX];
	size_t n;
	certificate_chain_warn *tell;
	void *user;
};

static void write_error(const struct chain *c, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void write_error(const struct chain *c, const char *format, ...)
{
	char text[2 * CERTIFICATE_ERROR_SIZE];
	va_list arguments;

	int n = snprintf(text, sizeof text, "%s: ", c->path);
	if (n < 0 || (size_t)n >= sizeof text)
		n = 0; /* a path that long is left out */
	va_start(arguments, format);
	vsnprintf(text + n, sizeof text - (size_t)n, format, arguments);
	va_end(arguments);
	c->tell(c->user, text);
}

static enum status add_certificate(struct chain *c, X509 *x509, char error[CERTIFICATE_ERROR_SIZE])
{
	if (c->n == CERTIFICATE_CHAIN_MAX) {
		snprintf(error, CERTIFICATE_ERROR_SIZE, "there are more than %d certificates in %s",
			 CERTIFICATE_CHAIN_MAX, c->path);
		X509_free(x509);
		return STATUS_LIMIT;
	}
	enum status status = certificate_describe(x509, &c->info[c->n]);
	if (status == STATUS_OK) {
		c->list[c->n++] = x509;
		return STATUS_OK;
	}
	X509_free(x509);
	return certificate_explain("understand a certificate of", c->path, error);
}

static enum status read_all(struct chain *c, char error[CERTIFICATE_ERROR_SIZE])
{
	enum status status = STATUS_OK;
	X509 *x509 = NULL;

	ERR_clear_error();
	BIO *file = certificate_open_file(c->path);
	while (file && status == STATUS_OK &&
	       (x509 = PEM_read_bio_X509(file, NULL, NULL, NULL)) != NULL)
		status = add_certificate(c, x509, error);
	BIO_free(file);
	if (status == STATUS_OK && c->n == 0)
		return certificate_explain("read the certificate", c->path, error);
	ERR_clear_error(); /* the end of the file is one, too */
	return status;
}

/* Did the holder of `issuer` sign it? */
static bool is_signed_by(X509 *x509, X509 *issuer)
{
	bool is = X509_check_issued(issuer, x509) == X509_V_OK &&
		  X509_verify(x509, X509_get0_pubkey(issuer)) == 1;

	ERR_clear_error();
	return is;
}

/* Does this system know the authority that signed it? */
static bool is_signed_by_known(X509 *x509)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *look = X509_STORE_CTX_new();
	X509 *issuer = NULL;

	bool is = store && look && X509_STORE_set_default_paths(store) == 1 &&
		  X509_STORE_CTX_init(look, store, x509, NULL) == 1 &&
		  X509_STORE_CTX_get1_issuer(&issuer, look, x509) == 1;
	X509_free(issuer);
	X509_STORE_CTX_free(look);
	X509_STORE_free(store);
	ERR_clear_error();
	return is;
}

/* The place of the certificate whose holder signed number `i`; c->n: it is not there. */
static size_t find_issuer(const struct chain *c, size_t i)
{
	size_t at = 0;

	while (at < c->n && (at == i || !is_signed_by(c->list[i], c->list[at])))
		at++;
	return at;
}

/*
 * The first place where the next certificate is not the one that is needed; nothing behind it is
 * looked at, for it would be wrong for the same reason.
 */
static void tell_break(const struct chain *c, size_t i)
{
	size_t at = find_issuer(c, i);

	if (at < c->n)
		write_error(c,
			    "the certificates are in the wrong order: certificate %zu (%s) was "
			    "signed by "
			    "certificate %zu (%s), which has to come next",
			    i + 1, c->info[i].subject, at + 1, c->info[at].subject);
	else
		write_error(
			c,
			"certificate %zu (%s) was signed by %s, whose certificate has to come next "
			"and "
			"is missing; certificate %zu is that of %s: clients refuse the chain",
			i + 1, c->info[i].subject, c->info[i].issuer, i + 2,
			c->info[i + 1].subject);
}

static void check_order(const struct chain *c)
{
	size_t last = c->n - 1;

	for (size_t i = 0; i < last; i++) {
		if (!is_signed_by(c->list[i], c->list[i + 1])) {
			tell_break(c, i);
			return;
		}
	}
	if (is_signed_by(c->list[last], c->list[last]) || is_signed_by_known(c->list[last]))
		return;
	write_error(c,
		    "the chain ends with %s, signed by %s, which this system does not know: "
		    "clients need "
		    "the certificate of %s in their CA file; if it is an intermediate authority, "
		    "append "
		    "its certificate here",
		    c->info[last].subject, c->info[last].issuer, c->info[last].issuer);
}

static void check_times(const struct chain *c, int64_t now_ms)
{
	char text[CERTIFICATE_ERROR_SIZE];

	for (size_t i = 0; i < c->n; i++) {
		if (certificate_check(&c->info[i], now_ms, text) != CERTIFICATE_CONCERN_NONE)
			write_error(c, "%s", text);
	}
}

/* May the first be a server's, and the others sign? */
static void check_purposes(const struct chain *c)
{
	if (X509_check_purpose(c->list[0], X509_PURPOSE_SSL_SERVER, 0) != 1)
		write_error(
			c,
			"the certificate of %s is not meant for servers (its key usage): clients "
			"refuse it",
			c->info[0].subject);
	for (size_t i = 1; i < c->n; i++) {
		if (X509_check_ca(c->list[i]) == 0)
			write_error(
				c,
				"certificate %zu (%s) is not that of an authority: clients refuse "
				"what it signed",
				i + 1, c->info[i].subject);
	}
}

static void check_host(const struct chain *c, const char *host)
{
	X509 *own = c->list[0];

	if (X509_check_ip_asc(own, host, 0) == 1 ||
	    X509_check_host(own, host, 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) == 1)
		return;
	write_error(
		c,
		"the certificate of %s is not for %s (none of its subject alternative names is): "
		"clients that go there refuse it",
		c->info[0].subject, host);
}

enum status certificate_chain_check(const char *path, const char *host, int64_t now_ms,
				    certificate_chain_warn *teller, void *user,
				    char error[CERTIFICATE_ERROR_SIZE])
{
	struct chain *c = mem_alloc(sizeof *c);

	*c = (struct chain){ .path = path, .tell = teller, .user = user };
	enum status status = read_all(c, error);
	if (status == STATUS_OK) {
		check_order(c);
		check_times(c, now_ms);
		check_purposes(c);
		if (host)
			check_host(c, host);
		ERR_clear_error();
	}
	for (size_t i = 0; i < c->n; i++)
		X509_free(c->list[i]);
	free(c);
	return status;
}
