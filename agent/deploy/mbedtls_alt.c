/*
 * What of mbedTLS the agent brings itself (MBEDTLS_..._ALT in mbedtls_config_agent.h).
 */
#include <mbedtls/aes.h>
#include <mbedtls/platform.h>
#include <mbedtls/platform_util.h>

#include <time.h>

/* GCM and the random generator only ever encrypt; the other way has tables of its own. */
int mbedtls_aes_setkey_dec(mbedtls_aes_context *ctx, const unsigned char *key, unsigned bits)
{
	(void)ctx, (void)key, (void)bits;
	return MBEDTLS_ERR_PLATFORM_FEATURE_UNSUPPORTED;
}

int mbedtls_internal_aes_decrypt(mbedtls_aes_context *ctx, const unsigned char input[16],
				 /* NOLINTNEXTLINE(readability-non-const-parameter): mbedTLS's. */
				 unsigned char output[16])
{
	(void)ctx, (void)input, (void)output;
	return MBEDTLS_ERR_PLATFORM_FEATURE_UNSUPPORTED;
}

/* mbedTLS would call gmtime_s(), which mingw looks up. gmtime()'s result is each thread's own. */
struct tm *mbedtls_platform_gmtime_r(const mbedtls_time_t *seconds, struct tm *out)
{
	const struct tm *parts = gmtime(seconds);

	if (!parts)
		return NULL;
	*out = *parts;
	return out;
}
