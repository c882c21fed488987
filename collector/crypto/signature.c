#include "collector/crypto/signature.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "proto/base/buffer.h"

#define PREFIX    "whsec_"
#define HMAC_SIZE 32 /* of SHA-256 */

/* Base64 of the longest key, and some room for what is too long. */
#define MAX_ENCODED ((SIGNATURE_MAX_KEY + 2) / 3 * 4 + 4)

/* Decodes base64 with its padding; the number of bytes, or 0. */
static size_t decode(const char *text, size_t n, uint8_t out[MAX_ENCODED])
{
	if (n == 0 || n % 4 != 0 || n > MAX_ENCODED)
		return 0;
	/* OpenSSL writes zeros for the padding, and counts them. */
	int size = EVP_DecodeBlock(out, (const unsigned char *)text, (int)n);
	if (size < 0)
		return 0;
	return (size_t)size - (text[n - 1] == '=') - (text[n - 2] == '=');
}

enum status signature_key_read(const char *text, struct signature_key *out)
{
	static const char space[] = " \t\r\n";
	uint8_t bytes[MAX_ENCODED];

	text += strspn(text, space);
	if (strncmp(text, PREFIX, strlen(PREFIX)) != 0)
		return STATUS_INVALID;
	text += strlen(PREFIX);
	size_t length = strcspn(text, space);
	if (text[length + strspn(text + length, space)] != '\0')
		return STATUS_INVALID;
	size_t n = decode(text, length, bytes);
	if (n < SIGNATURE_MIN_KEY || n > SIGNATURE_MAX_KEY)
		return STATUS_INVALID;
	memcpy(out->bytes, bytes, n);
	out->n = n;
	return STATUS_OK;
}

static void hmac(const struct signature_key *key, const char *bytes, size_t n,
		 uint8_t out[HMAC_SIZE])
{
	unsigned size = HMAC_SIZE;

	if (!HMAC(EVP_sha256(), key->bytes, (int)key->n, (const unsigned char *)bytes, n, out,
		  &size))
		abort(); /* only for lack of memory */
}

void signature_standard(const struct signature_key *key, const char *id, int64_t seconds,
			const char *body, size_t size, char text[SIGNATURE_TEXT_SIZE])
{
	uint8_t code[HMAC_SIZE];
	struct buffer signed_text;

	buffer_init(&signed_text);
	buffer_printf(&signed_text, "%s.%" PRId64 ".", id, seconds);
	buffer_add(&signed_text, body, size);
	hmac(key, signed_text.bytes, signed_text.size, code);
	buffer_deinit(&signed_text);
	int prefix = snprintf(text, SIGNATURE_TEXT_SIZE, "v1,");
	EVP_EncodeBlock((unsigned char *)text + prefix, code, sizeof code);
}

void signature_github(const struct signature_key *key, const char *body, size_t size,
		      char text[SIGNATURE_TEXT_SIZE])
{
	uint8_t code[HMAC_SIZE];
	size_t at = (size_t)sprintf(text, "sha256=");

	hmac(key, body, size, code);
	for (size_t i = 0; i < sizeof code; i++)
		at += (size_t)sprintf(text + at, "%02x", code[i]);
}
