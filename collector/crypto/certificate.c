#include "collector/crypto/certificate.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "collector/base/file_open.h"
#include "collector/crypto/certificate_internal.h"
#include "proto/base/timestamp.h"

#define SECONDS_A_DAY INT64_C(86400)
#define MS_A_SECOND   INT64_C(1000)
#define MS_A_DAY      (SECONDS_A_DAY * MS_A_SECOND)

/* The oldest error tells best; a system's error in between says which file operation failed. */
static const char *reason_of(unsigned long code)
{
	if (ERR_SYSTEM_ERROR(code))
		return (int)ERR_GET_REASON(code) == ESPIPE ? FILE_OPEN_NO_FILE
							   : strerror((int)ERR_GET_REASON(code));
	if (ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE)
		return "it holds nothing of that kind in PEM form";
	const char *reason = ERR_reason_error_string(code);
	return reason ? reason : "OpenSSL does not say why";
}

static enum status status_of(unsigned long code)
{
	if (!ERR_SYSTEM_ERROR(code))
		return STATUS_MALFORMED;
	switch ((int)ERR_GET_REASON(code)) {
	case ENOENT:
	case ENOTDIR:
		return STATUS_NOT_FOUND;
	case EACCES:
	case EPERM:
		return STATUS_DENIED;
	default:
		return STATUS_SYSTEM;
	}
}

enum status certificate_explain(const char *what, const char *path,
				char error[CERTIFICATE_ERROR_SIZE])
{
	unsigned long code = ERR_peek_error();
	snprintf(error, CERTIFICATE_ERROR_SIZE, "could not %s %s: %s", what, path, reason_of(code));
	ERR_clear_error();
	return status_of(code);
}

/* Instead of asking at a terminal that a server does not have. */
static int refuse_passphrase(char *buf, int size, int writing, void *user)
{
	bool *was_asked = user;
	(void)writing;
	if (size > 0)
		*buf = '\0';
	*was_asked = true;
	return -1;
}

BIO *certificate_open_file(const char *path)
{
	if (!file_fault(path))
		return BIO_new_file(path, "r");
	ERR_raise(ERR_LIB_SYS, errno);
	return NULL;
}

enum status certificate_read_key(const char *path, EVP_PKEY **out,
				 char error[CERTIFICATE_ERROR_SIZE])
{
	ERR_clear_error();
	BIO *file = certificate_open_file(path);
	EVP_PKEY *key = NULL;
	bool is_encrypted = false;
	if (file)
		key = PEM_read_bio_PrivateKey(file, NULL, refuse_passphrase, &is_encrypted);
	BIO_free(file);
	if (!key && is_encrypted) {
		ERR_clear_error();
		snprintf(error, CERTIFICATE_ERROR_SIZE,
			 "the private key %s is encrypted, and nobody is there to type its "
			 "passphrase; write one without with openssl pkey",
			 path);
		return STATUS_UNSUPPORTED;
	}
	if (!key)
		return certificate_explain("read the private key", path, error);
	*out = key;
	return STATUS_OK;
}

enum status certificate_read_x509(const char *path, X509 **out, char error[CERTIFICATE_ERROR_SIZE])
{
	ERR_clear_error();
	BIO *file = certificate_open_file(path);
	X509 *x509 = NULL;
	if (file)
		x509 = PEM_read_bio_X509(file, NULL, NULL, NULL);
	BIO_free(file);
	if (!x509)
		return certificate_explain("read the certificate", path, error);
	*out = x509;
	return STATUS_OK;
}

static void show_name(const X509_NAME *name, char out[CERTIFICATE_NAME_SIZE])
{
	out[0] = '\0';
	BIO *text = BIO_new(BIO_s_mem());
	if (!text || X509_NAME_print_ex(text, name, 0, XN_FLAG_RFC2253) < 0 ||
	    BIO_gets(text, out, CERTIFICATE_NAME_SIZE) < 0)
		out[0] = '\0';
	BIO_free(text);
}

/* A difference to the epoch instead of mktime(), which knows local time only. */
static bool ms_of(const ASN1_TIME *time, int64_t *out)
{
	int days;
	int seconds;
	ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
	bool good = epoch && ASN1_TIME_diff(&days, &seconds, epoch, time) == 1;
	ASN1_TIME_free(epoch);
	if (good)
		*out = (days * SECONDS_A_DAY + seconds) * MS_A_SECOND;
	return good;
}

/* The form of curl's CURLOPT_PINNEDPUBLICKEY. */
static bool pin_of(X509 *x509, char out[CERTIFICATE_PIN_SIZE])
{
	unsigned char hash[SHA256_DIGEST_LENGTH];
	unsigned char base64[CERTIFICATE_PIN_SIZE];
	unsigned char *spki = NULL;

	int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509), &spki);
	if (n <= 0)
		return false;
	bool good = SHA256(spki, (size_t)n, hash) != NULL;
	OPENSSL_free(spki);
	if (!good)
		return false;
	EVP_EncodeBlock(base64, hash, sizeof hash);
	snprintf(out, CERTIFICATE_PIN_SIZE, "sha256//%.44s", (const char *)base64);
	return true;
}

enum status certificate_describe(X509 *x509, struct certificate_info *out)
{
	struct certificate_info info;

	show_name(X509_get_subject_name(x509), info.subject);
	show_name(X509_get_issuer_name(x509), info.issuer);
	if (!ms_of(X509_get0_notBefore(x509), &info.not_before_ms) ||
	    !ms_of(X509_get0_notAfter(x509), &info.not_after_ms) || !pin_of(x509, info.pin))
		return STATUS_MALFORMED;
	*out = info;
	return STATUS_OK;
}

enum status certificate_read(const char *path, struct certificate_info *out,
			     char error[CERTIFICATE_ERROR_SIZE])
{
	X509 *x509 = NULL;
	enum status status = certificate_read_x509(path, &x509, error);
	if (status != STATUS_OK)
		return status;
	status = certificate_describe(x509, out);
	X509_free(x509);
	if (status != STATUS_OK)
		return certificate_explain("understand the certificate", path, error);
	return STATUS_OK;
}

enum status certificate_is_for(const char *path, const char *name, bool *out,
			       char error[CERTIFICATE_ERROR_SIZE])
{
	X509 *x509 = NULL;
	enum status status = certificate_read_x509(path, &x509, error);

	if (status != STATUS_OK)
		return status;
	*out = X509_check_ip_asc(x509, name, 0) == 1 ||
	       X509_check_host(x509, name, 0, 0, NULL) == 1;
	X509_free(x509);
	return STATUS_OK;
}

enum certificate_concern certificate_check(const struct certificate_info *info, int64_t now_ms,
					   char text[CERTIFICATE_ERROR_SIZE])
{
	char at[TIMESTAMP_TEXT_SIZE];
	int64_t left_ms = info->not_after_ms - now_ms;

	*text = '\0';
	if (info->not_before_ms > now_ms) {
		snprintf(text, CERTIFICATE_ERROR_SIZE,
			 "the certificate of %s is not valid before %s: agents refuse it; is the "
			 "clock right?",
			 info->subject, timestamp_format(info->not_before_ms, at));
		return CERTIFICATE_CONCERN_INVALID;
	}
	timestamp_format(info->not_after_ms, at);
	if (left_ms < 0) {
		snprintf(text, CERTIFICATE_ERROR_SIZE,
			 "the certificate of %s has expired at %s: agents refuse it", info->subject,
			 at);
		return CERTIFICATE_CONCERN_INVALID;
	}
	if (left_ms >= CERTIFICATE_WARN_DAYS * MS_A_DAY)
		return CERTIFICATE_CONCERN_NONE;
	snprintf(text, CERTIFICATE_ERROR_SIZE,
		 "the certificate of %s expires at %s, in %d days: renew it", info->subject, at,
		 (int)(left_ms / MS_A_DAY));
	return CERTIFICATE_CONCERN_SOON;
}
