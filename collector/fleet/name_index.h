/*
 * The names of servers as one text in lower case, one behind the other: a search goes through those
 * of a hundred thousand servers in a millisecond, where the servers themselves lie anywhere in
 * memory.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/arena.h"

/* A zeroed one is empty. Its owner numbers the servers, and anew where that is worth it. */
struct name_index {
	char *text; /* of each number its names, a NUL behind each */
	size_t size;
	size_t room;
	size_t *begins; /* of each number the place in the text */
	uint32_t n;     /* numbers that were given */
	size_t numbers_room;
	size_t unused; /* bytes that are nobody's any more */
};

void name_index_deinit(struct name_index *names);

/* Forgets all; numbers begin again. */
void name_index_clear(struct name_index *names);

/* The number of a server that has these names; `other` may be NULL. */
uint32_t name_index_add(struct name_index *names, const char *name, const char *other);

/* Nothing is found under that number any more. */
void name_index_drop(struct name_index *names, uint32_t number);

/* Is half of it unused, so that a new one should be made? */
bool name_index_is_wasteful(const struct name_index *names);

/*
 * Who has `word` somewhere in one of their names, without ASCII case: a bit for each number, in
 * `arena`. A word that is empty is nowhere.
 */
uint64_t *name_index_find(const struct name_index *names, const char *word, struct arena *arena);

static inline bool name_index_is_found(const uint64_t *found, uint32_t number)
{
	return (found[number / 64] >> number % 64 & 1) != 0;
}
