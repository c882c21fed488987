#include "agent/platform/win32/random.h"

#include "agent/platform/win32/newer_calls.h"

#include <windows.h>

#include <wincrypt.h>

static unsigned long ask_provider(void *bytes, size_t n, const char **call)
{
	HCRYPTPROV provider = 0;

	*call = "CryptAcquireContext";
	if (!CryptAcquireContextA(&provider, NULL, NULL, PROV_RSA_FULL, CRYPT_VERIFYCONTEXT))
		return GetLastError();
	*call = "CryptGenRandom";
	unsigned long code = CryptGenRandom(provider, (DWORD)n, bytes) ? NO_ERROR : GetLastError();
	CryptReleaseContext(provider, 0);
	return code;
}

unsigned long random_fill(void *bytes, size_t n, const char **call)
{
	typedef BOOLEAN(WINAPI * fill_function)(void *, ULONG);
	fill_function fill = (fill_function)newer_calls_find("advapi32.dll", "SystemFunction036");

	if (fill && fill(bytes, (ULONG)n))
		return NO_ERROR;
	return ask_provider(bytes, n, call);
}

/* mbedTLS's source of entropy (MBEDTLS_ENTROPY_HARDWARE_ALT, mbedtls/entropy_poll.h). */
int mbedtls_hardware_poll(void *data, unsigned char *output, size_t size, size_t *got);

int mbedtls_hardware_poll(void *data, unsigned char *output, size_t size, size_t *got)
{
	const char *call = NULL;

	(void)data;
	if (random_fill(output, size, &call) != NO_ERROR)
		return -1; /* mbedTLS makes MBEDTLS_ERR_ENTROPY_SOURCE_FAILED of it */
	*got = size;
	return 0;
}
