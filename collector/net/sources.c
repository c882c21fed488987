#include "collector/net/sources.h"

#include <assert.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/mem.h"

#define IPV6_PREFIX_BYTES 8

/* FNV-1a; its constants are those of RFC-draft-eastlake-fnv, 32 bits. */
#define FNV_START UINT32_C(2166136261)
#define FNV_PRIME UINT32_C(16777619)

void sources_key(const struct sockaddr_storage *address, uint8_t key[SOURCES_KEY_SIZE])
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	memset(key, 0, SOURCES_KEY_SIZE);
	if (address->ss_family == AF_INET) {
		memcpy(&in, address, sizeof in);
		memcpy(key + 12, &in.sin_addr, sizeof in.sin_addr);
		return;
	}
	if (address->ss_family != AF_INET6)
		return;
	memcpy(&in6, address, sizeof in6);
	if (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr))
		memcpy(key + 12, in6.sin6_addr.s6_addr + 12, 4);
	else
		memcpy(key, in6.sin6_addr.s6_addr, IPV6_PREFIX_BYTES);
}

static uint32_t bucket_of(const uint8_t key[SOURCES_KEY_SIZE])
{
	uint32_t hash = FNV_START;
	for (size_t i = 0; i < SOURCES_KEY_SIZE; i++)
		hash = (hash ^ key[i]) * FNV_PRIME;
	return hash % SOURCES_BUCKETS;
}

struct source *sources_enter(struct sources *sources, const struct sockaddr_storage *address)
{
	uint8_t key[SOURCES_KEY_SIZE];

	sources_key(address, key);
	struct source **bucket = &sources->buckets[bucket_of(key)];
	struct source *source = *bucket;
	while (source && memcmp(source->key, key, sizeof key) != 0)
		source = source->next;
	if (!source) {
		source = mem_alloc(sizeof *source);
		memcpy(source->key, key, sizeof key);
		source->next = *bucket;
		source->link = bucket;
		if (source->next)
			source->next->link = &source->next;
		*bucket = source;
	}
	source->n++;
	return source;
}

void source_leave(struct source *source)
{
	assert(source->n > 0);
	if (--source->n > 0)
		return;
	*source->link = source->next;
	if (source->next)
		source->next->link = source->link;
	free(source);
}
