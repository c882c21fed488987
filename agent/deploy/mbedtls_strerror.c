/*
 * mbedTLS's mbedtls_strerror() in place of its own, whose sentences for every error of every module
 * are a twentieth of the program. libcurl puts them behind the number of an error: here stand those
 * that an administrator can do something about; a number without a sentence can be looked up.
 *
 * A number is of a module (its upper bits) and may carry another one of a deeper module (its lower
 * seven bits), both negative (mbedtls/error.h).
 */
#include <mbedtls/error.h>

#include <mbedtls/entropy.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/pem.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509.h>

#include <stdio.h>

#define DEEPER 0x7f

static const struct {
	int code;
	const char *text;
} texts[] = {
	{ MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE, "the other side broke off with an alert" },
	{ MBEDTLS_ERR_SSL_CONN_EOF, "the other side closed the connection" },
	{ MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY, "the other side closed the connection" },
	{ MBEDTLS_ERR_SSL_INVALID_RECORD, "what came is no TLS" },
	{ MBEDTLS_ERR_SSL_BAD_HS_SERVER_HELLO, "no common version or cipher of TLS" },
	{ MBEDTLS_ERR_SSL_BAD_HS_PROTOCOL_VERSION, "no common version of TLS" },
	{ MBEDTLS_ERR_SSL_CA_CHAIN_REQUIRED, "no certificate authority to check against" },
	{ MBEDTLS_ERR_SSL_ALLOC_FAILED, "not enough memory" },
	{ MBEDTLS_ERR_X509_CERT_VERIFY_FAILED, "the certificate does not verify" },
	{ MBEDTLS_ERR_X509_FILE_IO_ERROR, "the file cannot be read" },
	{ MBEDTLS_ERR_X509_CERT_UNKNOWN_FORMAT, "no certificate in PEM form" },
	{ MBEDTLS_ERR_X509_INVALID_FORMAT, "the certificate is damaged" },
	{ MBEDTLS_ERR_X509_UNKNOWN_SIG_ALG, "a signature of a kind that is not supported" },
	{ MBEDTLS_ERR_PK_FILE_IO_ERROR, "the file cannot be read" },
	{ MBEDTLS_ERR_PK_KEY_INVALID_FORMAT, "no private key in PEM form" },
	{ MBEDTLS_ERR_PK_PASSWORD_REQUIRED,
	  "the key is encrypted; it has to be without a password" },
	{ MBEDTLS_ERR_PK_UNKNOWN_PK_ALG, "a key of a kind that is not supported" },
	{ MBEDTLS_ERR_PK_UNKNOWN_NAMED_CURVE, "a key on a curve that is not supported" },
	{ MBEDTLS_ERR_PK_TYPE_MISMATCH, "key and certificate do not belong together" },
	{ MBEDTLS_ERR_PEM_NO_HEADER_FOOTER_PRESENT, "no PEM header" },
	{ MBEDTLS_ERR_PEM_INVALID_DATA, "damaged PEM" },
	{ MBEDTLS_ERR_ENTROPY_SOURCE_FAILED, "the system's random generator fails" },
	{ MBEDTLS_ERR_NET_CONN_RESET, "the connection was reset" },
	{ MBEDTLS_ERR_NET_RECV_FAILED, "receiving failed" },
	{ MBEDTLS_ERR_NET_SEND_FAILED, "sending failed" },
};

static const char *find_text(int code)
{
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		if (texts[i].code == code)
			return texts[i].text;
	}
	return NULL;
}

void mbedtls_strerror(int error, char *buffer, size_t size)
{
	int number = error < 0 ? -error : error;
	const char *text = find_text(-number);
	if (!text)
		text = find_text(-(number & ~DEEPER));
	if (!text)
		text = find_text(-(number & DEEPER));
	if (size > 0)
		(void)snprintf(buffer, size, "%s", text ? text : "an error of mbedTLS");
}
