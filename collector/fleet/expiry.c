#include "collector/fleet/expiry.h"

#include <assert.h>
#include <stdlib.h>

#include "collector/fleet/internal.h"
#include "proto/base/mem.h"

static void put_at_slot(struct expiry_heap *heap, size_t at, struct fleet_server *server)
{
	assert(at < heap->n);
	heap->servers[at] = server;
	server->expiry_slot = at;
}

static void move_up(struct expiry_heap *heap, struct fleet_server *server)
{
	size_t at = server->expiry_slot;
	while (at > 0) {
		struct fleet_server *parent = heap->servers[(at - 1) / 2];
		if (parent->expires_ms <= server->expires_ms)
			break;
		put_at_slot(heap, at, parent);
		at = (at - 1) / 2;
	}
	put_at_slot(heap, at, server);
}

static void move_down(struct expiry_heap *heap, struct fleet_server *server)
{
	size_t at = server->expiry_slot;
	assert(heap->servers[at] == server);
	for (;;) {
		size_t child = 2 * at + 1;
		if (child + 1 < heap->n &&
		    heap->servers[child + 1]->expires_ms < heap->servers[child]->expires_ms)
			child++;
		if (child >= heap->n || server->expires_ms <= heap->servers[child]->expires_ms)
			break;
		put_at_slot(heap, at, heap->servers[child]);
		at = child;
	}
	put_at_slot(heap, at, server);
}

void expiry_heap_put(struct expiry_heap *heap, struct fleet_server *server)
{
	assert(!server->silent);
	server->expires_ms = server->member->fresh_until_ms + 1;
	if (server->expiry_slot == EXPIRY_NOT_QUEUED) {
		heap->servers = mem_make_room(heap->servers, heap->n, &heap->room,
					      sizeof(struct fleet_server *));
		put_at_slot(heap, heap->n++, server);
	}
	assert(heap->servers[server->expiry_slot] == server);
	move_up(heap, server);
	move_down(heap, server);
}

void expiry_heap_drop(struct expiry_heap *heap, struct fleet_server *server)
{
	size_t at = server->expiry_slot;
	if (at == EXPIRY_NOT_QUEUED)
		return;
	assert(at < heap->n && heap->servers[at] == server);
	server->expiry_slot = EXPIRY_NOT_QUEUED;
	struct fleet_server *last = heap->servers[--heap->n];
	if (last == server)
		return;
	put_at_slot(heap, at, last);
	move_up(heap, last);
	move_down(heap, last);
}

struct fleet_server *expiry_heap_first(const struct expiry_heap *heap)
{
	return heap->n > 0 ? heap->servers[0] : NULL;
}

void expiry_heap_clear(struct expiry_heap *heap)
{
	free(heap->servers);
	*heap = (struct expiry_heap){ .servers = NULL };
}
