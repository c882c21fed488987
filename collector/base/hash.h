/*
 * A hash of bytes, which tells a text from another and is quick; nobody is kept from making two
 * texts of the same hash. It is stored: its value for a text never changes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As FNV-1a, eight bytes at a time in each of four parts. */
uint64_t hash_bytes(const char *bytes, size_t size);

/* Is it that, or the one of a single part that older stores hold? */
bool hash_is_of(uint64_t hash, const char *bytes, size_t size);
