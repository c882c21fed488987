#include "agent/https/tls_certificate.h"

#include <stdio.h>
#include <string.h>

#include <mbedtls/base64.h>
#include <mbedtls/oid.h>
#include <mbedtls/sha256.h>
#include <mbedtls/x509_crt.h>

#include "proto/base/printable.h"
#include "proto/base/timestamp.h"

#define MAX_NAME 512 /* bytes of a subject or issuer; what is longer is cut */

static const char *clean(const char *text, size_t n, struct arena *arena)
{
	char *copy = arena_strndup(arena, text, n);

	return printable(arena_alloc(arena, n + 1), n + 1, copy);
}

static const char *name_text(const mbedtls_x509_name *name, struct arena *arena)
{
	char text[MAX_NAME];
	int n = mbedtls_x509_dn_gets(text, sizeof text, name);

	return n > 0 ? clean(text, (size_t)n, arena) : "nobody";
}

static int64_t time_ms(const mbedtls_x509_time *time)
{
	char text[TIMESTAMP_TEXT_SIZE];
	int64_t ms = TIMESTAMP_NONE;

	(void)snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02dZ", time->year % 10000,
		       time->mon % 100, time->day % 100, time->hour % 100, time->min % 100,
		       time->sec % 100);
	(void)timestamp_parse(text, &ms); /* mbedTLS has checked it */
	return ms;
}

/* "sha256//" and the hash of the SubjectPublicKeyInfo in Base64. */
static const char *pin_text(const mbedtls_x509_crt *crt, struct arena *arena)
{
	unsigned char digest[32];
	unsigned char text[TLS_PIN_SIZE];
	size_t n = 0;

	if (mbedtls_sha256_ret(crt->pk_raw.p, crt->pk_raw.len, digest, 0) != 0 ||
	    mbedtls_base64_encode(text, sizeof text, &n, digest, sizeof digest) != 0)
		return "unknown";
	return arena_printf(arena, "sha256//%s", (const char *)text);
}

static void add_name(struct tls_certificate *out, const char *name)
{
	if (out->n_names < TLS_MAX_NAMES)
		out->names[out->n_names++] = name;
}

static void add_alternative(struct tls_certificate *out, const mbedtls_x509_buf *name,
			    struct arena *arena)
{
	const unsigned char *p = name->p;

	switch (name->tag & MBEDTLS_ASN1_TAG_VALUE_MASK) {
	case MBEDTLS_X509_SAN_DNS_NAME:
		add_name(out, clean((const char *)p, name->len, arena));
		break;
	case MBEDTLS_X509_SAN_IP_ADDRESS:
		if (name->len == 4)
			add_name(out, arena_printf(arena, "%d.%d.%d.%d", p[0], p[1], p[2], p[3]));
		break;
	default:
		break;
	}
}

/* The common name counts where there are no alternative names (RFC 6125 section 6.4.4). */
static void read_names(const mbedtls_x509_crt *crt, struct arena *arena,
		       struct tls_certificate *out)
{
	if (crt->ext_types & MBEDTLS_X509_EXT_SUBJECT_ALT_NAME) {
		for (const mbedtls_x509_sequence *at = &crt->subject_alt_names; at; at = at->next)
			add_alternative(out, &at->buf, arena);
		return;
	}
	for (const mbedtls_x509_name *at = &crt->subject; at; at = at->next) {
		if (MBEDTLS_OID_CMP(MBEDTLS_OID_AT_CN, &at->oid) == 0)
			add_name(out, clean((const char *)at->val.p, at->val.len, arena));
	}
}

void tls_certificate_read(const struct mbedtls_x509_crt *crt, struct arena *arena,
			  struct tls_certificate *out)
{
	out->subject = name_text(&crt->subject, arena);
	out->issuer = name_text(&crt->issuer, arena);
	out->not_before_ms = time_ms(&crt->valid_from);
	out->not_after_ms = time_ms(&crt->valid_to);
	out->pin = pin_text(crt, arena);
	read_names(crt, arena, out);
}
