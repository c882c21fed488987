/*
 * Memory that does not fail: a small allocation that the system refuses ends the process with a
 * message. Sizes that a peer chose are checked against a named limit before they come here.
 */
#pragma once

#include <stddef.h>

/* Elements that an array has room for when its first comes. */
#define MEM_FIRST_ROOM 4

/* `size` zeroed bytes, to be passed to free(). */
void *mem_alloc(size_t size);

/* An array of `n` zeroed elements; a product that overflows ends the process. */
void *mem_alloc_array(size_t n, size_t size);

/* Like realloc(); new bytes are not zeroed. */
void *mem_realloc(void *old, size_t size);

/*
 * An array of `n` elements of `size` bytes, with room for one more at least: moved where it was
 * full, to twice the room. `*room` is how many it has room for; a NULL one has none.
 */
void *mem_make_room(void *array, size_t n, size_t *room, size_t size);

/* A copy of `text`, to be passed to free(). */
char *mem_strdup(const char *text);

/* A copy of `n` bytes with a NUL behind them, to be passed to free(). */
char *mem_strndup(const char *bytes, size_t n);

/* Zeroes what was a secret, before it is freed. */
void mem_wipe(void *bytes, size_t n);
