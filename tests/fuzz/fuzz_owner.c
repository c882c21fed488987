/*
 * Any bytes as a security descriptor. Whatever is read: who is trusted has one of the two SIDs that
 * Windows gives SYSTEM and Administrators somewhere in the bytes, and who is not is said in letters
 * that can be printed.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/arena.h"
#include "proto/windows/owner.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t trusted[][16] = {
	{ 1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0 },
	{ 1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 32, 2, 0, 0 },
};
static const size_t sizes[] = { 12, 16 };

static int has_trusted(const uint8_t *data, size_t size)
{
	for (size_t which = 0; which < 2; which++) {
		for (size_t i = 0; i + sizes[which] <= size; i++) {
			if (memcmp(data + i, trusted[which], sizes[which]) == 0)
				return 1;
		}
	}
	return 0;
}

static void check(const uint8_t *data, size_t size)
{
	struct arena arena;

	arena_init(&arena);
	const char *fault = owner_fault(data, size, NULL, 0, &arena);
	if (!fault && !has_trusted(data, size))
		abort();
	for (const char *c = fault ? fault : ""; *c; c++) {
		if (*c < ' ' || *c > '~')
			abort();
	}
	arena_deinit(&arena);
}

/* In memory of its size, so that a read past the end is seen. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size > 0 ? size : 1);

	if (!copy)
		return 0;
	if (size > 0)
		memcpy(copy, data, size);
	check(copy, size);
	free(copy);
	return 0;
}
