/*
 * Percent-encoding of parts of a URL (RFC 3986, 2.1).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "proto/base/buffer.h"

/* Adds `text` as a part of a path or of a query: all but the unreserved characters encoded. */
void percent_encode(struct buffer *out, const char *text);

/*
 * Decodes %XX in `n` bytes of `text` into `out` of at least n + 1 bytes. False: malformed, or NUL.
 */
bool percent_decode(const char *text, size_t n, char *out);
