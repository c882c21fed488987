/*
 * An arena: many allocations, one end. A report, a request, an assessment has one; what hangs on it
 * lives exactly as long.
 *
 * Memory comes zeroed and aligned for any type. Like proto/base/mem.h it does not fail.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *blocks; /* newest first; private */
	size_t bytes;               /* given out so far, for accounting */
};

void arena_init(struct arena *arena);

/* Frees everything; the arena may be used again afterwards. */
void arena_deinit(struct arena *arena);

/* Takes everything back, but keeps some of the memory for what comes next. */
void arena_clear(struct arena *arena);

void *arena_alloc(struct arena *arena, size_t size);
void *arena_alloc_array(struct arena *arena, size_t n, size_t size);

/* As mem_make_room(); the array that was full stays in the arena. */
void *arena_make_room(struct arena *arena, void *array, size_t n, size_t *room, size_t size);

/* Copies; NULL gives NULL. */
char *arena_strdup(struct arena *arena, const char *text);
char *arena_strndup(struct arena *arena, const char *bytes, size_t n);

/* A copy with `padding` NULs behind it. */
char *arena_pad(struct arena *arena, const char *bytes, size_t n, size_t padding);

/* The texts, one behind the other. */
char *arena_join(struct arena *arena, const char *const *parts, size_t n);

/* A formatted string. */
char *arena_printf(struct arena *arena, const char *format, ...)
	__attribute__((format(PRINTF_FORMAT, 2, 3)));
char *arena_vprintf(struct arena *arena, const char *format, va_list args)
	__attribute__((format(PRINTF_FORMAT, 2, 0)));
