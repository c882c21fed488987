#include "collector/crypto/base64.h"

#include <openssl/evp.h>

const char *base64_encode(const void *bytes, size_t n, struct arena *arena)
{
	char *text = arena_alloc(arena, (n + 2) / 3 * 4 + 1);

	EVP_EncodeBlock((unsigned char *)text, bytes, (int)n);
	return text;
}
