#include "collector/crypto/tls_context.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "collector/crypto/certificate_internal.h"
#include "collector/crypto/tls_internal.h"
#include "proto/base/mem.h"

/* For TLS 1.2; those of 1.3 are all of this kind. ECDSA or RSA as the key is. */
#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20"
#define GROUPS  "X25519:P-256:P-384"

/* Sessions are good for servers of this name; it is needed once clients show certificates. */
static const unsigned char session_context[] = "mtawatch";

/* RFC 7301: a length, then the name. */
static const unsigned char protocols[] = "\x08http/1.1";

static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *n,
			   const unsigned char *offered, unsigned n_offered, void *user)
{
	unsigned char *chosen;
	(void)ssl;
	(void)user;
	if (SSL_select_next_proto(&chosen, n, protocols, sizeof protocols - 1, offered,
				  n_offered) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

static bool set_protocol(SSL_CTX *ssl)
{
	SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
					 SSL_OP_CIPHER_SERVER_PREFERENCE);
	/* A connection that waits holds no buffers. */
	SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF); /* the client holds the ticket */
	SSL_CTX_set_timeout(ssl, TLS_SESSION_S);
	SSL_CTX_set_max_cert_list(ssl, TLS_MAX_CLIENT_CHAIN);
	SSL_CTX_set_alpn_select_cb(ssl, choose_protocol, NULL);
	return SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) == 1 &&
	       SSL_CTX_set_cipher_list(ssl, CIPHERS) == 1 &&
	       SSL_CTX_set1_groups_list(ssl, GROUPS) == 1 && SSL_CTX_set_num_tickets(ssl, 1) == 1 &&
	       SSL_CTX_set_session_id_context(ssl, session_context, sizeof session_context - 1) ==
		       1;
}

/* Adds to the error which other certificate of the file the key belongs to, if any. */
static void explain_key(SSL_CTX *ssl, EVP_PKEY *key, const struct tls_files *files,
			char error[CERTIFICATE_ERROR_SIZE])
{
	STACK_OF(X509) *chain = NULL;
	int n = snprintf(error, CERTIFICATE_ERROR_SIZE,
			 "the private key %s does not belong to the certificate %s", files->key,
			 files->certificate);

	if (n < 0 || n >= CERTIFICATE_ERROR_SIZE || SSL_CTX_get0_chain_certs(ssl, &chain) != 1)
		return;
	for (int i = 0; i < sk_X509_num(chain); i++) {
		if (X509_check_private_key(sk_X509_value(chain, i), key) != 1)
			continue;
		snprintf(error + n, CERTIFICATE_ERROR_SIZE - (size_t)n,
			 ", but to certificate %d of that file: the server's own has to be the "
			 "first",
			 i + 2);
		return;
	}
}

static enum status use_key(SSL_CTX *ssl, const struct tls_files *files,
			   char error[CERTIFICATE_ERROR_SIZE])
{
	EVP_PKEY *key;
	enum status status = certificate_read_key(files->key, &key, error);
	if (status != STATUS_OK)
		return status;
	bool belongs = X509_check_private_key(SSL_CTX_get0_certificate(ssl), key) == 1;
	if (!belongs) {
		explain_key(ssl, key, files, error);
		ERR_clear_error();
		status = STATUS_INVALID;
	} else if (SSL_CTX_use_PrivateKey(ssl, key) != 1) {
		status = certificate_explain("use the private key", files->key, error);
	}
	EVP_PKEY_free(key);
	return status;
}

static enum status require_client_certificates(SSL_CTX *ssl, const char *path,
					       char error[CERTIFICATE_ERROR_SIZE])
{
	BIO *file = certificate_open_file(path);
	STACK_OF(X509_NAME) *names = file ? SSL_load_client_CA_file(path) : NULL;

	BIO_free(file);
	if (!names || SSL_CTX_load_verify_file(ssl, path) != 1) {
		sk_X509_NAME_pop_free(names, X509_NAME_free);
		return certificate_explain("read the certificates of clients' authorities", path,
					   error);
	}
	SSL_CTX_set_client_CA_list(ssl, names); /* takes them */
	SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	return STATUS_OK;
}

static enum status use_files(struct tls_context *context, const struct tls_files *files,
			     char error[CERTIFICATE_ERROR_SIZE])
{
	enum status status = certificate_read(files->certificate, &context->info, error);
	if (status != STATUS_OK)
		return status;
	if (SSL_CTX_use_certificate_chain_file(context->ssl, files->certificate) != 1)
		return certificate_explain("use the certificate", files->certificate, error);
	status = use_key(context->ssl, files, error);
	if (status == STATUS_OK && files->client_ca)
		status = require_client_certificates(context->ssl, files->client_ca, error);
	return status;
}

enum status tls_context_new(struct tls_context **out, const struct tls_files *files,
			    char error[CERTIFICATE_ERROR_SIZE])
{
	struct tls_context *context = mem_alloc(sizeof *context);
	enum status status = STATUS_SYSTEM;

	ERR_clear_error();
	context->ssl = SSL_CTX_new(TLS_server_method());
	if (!context->ssl || !set_protocol(context->ssl))
		certificate_explain("set up", "TLS", error);
	else
		status = use_files(context, files, error);
	if (status != STATUS_OK) {
		tls_context_free(context);
		return status;
	}
	*out = context;
	return STATUS_OK;
}

void tls_context_free(struct tls_context *context)
{
	if (!context)
		return;
	SSL_CTX_free(context->ssl); /* each connection holds a reference of its own */
	free(context);
}

const struct certificate_info *tls_context_info(const struct tls_context *context)
{
	return &context->info;
}
