#include "agent/platform/hash.h"

#include <stdio.h>

#include <mbedtls/sha256.h>

enum status hash_sha256(const void *bytes, size_t n, char text[HASH_SHA256_TEXT_SIZE])
{
	unsigned char digest[32];
	if (mbedtls_sha256_ret(bytes, n, digest, 0) != 0)
		return STATUS_SYSTEM;
	for (size_t i = 0; i < sizeof digest; i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
	return STATUS_OK;
}
