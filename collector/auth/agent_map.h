/*
 * The enrolled agents by their ids: a table with open addressing, looked up for every report. About
 * 100 bytes an agent.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "collector/crypto/secret.h"
#include "proto/base/uuid.h"

struct agent_entry {
	struct uuid id;
	uint8_t key_hash[SECRET_HASH_SIZE];
	int64_t made_at_ms; /* when it enrolled */
	char host[];        /* server_key() of its host */
};

struct agent_map {
	struct agent_entry **slots; /* NULL where free */
	size_t n;
	size_t room; /* a power of two, or 0 */
};

/* A zeroed one is empty. */
void agent_map_deinit(struct agent_map *map);

/* NULL: not enrolled. Borrowed until the map is changed. */
const struct agent_entry *agent_map_get(const struct agent_map *map, const struct uuid *id);

/* Adds it, or replaces what is known of that id. */
void agent_map_put(struct agent_map *map, const struct uuid *id,
		   const uint8_t key_hash[SECRET_HASH_SIZE], const char *host, int64_t made_at_ms);

/* Does nothing where there is no such agent. */
void agent_map_remove(struct agent_map *map, const struct uuid *id);
