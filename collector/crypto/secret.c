#include "collector/crypto/secret.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

enum status secret_make(const char *prefix, char text[SECRET_TEXT_SIZE])
{
	uint8_t bytes[SECRET_BYTES];
	size_t at = strlen(prefix);

	assert(at < SECRET_PREFIX_SIZE);
	if (RAND_bytes(bytes, sizeof bytes) != 1)
		return STATUS_SYSTEM;
	memcpy(text, prefix, at + 1);
	for (size_t i = 0; i < sizeof bytes; i++)
		snprintf(text + at + 2 * i, 3, "%02x", bytes[i]);
	OPENSSL_cleanse(bytes, sizeof bytes);
	return STATUS_OK;
}

enum status secret_make_id(char text[UUID_TEXT_SIZE])
{
	uint8_t bytes[16];

	if (RAND_bytes(bytes, sizeof bytes) != 1)
		return STATUS_SYSTEM;
	bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40); /* version 4 */
	bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80); /* the variant of RFC 9562 */
	struct wire_reader reader = wire_read_from(bytes, sizeof bytes);
	reader.big_endian = true; /* as it is written */
	struct uuid uuid = wire_get_uuid(&reader);
	uuid_format(&uuid, text);
	return STATUS_OK;
}

void secret_hash(const char *text, uint8_t hash[SECRET_HASH_SIZE])
{
	static EVP_MD *sha256; /* to look it up takes longer than to use it */

	if (!sha256)
		sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (!sha256 || EVP_Digest(text, strlen(text), hash, NULL, sha256, NULL) != 1)
		abort(); /* only a library that is broken or without memory */
}

bool secret_hash_equal(const uint8_t a[SECRET_HASH_SIZE], const uint8_t b[SECRET_HASH_SIZE])
{
	return CRYPTO_memcmp(a, b, SECRET_HASH_SIZE) == 0;
}

bool secret_is_key(const char *text)
{
	return strspn(text, "0123456789abcdef") == SECRET_HEX_DIGITS &&
	       text[SECRET_HEX_DIGITS] == '\0';
}
