#include "collector/auth/agent_map.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/mem.h"

#define FIRST_ROOM 64

/* The ids are random, so their bits are the hash. */
static size_t home_of(const struct agent_map *map, const struct uuid *id)
{
	return (size_t)id->time_low & (map->room - 1);
}

/* The slot of that id, or the free one where it belongs; the map has room. */
static size_t find_slot(const struct agent_map *map, const struct uuid *id)
{
	size_t at = home_of(map, id);
	while (map->slots[at] && !uuid_equal(&map->slots[at]->id, id))
		at = (at + 1) & (map->room - 1);
	return at;
}

static void grow(struct agent_map *map)
{
	struct agent_map old = *map;

	map->room = old.room ? old.room * 2 : FIRST_ROOM;
	map->slots = mem_alloc_array(map->room, sizeof(struct agent_entry *));
	for (size_t i = 0; i < old.room; i++) {
		if (old.slots[i])
			map->slots[find_slot(map, &old.slots[i]->id)] = old.slots[i];
	}
	free(old.slots);
}

void agent_map_deinit(struct agent_map *map)
{
	for (size_t i = 0; i < map->room; i++)
		free(map->slots[i]);
	free(map->slots);
	*map = (struct agent_map){ 0 };
}

const struct agent_entry *agent_map_get(const struct agent_map *map, const struct uuid *id)
{
	return map->n > 0 ? map->slots[find_slot(map, id)] : NULL;
}

void agent_map_put(struct agent_map *map, const struct uuid *id,
		   const uint8_t key_hash[SECRET_HASH_SIZE], const char *host, int64_t made_at_ms)
{
	size_t host_size = strlen(host) + 1;
	struct agent_entry *entry = mem_alloc(sizeof *entry + host_size);

	entry->id = *id;
	entry->made_at_ms = made_at_ms;
	memcpy(entry->key_hash, key_hash, SECRET_HASH_SIZE);
	memcpy(entry->host, host, host_size);
	if (map->n >= map->room / 2)
		grow(map);
	size_t at = find_slot(map, id);
	if (map->slots[at])
		free(map->slots[at]);
	else
		map->n++;
	map->slots[at] = entry;
	assert(map->n < map->room);
}

/* Moves entries into the gap that their search would otherwise stop at. */
void agent_map_remove(struct agent_map *map, const struct uuid *id)
{
	if (map->n == 0)
		return;
	size_t mask = map->room - 1;
	size_t gap = find_slot(map, id);
	if (!map->slots[gap])
		return;
	free(map->slots[gap]);
	map->slots[gap] = NULL;
	map->n--;
	for (size_t at = (gap + 1) & mask; map->slots[at]; at = (at + 1) & mask) {
		size_t home = home_of(map, &map->slots[at]->id);
		if (((at - home) & mask) < ((at - gap) & mask))
			continue; /* its home lies behind the gap */
		map->slots[gap] = map->slots[at];
		map->slots[at] = NULL;
		gap = at;
	}
}
