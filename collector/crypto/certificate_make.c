#include "collector/crypto/certificate.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "collector/base/file_replace.h"
#include "collector/crypto/certificate_internal.h"

#define VERSION_3    2L /* the field's value, RFC 5280, 4.1.2.1 */
#define SERIAL_BYTES 16 /* random; at most 20 are allowed (RFC 5280, 4.1.2.2) */
#define MAX_LABEL    63 /* RFC 1035, 2.3.4 */
#define MS_A_SECOND  1000

#define MODE_KEY         0600
#define MODE_CERTIFICATE 0644

/* An extension in OpenSSL's text form (x509v3_config(5)). */
struct extension {
	int nid;
	const char *value;
};

static const struct extension ca_extensions[] = {
	{ NID_basic_constraints, "critical,CA:TRUE,pathlen:0" },
	{ NID_key_usage, "critical,keyCertSign,cRLSign" },
	{ NID_subject_key_identifier, "hash" },
	{ 0 },
};

static const struct extension server_extensions[] = {
	{ NID_basic_constraints, "critical,CA:FALSE" },
	{ NID_key_usage, "critical,digitalSignature" },
	{ NID_ext_key_usage, "serverAuth" },
	{ NID_subject_key_identifier, "hash" },
	{ NID_authority_key_identifier, "keyid:always" },
	{ 0 },
};

static enum status fail_with(enum status status, char error[CERTIFICATE_ERROR_SIZE],
			     const char *format, ...) __attribute__((format(PRINTF_FORMAT, 3, 4)));

static enum status fail_with(enum status status, char error[CERTIFICATE_ERROR_SIZE],
			     const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(error, CERTIFICATE_ERROR_SIZE, format, args);
	va_end(args);
	ERR_clear_error();
	return status;
}

static bool set_serial(X509 *x509)
{
	unsigned char bytes[SERIAL_BYTES];
	if (RAND_bytes(bytes, sizeof bytes) != 1)
		return false;
	bytes[0] = (unsigned char)((bytes[0] & 0x7f) | 0x40); /* positive, and always as long */
	BIGNUM *number = BN_bin2bn(bytes, sizeof bytes, NULL);
	bool good = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x509));
	BN_free(number);
	return good;
}

static bool set_validity(X509 *x509, int64_t now_ms, int days)
{
	time_t now = (time_t)(now_ms / MS_A_SECOND);
	return X509_time_adj_ex(X509_getm_notBefore(x509), -CERTIFICATE_EARLY_DAYS, 0, &now) &&
	       X509_time_adj_ex(X509_getm_notAfter(x509), days, 0, &now);
}

static bool set_subject(X509 *x509, const char *name)
{
	return X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_UTF8,
					  (const unsigned char *)name, -1, -1, 0) == 1;
}

static bool add_extensions(X509 *x509, X509 *issuer, const struct extension *list)
{
	X509V3_CTX context;
	X509V3_set_ctx(&context, issuer, x509, NULL, NULL, 0);
	for (; list->value; list++) {
		X509_EXTENSION *extension =
			X509V3_EXT_conf_nid(NULL, &context, list->nid, list->value);
		bool good = extension && X509_add_ext(x509, extension, -1) == 1;
		X509_EXTENSION_free(extension);
		if (!good)
			return false;
	}
	return true;
}

/*
 * Letters, digits, "-" and, as Windows allows it in host names, "_"; "*." may begin it. A last
 * label of digits alone would be a mistyped address.
 */
static bool is_dns_name(const char *name)
{
	static const char digits[] = "0123456789";
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_";
	if (strlen(name) > CERTIFICATE_MAX_DNS_NAME)
		return false;
	if (strncmp(name, "*.", 2) == 0)
		name += 2;
	for (;;) {
		size_t n = strspn(name, allowed);
		if (n == 0 || n > MAX_LABEL || (name[n] != '.' && name[n] != '\0'))
			return false;
		if (name[n] == '\0')
			return strspn(name, digits) < n;
		name += n + 1;
	}
}

/* Takes `value`. */
static bool push_name(GENERAL_NAMES *list, int type, ASN1_STRING *value)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	if (!name || !value) {
		GENERAL_NAME_free(name);
		ASN1_STRING_free(value);
		return false;
	}
	GENERAL_NAME_set0_value(name, type, value);
	if (sk_GENERAL_NAME_push(list, name) > 0)
		return true;
	GENERAL_NAME_free(name);
	return false;
}

static bool push_dns_name(GENERAL_NAMES *list, const char *text)
{
	ASN1_IA5STRING *value = ASN1_IA5STRING_new();
	if (value && ASN1_STRING_set(value, text, -1) != 1) {
		ASN1_IA5STRING_free(value);
		value = NULL;
	}
	return push_name(list, GEN_DNS, value);
}

/*
 * An address is also put down as if it were a DNS name. RFC 5280 does not mean it so, and OpenSSL,
 * Schannel and browsers ignore it; but mbedTLS before 3.5, which the agent has on Windows NT 4.0,
 * looks for an address nowhere else.
 */
static bool push_text(GENERAL_NAMES *list, const char *text)
{
	ASN1_OCTET_STRING *address = a2i_IPADDRESS(text);
	ERR_clear_error(); /* that it is no address */
	if (address && !push_name(list, GEN_IPADD, address))
		return false;
	return push_dns_name(list, text);
}

static bool add_names(X509 *x509, const char *const *names, size_t n)
{
	GENERAL_NAMES *list = sk_GENERAL_NAME_new_null();
	bool good = list != NULL;
	for (size_t i = 0; good && i < n; i++)
		good = push_text(list, names[i]);
	good = good && X509_add1_ext_i2d(x509, NID_subject_alt_name, list, 0, 0) == 1;
	sk_GENERAL_NAME_pop_free(list, GENERAL_NAME_free);
	return good;
}

/* A certificate for `key`, all but its extensions and its signature; the caller frees it. */
static X509 *begin_certificate(const char *name, EVP_PKEY *key, int64_t now_ms, int days)
{
	X509 *x509 = X509_new();
	if (x509 && X509_set_version(x509, VERSION_3) && set_serial(x509) &&
	    set_validity(x509, now_ms, days) && set_subject(x509, name) &&
	    X509_set_pubkey(x509, key))
		return x509;
	X509_free(x509);
	return NULL;
}

static bool sign_certificate(X509 *x509, X509 *issuer, EVP_PKEY *issuer_key,
			     const struct extension *extensions)
{
	return X509_set_issuer_name(x509, X509_get_subject_name(issuer)) &&
	       add_extensions(x509, issuer, extensions) &&
	       X509_sign(x509, issuer_key, EVP_sha256()) > 0;
}

/* Writes what `bio` holds; frees it. */
static enum status write_pem(const char *path, mode_t mode, BIO *bio, bool good,
			     char error[CERTIFICATE_ERROR_SIZE])
{
	char *bytes;
	size_t n = good ? (size_t)BIO_get_mem_data(bio, &bytes) : 0;
	enum status status =
		good ? file_replace(path, mode, bytes, n, error, CERTIFICATE_ERROR_SIZE)
		     : certificate_explain("write", path, error);
	BIO_free(bio);
	return status;
}

static enum status write_key(const char *path, EVP_PKEY *key, char error[CERTIFICATE_ERROR_SIZE])
{
	BIO *bio = BIO_new(BIO_s_secmem());
	bool good = bio && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1;
	return write_pem(path, MODE_KEY, bio, good, error);
}

/* `chain` follows the certificate; may be NULL. */
static enum status write_certificate(const char *path, X509 *x509, X509 *chain,
				     char error[CERTIFICATE_ERROR_SIZE])
{
	BIO *bio = BIO_new(BIO_s_mem());
	bool good = bio && PEM_write_bio_X509(bio, x509) == 1 &&
		    (!chain || PEM_write_bio_X509(bio, chain) == 1);
	return write_pem(path, MODE_CERTIFICATE, bio, good, error);
}

static enum status make_key(EVP_PKEY **out, char error[CERTIFICATE_ERROR_SIZE])
{
	*out = EVP_EC_gen("P-256");
	return *out ? STATUS_OK : fail_with(STATUS_SYSTEM, error, "could not make a key");
}

static enum status refuse_existing(const char *path, char error[CERTIFICATE_ERROR_SIZE])
{
	if (access(path, F_OK) != 0)
		return STATUS_OK;
	return fail_with(STATUS_CONFLICT, error,
			 "%s is there already; it is not overwritten, since agents trust it", path);
}

static enum status write_ca(const struct certificate_files *ca, X509 *x509, EVP_PKEY *key,
			    char error[CERTIFICATE_ERROR_SIZE])
{
	if (!x509 || !sign_certificate(x509, x509, key, ca_extensions))
		return certificate_explain("make the certificate", ca->certificate, error);
	enum status status = write_key(ca->key, key, error);
	return status == STATUS_OK ? write_certificate(ca->certificate, x509, NULL, error) : status;
}

enum status certificate_make_ca(const struct certificate_files *ca, const char *name,
				int64_t now_ms, char error[CERTIFICATE_ERROR_SIZE])
{
	EVP_PKEY *key;

	if (*name == '\0' || strlen(name) > CERTIFICATE_MAX_CA_NAME)
		return fail_with(STATUS_INVALID, error,
				 "the name of a CA has 1 to %d bytes, unlike \"%s\"",
				 CERTIFICATE_MAX_CA_NAME, name);
	enum status status = refuse_existing(ca->certificate, error);
	if (status == STATUS_OK)
		status = refuse_existing(ca->key, error);
	if (status == STATUS_OK)
		status = make_key(&key, error);
	if (status != STATUS_OK)
		return status;
	X509 *x509 = begin_certificate(name, key, now_ms, CERTIFICATE_CA_DAYS);
	status = write_ca(ca, x509, key, error);
	X509_free(x509);
	EVP_PKEY_free(key);
	return status;
}

static enum status check_names(const char *const *names, size_t n,
			       char error[CERTIFICATE_ERROR_SIZE])
{
	unsigned char address[sizeof(struct in6_addr)];

	if (n == 0)
		return fail_with(STATUS_INVALID, error,
				 "a server certificate needs a DNS name or an IP address");
	if (n > CERTIFICATE_MAX_NAMES)
		return fail_with(STATUS_LIMIT, error,
				 "a server certificate holds at most %d names, not %zu",
				 CERTIFICATE_MAX_NAMES, n);
	for (size_t i = 0; i < n; i++) {
		if (inet_pton(AF_INET, names[i], address) != 1 &&
		    inet_pton(AF_INET6, names[i], address) != 1 && !is_dns_name(names[i]))
			return fail_with(STATUS_INVALID, error,
					 "\"%s\" is neither a DNS name nor an IP address",
					 names[i]);
	}
	return STATUS_OK;
}

/* The CA that signs a server certificate. */
struct signer {
	X509 *x509;
	EVP_PKEY *key;
};

static enum status read_signer(const struct certificate_files *ca, struct signer *out,
			       char error[CERTIFICATE_ERROR_SIZE])
{
	enum status status = certificate_read_x509(ca->certificate, &out->x509, error);
	if (status == STATUS_OK)
		status = certificate_read_key(ca->key, &out->key, error);
	if (status != STATUS_OK)
		return status;
	if (X509_check_private_key(out->x509, out->key) != 1)
		return fail_with(STATUS_INVALID, error, "%s is the key of another certificate",
				 ca->key);
	if (X509_check_ca(out->x509) != 1)
		return fail_with(STATUS_INVALID, error, "%s may not sign certificates: it is no CA",
				 ca->certificate);
	return STATUS_OK;
}

/* The key that is there, or else a new one. */
static enum status get_key(const char *path, EVP_PKEY **out, char error[CERTIFICATE_ERROR_SIZE])
{
	if (access(path, F_OK) == 0)
		return certificate_read_key(path, out, error);
	enum status status = make_key(out, error);
	return status == STATUS_OK ? write_key(path, *out, error) : status;
}

/* The common name is for people only, and shorter than a DNS name may be. */
static X509 *make_x509(const char *const *names, size_t n_names, EVP_PKEY *key,
		       const struct signer *signer, int64_t now_ms)
{
	char common[CERTIFICATE_MAX_CA_NAME + 1];

	snprintf(common, sizeof common, "%s", names[0]);
	X509 *x509 = begin_certificate(common, key, now_ms, CERTIFICATE_SERVER_DAYS);
	if (x509 && add_names(x509, names, n_names) &&
	    sign_certificate(x509, signer->x509, signer->key, server_extensions))
		return x509;
	X509_free(x509);
	return NULL;
}

enum status certificate_make_server(const struct certificate_files *server,
				    const struct certificate_files *ca, const char *const *names,
				    size_t n_names, int64_t now_ms,
				    char error[CERTIFICATE_ERROR_SIZE])
{
	struct signer signer = { 0 };
	EVP_PKEY *key = NULL;
	X509 *x509 = NULL;

	enum status status = check_names(names, n_names, error);
	if (status == STATUS_OK)
		status = read_signer(ca, &signer, error);
	if (status == STATUS_OK)
		status = get_key(server->key, &key, error);
	if (status == STATUS_OK) {
		x509 = make_x509(names, n_names, key, &signer, now_ms);
		status = x509 ? write_certificate(server->certificate, x509, signer.x509, error)
			      : certificate_explain("make the certificate", server->certificate,
						    error);
	}
	X509_free(x509);
	X509_free(signer.x509);
	EVP_PKEY_free(signer.key);
	EVP_PKEY_free(key);
	return status;
}
