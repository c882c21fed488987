#include "collector/fleet/expiry.h"

#include <assert.h>
#include <stdlib.h>

#include "collector/fleet/internal.h"
#include "proto/base/mem.h"

static void place(struct expiry_heap *heap, size_t at, struct fleet_server *server)
{
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
		place(heap, at, parent);
		at = (at - 1) / 2;
	}
	place(heap, at, server);
}

static void move_down(struct expiry_heap *heap, struct fleet_server *server)
{
	size_t at = server->expiry_slot;
	for (;;) {
		size_t child = 2 * at + 1;
		if (child + 1 < heap->n &&
		    heap->servers[child + 1]->expires_ms < heap->servers[child]->expires_ms)
			child++;
		if (child >= heap->n || server->expires_ms <= heap->servers[child]->expires_ms)
			break;
		place(heap, at, heap->servers[child]);
		at = child;
	}
	place(heap, at, server);
}

void expiry_heap_put(struct expiry_heap *heap, struct fleet_server *server)
{
	server->expires_ms = server->member->fresh_until_ms + 1;
	if (server->expiry_slot == EXPIRY_NOT_QUEUED) {
		heap->servers = mem_make_room(heap->servers, heap->n, &heap->room,
					      sizeof(struct fleet_server *));
		place(heap, heap->n++, server);
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
	place(heap, at, last);
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
