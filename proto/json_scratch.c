#include "proto/json_scratch.h"

#include <stddef.h>
#include <stdlib.h>

#include <cjson/cJSON.h>

#include "proto/mem.h"

/* Holds the tree of a report of some 20 KB; larger ones get more for as long as they live. */
#define BLOCK_SIZE ((size_t)256 * 1024)

/* Memory beyond the block, a list. */
struct more {
	struct more *next;
	max_align_t bytes[];
};

static struct {
	bool enabled;
	unsigned depth; /* of trees that are open */
	char *block;
	size_t used;
	struct more *more;
} scratch;

static void *take(size_t size)
{
	if (scratch.depth == 0)
		return malloc(size);
	size_t rounded =
		(size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
	if (rounded < BLOCK_SIZE - scratch.used) {
		void *p = scratch.block + scratch.used;
		scratch.used += rounded;
		return p;
	}
	struct more *more = mem_alloc(sizeof *more + size);
	more->next = scratch.more;
	scratch.more = more;
	return more->bytes;
}

static void give_back(void *p)
{
	if (scratch.depth == 0)
		free(p);
}

void json_scratch_enable(void)
{
	cJSON_Hooks hooks = { .malloc_fn = take, .free_fn = give_back };

	scratch.enabled = true;
	scratch.block = mem_alloc(BLOCK_SIZE);
	cJSON_InitHooks(&hooks);
}

void json_scratch_begin(void)
{
	if (scratch.enabled)
		scratch.depth++;
}

bool json_scratch_end(void)
{
	if (!scratch.enabled)
		return false;
	if (--scratch.depth > 0)
		return true;
	scratch.used = 0;
	while (scratch.more) {
		struct more *next = scratch.more->next;
		free(scratch.more);
		scratch.more = next;
	}
	return true;
}
