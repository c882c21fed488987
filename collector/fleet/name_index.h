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

/* Words that are looked for at once. */
#define NAME_INDEX_MAX_WORDS 8

/*
 * Which of the words each has somewhere in one of its names, without case: of each number a bit
 * (1 << place of the word), in `arena`. A word that is empty is nowhere.
 */
uint8_t *name_index_find(const struct name_index *names, const char *const *words, size_t n_words,
			 struct arena *arena);
