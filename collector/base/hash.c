#include "collector/base/hash.h"

#include "proto/base/fnv.h"
#include "proto/base/wire.h"

/* Texts from so many words on are hashed in as many parts at once, word by word in turn. */
#define HASH_LANES 4
#define HASH_BLOCK ((size_t)8 * HASH_LANES) /* bytes */

static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * FNV_PRIME;
	return hash ^ hash >> 32; /* so that high bytes reach low bits */
}

/* Goes on with a hash. */
static uint64_t hash_in_turn(uint64_t hash, const char *bytes, size_t size)
{
	size_t at = 0;

	for (; at + 8 <= size; at += 8)
		hash = mix(hash, wire_le64(bytes + at));
	hash = fnv_add(hash, bytes + at, size - at);
	return hash ^ hash >> 29;
}

/* The lanes wait for nothing of each other: what takes long is that a step needs the one before. */
uint64_t hash_bytes(const char *bytes, size_t size)
{
	uint64_t lanes[HASH_LANES] = { FNV_BASIS ^ size };
	size_t at = 0;

	for (; at + HASH_BLOCK <= size; at += HASH_BLOCK) {
		for (size_t i = 0; i < HASH_LANES; i++)
			lanes[i] = mix(lanes[i], wire_le64(bytes + at + 8 * i));
	}
	for (size_t i = 1; at > 0 && i < HASH_LANES; i++)
		lanes[0] = mix(lanes[0], lanes[i]);
	return hash_in_turn(lanes[0], bytes + at, size - at);
}

bool hash_is_of(uint64_t hash, const char *bytes, size_t size)
{
	return hash == hash_bytes(bytes, size) ||
	       hash == hash_in_turn(FNV_BASIS ^ size, bytes, size);
}
