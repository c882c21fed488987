/*
 * Text of Windows files as UTF-8. Nothing fails here: what is no character becomes U+FFFD, so that
 * whatever a disk holds can stand in a report.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "proto/base/arena.h"

/* UTF-16, little-endian, `n` bytes (an odd last one is left out). */
char *codepage_from_utf16le(struct arena *arena, const uint8_t *bytes, size_t n);

/* Windows code page 1252, the ANSI code page of Western installations. */
char *codepage_from_1252(struct arena *arena, const uint8_t *bytes, size_t n);

/* UTF-8, mended where it is not valid. */
char *codepage_from_utf8(struct arena *arena, const uint8_t *bytes, size_t n);
