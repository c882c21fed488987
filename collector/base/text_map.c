#include "collector/base/text_map.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/fnv.h"
#include "proto/base/mem.h"

#define FIRST_ROOM 64

struct text_map_entry {
	const char *key; /* NULL: free */
	uint64_t hash;
	void *value;
};

/* The entry of that key, or the free one where it belongs; `entries` has room. */
static struct text_map_entry *find_entry(struct text_map_entry *entries, size_t room,
					 const char *key, uint64_t hash)
{
	size_t at = (size_t)hash & (room - 1);
	while (entries[at].key && (entries[at].hash != hash || strcmp(entries[at].key, key) != 0))
		at = (at + 1) & (room - 1);
	return &entries[at];
}

static void grow_map(struct text_map *map)
{
	size_t room = map->room ? map->room * 2 : FIRST_ROOM;
	struct text_map_entry *entries = mem_alloc_array(room, sizeof *entries);

	for (size_t i = 0; i < map->room; i++) {
		const struct text_map_entry *old = &map->entries[i];
		if (old->key)
			*find_entry(entries, room, old->key, old->hash) = *old;
	}
	free(map->entries);
	map->entries = entries;
	map->room = room;
}

void text_map_deinit(struct text_map *map)
{
	free(map->entries);
	*map = (struct text_map){ 0 };
}

void *text_map_get(const struct text_map *map, const char *key)
{
	if (map->n == 0)
		return NULL;
	return find_entry(map->entries, map->room, key, fnv_add_text(FNV_BASIS, key))->value;
}

void text_map_add(struct text_map *map, const char *key, void *value)
{
	if (map->n >= map->room / 2)
		grow_map(map);
	assert(map->n < map->room);
	uint64_t hash = fnv_add_text(FNV_BASIS, key);
	struct text_map_entry *entry = find_entry(map->entries, map->room, key, hash);
	*entry = (struct text_map_entry){ .key = key, .hash = hash, .value = value };
	map->n++;
}

void text_map_remove(struct text_map *map, const char *key)
{
	if (map->n == 0)
		return;
	struct text_map_entry *hole =
		find_entry(map->entries, map->room, key, fnv_add_text(FNV_BASIS, key));
	if (!hole->key)
		return;
	/* Entries that the hole's entry pushed on move back, so that no search ends too early. */
	size_t mask = map->room - 1;
	size_t at = (size_t)(hole - map->entries);
	for (size_t i = (at + 1) & mask; map->entries[i].key; i = (i + 1) & mask) {
		size_t home = (size_t)map->entries[i].hash & mask;
		if (((i - home) & mask) < ((i - at) & mask))
			continue;
		map->entries[at] = map->entries[i];
		at = i;
	}
	map->entries[at] = (struct text_map_entry){ .key = NULL };
	assert(map->n > 0);
	map->n--;
}
