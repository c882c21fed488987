/*
 * Base64 with its padding (RFC 4648, section 4).
 */
#pragma once

#include <stddef.h>

#include "proto/base/arena.h"

/* The text of `n` bytes, in `arena`. */
const char *base64_encode(const void *bytes, size_t n, struct arena *arena);
