#include "collector/fleet/probe_mesh.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "collector/base/lower_bound.h"
#include "proto/base/casefold.h"
#include "proto/base/fnv.h"
#include "proto/base/ipv4.h"
#include "proto/base/mem.h"

/* A place on the ring. */
struct probe_mesh_place {
	uint64_t hash; /* of the name in lower case */
	const struct site_peer *server;
};

/*
 * Where a name lies. FNV-1a leaves names that differ in the last letter close together, so its bits
 * are mixed once more (the finalizer of MurmurHash3, 64 bit).
 */
static uint64_t hash_name(const char *name)
{
	char folded[REPORT_MAX_STRING + 1];

	casefold_copy(folded, name);
	uint64_t hash = fnv_add_text(FNV_BASIS, folded);
	hash ^= hash >> 33;
	hash *= UINT64_C(0xff51afd7ed558ccd);
	hash ^= hash >> 33;
	hash *= UINT64_C(0xc4ceb9fe1a85ec53);
	return hash ^ hash >> 33;
}

static int compare_places(const void *left, const void *right)
{
	const struct probe_mesh_place *a = left;
	const struct probe_mesh_place *b = right;

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return casefold_compare(a->server->name, b->server->name);
}

static struct probe_mesh_place place_of(const struct site_peer *server)
{
	return (struct probe_mesh_place){ hash_name(server->name), server };
}

/* The first place at or behind that one. */
static size_t find_place(const struct probe_ring *ring, const struct probe_mesh_place *wanted)
{
	return lower_bound(ring->places, ring->n, sizeof *wanted, wanted, compare_places);
}

void probe_mesh_deinit(struct probe_mesh *mesh)
{
	free(mesh->standing.places);
	free(mesh->newcomers.places);
	*mesh = (struct probe_mesh){ 0 };
}

static void ring_join(struct probe_ring *ring, const struct site_peer *server)
{
	struct probe_mesh_place place = place_of(server);
	size_t at = find_place(ring, &place);

	ring->places = mem_make_room(ring->places, ring->n, &ring->room, sizeof *ring->places);
	memmove(ring->places + at + 1, ring->places + at, (ring->n - at) * sizeof place);
	assert(ring->n < ring->room);
	ring->places[at] = place;
	ring->n++;
}

/* False: it does not lie there. */
static bool ring_leave(struct probe_ring *ring, const struct site_peer *server)
{
	struct probe_mesh_place place = place_of(server);
	size_t at = find_place(ring, &place);

	if (at == ring->n || ring->places[at].server != server)
		return false;
	ring->n--;
	memmove(ring->places + at, ring->places + at + 1, (ring->n - at) * sizeof place);
	return true;
}

void probe_mesh_join(struct probe_mesh *mesh, const struct site_peer *server)
{
	ring_join(&mesh->newcomers, server);
}

void probe_mesh_promote(struct probe_mesh *mesh, const struct site_peer *server)
{
	if (ring_leave(&mesh->newcomers, server))
		ring_join(&mesh->standing, server);
}

void probe_mesh_leave(struct probe_mesh *mesh, const struct site_peer *server)
{
	bool left = ring_leave(&mesh->newcomers, server) || ring_leave(&mesh->standing, server);
	assert(left);
}

static bool is_probeable(const struct site_index *index, uint32_t address)
{
	return address >> 24 != 0 && !ipv4_is_loopback(address) &&
	       !ipv4_is_multicast_or_reserved(address) && !site_index_is_held_twice(index, address);
}

/* Adds an address to a list in ascending order, unless it is there; the highest may fall out. */
static void add_address(uint32_t *list, size_t *n, uint32_t address)
{
	size_t at = *n;

	while (at > 0 && list[at - 1] > address)
		at--;
	if ((at > 0 && list[at - 1] == address) || at == PROBE_MESH_MAX_ADDRESSES)
		return;
	assert(*n <= PROBE_MESH_MAX_ADDRESSES);
	if (*n < PROBE_MESH_MAX_ADDRESSES)
		++*n;
	memmove(list + at + 1, list + at, (*n - at - 1) * sizeof *list);
	list[at] = address;
}

static void add_member(const struct site_index *index, const struct site_member *member,
		       struct probe_mesh_peer *peer)
{
	for (size_t i = 0; i < member->n_nics; i++) {
		const struct site_nic *nic = &site_member_nics(member)[i];
		const struct ipv4_prefix *addresses = site_nic_addresses(member, nic);
		for (size_t j = 0; nic->enabled && j < nic->n_addresses; j++) {
			if (is_probeable(index, addresses[j].address))
				add_address(peer->addresses, &peer->n_addresses,
					    addresses[j].address);
		}
	}
}

static bool stands(const struct probe_mesh *mesh, const struct site_member *member)
{
	return mesh->stands && mesh->stands(member);
}

static bool one_stands(const struct probe_mesh *mesh, const struct site_member *first)
{
	for (const struct site_member *m = first; m; m = m->next_of_name) {
		if (stands(mesh, m))
			return true;
	}
	return false;
}

/* False where it has no address to be probed at. */
static bool make_peer(const struct probe_mesh *mesh, const struct site_index *index,
		      const struct site_peer *server, struct probe_mesh_peer *out)
{
	bool only_standing = server->members->next_of_name && one_stands(mesh, server->members);

	assert(server->members);
	out->name = site_member_name(server->members); /* as its own report spells it */
	out->n_addresses = 0;
	for (const struct site_member *m = server->members; m; m = m->next_of_name) {
		if (m->holds && (!only_standing || stands(mesh, m)))
			add_member(index, m, out);
	}
	return out->n_addresses > 0;
}

/* A walk along a ring, from a place on. */
struct walk {
	const struct probe_ring *ring;
	uint64_t from;
	size_t start;
	size_t done;
};

static struct walk walk_from(const struct probe_ring *ring, const struct probe_mesh_place *own)
{
	return (struct walk){ ring, own->hash, find_place(ring, own), 0 };
}

/* The next place, and how far it is from the beginning; NULL: it is once around. */
static const struct site_peer *next_of(const struct walk *walk, uint64_t *distance)
{
	assert(walk->done <= walk->ring->n);
	if (walk->done == walk->ring->n)
		return NULL;
	const struct probe_mesh_place *place =
		&walk->ring->places[(walk->start + walk->done) % walk->ring->n];
	*distance = place->hash - walk->from;
	return place->server;
}

void probe_mesh_peers(const struct probe_mesh *mesh, const struct site_index *index,
		      const struct site_peer *server, struct probe_mesh_peers *out)
{
	struct probe_mesh_place own = place_of(server);
	struct walk standing = walk_from(&mesh->standing, &own);
	struct walk newcomers = walk_from(&mesh->newcomers, &own);
	size_t n_new = 0;

	out->n = 0;
	while (out->n < PROBE_MESH_MAX_PEERS) {
		uint64_t far;
		uint64_t far_new;
		const struct site_peer *old = next_of(&standing, &far);
		const struct site_peer *new = next_of(&newcomers, &far_new);
		if (!old && !new)
			break;
		bool is_new = new && (!old || (n_new < PROBE_MESH_MAX_NEWCOMERS && far_new < far));
		const struct site_peer *other = is_new ? new : old;
		is_new ? newcomers.done++ : standing.done++;
		if (other == server || !make_peer(mesh, index, other, &out->peers[out->n]))
			continue;
		out->n++;
		n_new += is_new;
	}
}
