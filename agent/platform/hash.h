/*
 * SHA-256 as the report carries it: 64 lower-case hexadecimal digits. The only user of mbedTLS
 * here, which is also libcurl's TLS on Windows, so one library serves both.
 */
#pragma once

#include <stddef.h>

#include "proto/base/status.h"

#define HASH_SHA256_TEXT_SIZE 65 /* 64 digits and the NUL */

/*
 * STATUS_SYSTEM  the library would not; `text` is left as it was
 */
enum status hash_sha256(const void *bytes, size_t n, char text[HASH_SHA256_TEXT_SIZE]);
