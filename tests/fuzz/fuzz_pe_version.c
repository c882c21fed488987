/*
 * Any bytes as a Windows program. A version that is read out of them stands in them, behind the
 * signature of VS_FIXEDFILEINFO.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/windows/pe_version.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FIXED_SIZE 16 /* signature, structure version, the two halves of the file version */

static bool is_version_at(const uint8_t *p, const struct version *version)
{
	static const uint8_t signature[] = { 0xBD, 0x04, 0xEF, 0xFE };

	if (memcmp(p, signature, sizeof signature) != 0)
		return false;
	for (size_t i = 0; i < 4; i++) {
		const uint8_t *word = p + 8 + 2 * (i ^ 1); /* the lower half of each two first */
		if ((word[0] | word[1] << 8) != version->part[i])
			return false;
	}
	return true;
}

static bool is_in(const uint8_t *data, size_t size, const struct version *version)
{
	for (size_t at = 0; at + FIXED_SIZE <= size; at++) {
		if (is_version_at(data + at, version))
			return true;
	}
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct version version;
	enum status status = pe_version_read(data, size, &version);

	if (status == STATUS_OK && !is_in(data, size, &version))
		abort();
	return 0;
}
