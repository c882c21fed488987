#include "proto/base/mem.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *checked(void *p, size_t size)
{
	if (p)
		return p;
	fprintf(stderr, "mtawatch: out of memory (%lu bytes wanted)\n", (unsigned long)size);
	abort();
}

void *mem_alloc(size_t size)
{
	return mem_alloc_array(1, size);
}

void *mem_alloc_array(size_t n, size_t size)
{
	return checked(calloc(n ? n : 1, size ? size : 1), n * size);
}

void *mem_realloc(void *old, size_t size)
{
	return checked(realloc(old, size ? size : 1), size);
}

void *mem_make_room(void *array, size_t n, size_t *room, size_t size)
{
	assert(n <= *room);
	if (n < *room)
		return array;
	*room = *room ? *room * 2 : MEM_FIRST_ROOM;
	return mem_realloc(array, *room * size);
}

char *mem_strdup(const char *text)
{
	return mem_strndup(text, strlen(text));
}

char *mem_strndup(const char *bytes, size_t n)
{
	char *copy = mem_alloc(n + 1);
	if (n > 0)
		memcpy(copy, bytes, n);
	return copy;
}

void mem_wipe(void *bytes, size_t n)
{
	volatile char *at = bytes; /* volatile, so that it is really done */

	while (n-- > 0)
		*at++ = '\0';
}
