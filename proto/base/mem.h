/*
 * Memory that does not fail: a small allocation that the system refuses ends the process with a
 * message. Sizes that a peer chose are checked against a named limit before they come here.
 */
#pragma once

#include <stddef.h>

/* `size` zeroed bytes, to be passed to free(). */
void *mem_alloc(size_t size);

/* An array of `n` zeroed elements; a product that overflows ends the process. */
void *mem_alloc_array(size_t n, size_t size);

/* Like realloc(); new bytes are not zeroed. */
void *mem_realloc(void *old, size_t size);

/* A copy of `text`, to be passed to free(). */
char *mem_strdup(const char *text);

/* A copy of `n` bytes with a NUL behind them, to be passed to free(). */
char *mem_strndup(const char *bytes, size_t n);

/* Zeroes what was a secret, before it is freed. */
void mem_wipe(void *bytes, size_t n);
