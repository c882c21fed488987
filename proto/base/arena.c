#include "proto/base/arena.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/mem.h"

#define BLOCK_SIZE 4096 /* bytes; with a larger allocation it has so much left for others */

struct arena_block {
	struct arena_block *next;
	size_t size;
	size_t used;
	max_align_t bytes[];
};

void arena_init(struct arena *arena)
{
	*arena = (struct arena){ 0 };
}

static void free_blocks(struct arena_block *block)
{
	while (block) {
		struct arena_block *next = block->next;
		free(block);
		block = next;
	}
}

void arena_deinit(struct arena *arena)
{
	free_blocks(arena->blocks);
	arena_init(arena);
}

void arena_clear(struct arena *arena)
{
	struct arena_block *kept = arena->blocks;

	if (!kept)
		return;
	free_blocks(kept->next);
	kept->next = NULL;
	kept->used = 0;
	arena->bytes = 0;
}

static struct arena_block *block_with_room(struct arena *arena, size_t size)
{
	struct arena_block *block = arena->blocks;
	if (block && block->size - block->used >= size)
		return block;

	size_t room = size > BLOCK_SIZE ? size + BLOCK_SIZE : BLOCK_SIZE;
	block = mem_realloc(NULL, sizeof *block + room);
	block->size = room;
	block->used = 0;
	block->next = arena->blocks;
	arena->blocks = block;
	return block;
}

/* Not zeroed. */
static void *take_bytes(struct arena *arena, size_t size)
{
	const size_t align = _Alignof(max_align_t);
	size_t rounded = (size + align - 1) / align * align;
	if (rounded < size)
		abort(); /* our own mistake: sizes from outside have limits far below this */

	struct arena_block *block = block_with_room(arena, rounded);
	void *p = (char *)block->bytes + block->used;
	assert(block->size - block->used >= rounded);
	block->used += rounded;
	arena->bytes += rounded;
	return p;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	return memset(take_bytes(arena, size), 0, size);
}

void *arena_alloc_array(struct arena *arena, size_t n, size_t size)
{
	if (size && n > SIZE_MAX / size)
		abort();
	return arena_alloc(arena, n * size);
}

void *arena_make_room(struct arena *arena, void *array, size_t n, size_t *room, size_t size)
{
	if (n < *room)
		return array;
	*room = *room ? *room * 2 : MEM_FIRST_ROOM;
	void *larger = arena_alloc_array(arena, *room, size);
	return n > 0 ? memcpy(larger, array, n * size) : larger;
}

char *arena_pad(struct arena *arena, const char *bytes, size_t n, size_t padding)
{
	char *copy = take_bytes(arena, n + padding);
	if (n > 0)
		memcpy(copy, bytes, n);
	memset(copy + n, 0, padding);
	return copy;
}

char *arena_strndup(struct arena *arena, const char *bytes, size_t n)
{
	return bytes ? arena_pad(arena, bytes, n, 1) : NULL;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return text ? arena_strndup(arena, text, strlen(text)) : NULL;
}

char *arena_join(struct arena *arena, const char *const *parts, size_t n)
{
	size_t size = 0;

	for (size_t i = 0; i < n; i++)
		size += strlen(parts[i]);
	char *text = take_bytes(arena, size + 1);
	char *at = text;
	for (size_t i = 0; i < n; i++) {
		size_t part = strlen(parts[i]);
		memcpy(at, parts[i], part);
		at += part;
	}
	*at = '\0';
	return text;
}

char *arena_vprintf(struct arena *arena, const char *format, va_list args)
{
	char brief[256]; /* as nearly all are */
	va_list again;

	va_copy(again, args);
	int n = vsnprintf(brief, sizeof brief, format, again);
	va_end(again);
	if (n < 0)
		abort();
	if ((size_t)n < sizeof brief)
		return arena_strndup(arena, brief, (size_t)n);

	char *text = arena_alloc(arena, (size_t)n + 1);
	vsnprintf(text, (size_t)n + 1, format, args);
	return text;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	char *text = arena_vprintf(arena, format, args);
	va_end(args);
	return text;
}
