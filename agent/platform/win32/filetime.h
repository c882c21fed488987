/* FILETIME (100 ns since 1601-01-01, minwinbase.h) as milliseconds since 1970. */
#pragma once

#include <stdint.h>

static inline int64_t win32_filetime_ms(uint32_t high, uint32_t low)
{
	/* from 1601 to 1970: 134774 days */
	return (int64_t)(((uint64_t)high << 32 | low) / 10000) - INT64_C(11644473600000);
}
