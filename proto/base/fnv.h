/*
 * FNV-1a, 64 bits (its authors' constants): tells one state of things from another, and spreads
 * texts over a table. Nothing keeps somebody who chooses the bytes from making two that are alike.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define FNV_BASIS UINT64_C(0xcbf29ce484222325) /* the hash of nothing, which others go on from */
#define FNV_PRIME UINT64_C(0x100000001b3)

uint64_t fnv_add(uint64_t hash, const void *bytes, size_t n);

/* The bytes of a text, without its NUL. */
uint64_t fnv_add_text(uint64_t hash, const char *text);
