#include "collector/fleet/internal.h"

/* A binary heap; a parent expires no later than its two children. */

static void place(struct fleet *fleet, size_t at, struct fleet_server *server)
{
	fleet->heap[at] = server;
	server->expiry_slot = at;
}

static void move_up(struct fleet *fleet, struct fleet_server *server)
{
	size_t at = server->expiry_slot;
	while (at > 0) {
		struct fleet_server *parent = fleet->heap[(at - 1) / 2];
		if (parent->expires_ms <= server->expires_ms)
			break;
		place(fleet, at, parent);
		at = (at - 1) / 2;
	}
	place(fleet, at, server);
}

static void move_down(struct fleet *fleet, struct fleet_server *server)
{
	size_t at = server->expiry_slot;
	for (;;) {
		size_t child = 2 * at + 1;
		if (child + 1 < fleet->n_heap &&
		    fleet->heap[child + 1]->expires_ms < fleet->heap[child]->expires_ms)
			child++;
		if (child >= fleet->n_heap || server->expires_ms <= fleet->heap[child]->expires_ms)
			break;
		place(fleet, at, fleet->heap[child]);
		at = child;
	}
	place(fleet, at, server);
}

void fleet_expiry_set(struct fleet *fleet, struct fleet_server *server)
{
	server->expires_ms = server->member->fresh_until_ms + 1;
	if (server->expiry_slot == FLEET_NOT_QUEUED)
		place(fleet, fleet->n_heap++, server);
	move_up(fleet, server);
	move_down(fleet, server);
}

void fleet_expiry_drop(struct fleet *fleet, struct fleet_server *server)
{
	size_t at = server->expiry_slot;
	if (at == FLEET_NOT_QUEUED)
		return;
	server->expiry_slot = FLEET_NOT_QUEUED;
	struct fleet_server *last = fleet->heap[--fleet->n_heap];
	if (last == server)
		return;
	place(fleet, at, last);
	move_up(fleet, last);
	move_down(fleet, last);
}

struct fleet_server *fleet_expiry_first(const struct fleet *fleet)
{
	return fleet->n_heap > 0 ? fleet->heap[0] : NULL;
}
