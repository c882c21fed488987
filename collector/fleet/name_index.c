#include "collector/fleet/name_index.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/casefold.h"
#include "proto/base/mem.h"

/* Less than this is no waste, bytes. */
#define MIN_UNUSED 4096

void name_index_deinit(struct name_index *names)
{
	free(names->text);
	free(names->begins);
	*names = (struct name_index){ .text = NULL };
}

void name_index_clear(struct name_index *names)
{
	names->size = names->unused = 0;
	names->n = 0;
}

static void append_name(struct name_index *names, const char *name)
{
	size_t n = strlen(name) + 1;

	while (names->room - names->size < n) {
		names->room = names->room ? names->room * 2 : 256;
		names->text = mem_realloc(names->text, names->room);
	}
	names->size += casefold_copy(names->text + names->size, name) + 1;
	assert(names->size <= names->room);
}

uint32_t name_index_add(struct name_index *names, const char *name, const char *other)
{
	names->begins =
		mem_make_room(names->begins, names->n, &names->numbers_room, sizeof *names->begins);
	names->begins[names->n] = names->size;
	append_name(names, name);
	if (other && !casefold_equal(name, other))
		append_name(names, other);
	return names->n++;
}

static size_t end_of(const struct name_index *names, uint32_t number)
{
	return number + 1 < names->n ? names->begins[number + 1] : names->size;
}

void name_index_drop(struct name_index *names, uint32_t number)
{
	size_t n = end_of(names, number) - names->begins[number];

	assert(number < names->n);
	memset(names->text + names->begins[number], '\0', n);
	names->unused += n;
}

bool name_index_is_wasteful(const struct name_index *names)
{
	return names->unused > MIN_UNUSED && names->unused > names->size / 2;
}

/* Up to here most names hold a word, and each is looked through sooner than memmem() begins. */
#define BRIEF 2

static bool holds_brief(const char *at, const char *end, const char *word, size_t n)
{
	for (; (size_t)(end - at) >= n; at++) {
		if (at[0] == word[0] && at[n - 1] == word[n - 1])
			return true;
	}
	return false;
}

static void find_brief(const struct name_index *names, const char *word, size_t n, uint8_t bit,
		       uint8_t *found)
{
	for (uint32_t i = 0; i < names->n; i++) {
		if (holds_brief(names->text + names->begins[i], names->text + end_of(names, i),
				word, n))
			found[i] |= bit;
	}
}

static void find_long(const struct name_index *names, const char *word, size_t n, uint8_t bit,
		      uint8_t *found)
{
	const char *at = names->text;
	const char *end = names->text + names->size;
	uint32_t number = 0;

	while (at < end && (at = memmem(at, (size_t)(end - at), word, n)) != NULL) {
		size_t place = (size_t)(at - names->text);
		while (end_of(names, number) <= place)
			number++;
		found[number] |= bit;
		at = names->text + end_of(names, number);
	}
}

uint8_t *name_index_find(const struct name_index *names, const char *const *words, size_t n_words,
			 struct arena *arena)
{
	uint8_t *found = arena_alloc(arena, (size_t)names->n + 1);

	assert(n_words <= NAME_INDEX_MAX_WORDS);
	for (size_t i = 0; i < n_words; i++) {
		char *folded = arena_alloc(arena, strlen(words[i]) + 1);
		size_t n = casefold_copy(folded, words[i]);
		uint8_t bit = (uint8_t)(1U << i);
		if (n > BRIEF)
			find_long(names, folded, n, bit, found);
		else if (n > 0)
			find_brief(names, folded, n, bit, found);
	}
	return found;
}
