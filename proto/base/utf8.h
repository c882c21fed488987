/*
 * UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. And the way
 * into it from the UTF-16 of Windows' files.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "proto/base/arena.h"

#define UTF8_MAX         4      /* bytes of one character */
#define UTF8_REPLACEMENT 0xFFFD /* stands for what is no character */

/* Bytes (1 to 4) of the valid character at `bytes`, of which `n` are there; 0: it is none. */
size_t utf8_length(const char *bytes, size_t n);

/* The valid character of `length` bytes, as utf8_length() tells it, at `bytes`. */
uint32_t utf8_decode(const char *bytes, size_t length);

/* Writes the character and returns its bytes; what is no Unicode scalar becomes U+FFFD. */
size_t utf8_encode(uint32_t character, char out[UTF8_MAX]);

/*
 * `n_units` little-endian UTF-16 units as a string in `arena`; each lone surrogate becomes U+FFFD.
 * `bytes` need not be aligned.
 */
char *utf8_from_utf16le(struct arena *arena, const uint8_t *bytes, size_t n_units);
