/*
 * What the certificate_*.c files and tls_*.c have in common about OpenSSL's objects; for them only.
 */
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "collector/crypto/certificate.h"

/* "could not WHAT PATH: " and OpenSSL's or the system's reason, which is then forgotten. */
enum status certificate_explain(const char *what, const char *path,
				char error[CERTIFICATE_ERROR_SIZE]);

/* To be read; NULL with OpenSSL's error. A pipe or a device is refused, not waited for. */
BIO *certificate_open_file(const char *path);

/*
 * Reads a private key; the caller frees it. Fails as certificate_read(), and with
 * STATUS_UNSUPPORTED for one that a passphrase protects.
 */
enum status certificate_read_key(const char *path, EVP_PKEY **out,
				 char error[CERTIFICATE_ERROR_SIZE]);

/* Reads the first certificate; the caller frees it. Fails as certificate_read(). */
enum status certificate_read_x509(const char *path, X509 **out, char error[CERTIFICATE_ERROR_SIZE]);

/* Fills in what certificate_read() gives. */
enum status certificate_describe(X509 *x509, struct certificate_info *out);
