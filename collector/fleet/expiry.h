/*
 * When reports cease to be fresh: the servers that are not silent, as a binary heap. A parent
 * expires no later than its two children, and every server knows its slot.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct fleet_server;

struct expiry_heap {
	struct fleet_server **servers; /* the next to expire first */
	size_t n;
	size_t room;
};

/* The slot of a server that is not in the heap. */
#define EXPIRY_NOT_QUEUED SIZE_MAX

/* From now on the server expires when its latest report ceases to be fresh. */
void expiry_heap_put(struct expiry_heap *heap, struct fleet_server *server);

/* Nothing where the server is not in the heap. */
void expiry_heap_drop(struct expiry_heap *heap, struct fleet_server *server);

/* The server that expires next, or NULL. */
struct fleet_server *expiry_heap_first(const struct expiry_heap *heap);

/* Forgets all servers, which are freed by somebody else. */
void expiry_heap_clear(struct expiry_heap *heap);
