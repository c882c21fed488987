#include "collector/fleet/probe_mesh.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "collector/base/lower_bound.h"
#include "proto/base/casefold.h"
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
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	casefold_copy(folded, name);
	for (const char *c = folded; *c; c++) {
		hash ^= (unsigned char)*c;
		hash *= UINT64_C(0x100000001b3);
	}
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
static size_t find_place(const struct probe_mesh *mesh, const struct probe_mesh_place *wanted)
{
	return lower_bound(mesh->places, mesh->n, sizeof *wanted, wanted, compare_places);
}

void probe_mesh_deinit(struct probe_mesh *mesh)
{
	free(mesh->places);
	*mesh = (struct probe_mesh){ 0 };
}

void probe_mesh_join(struct probe_mesh *mesh, const struct site_peer *server)
{
	struct probe_mesh_place place = place_of(server);
	size_t at = find_place(mesh, &place);

	mesh->places = mem_make_room(mesh->places, mesh->n, &mesh->room, sizeof *mesh->places);
	memmove(mesh->places + at + 1, mesh->places + at, (mesh->n - at) * sizeof place);
	mesh->places[at] = place;
	mesh->n++;
}

void probe_mesh_leave(struct probe_mesh *mesh, const struct site_peer *server)
{
	struct probe_mesh_place place = place_of(server);
	size_t at = find_place(mesh, &place);

	assert(at < mesh->n && mesh->places[at].server == server);
	mesh->n--;
	memmove(mesh->places + at, mesh->places + at + 1, (mesh->n - at) * sizeof place);
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

/* False where it has no address to be probed at. */
static bool make_peer(const struct site_index *index, const struct site_peer *server,
		      struct probe_mesh_peer *out)
{
	out->name = site_member_name(server->members); /* as its own report spells it */
	out->n_addresses = 0;
	for (const struct site_member *m = server->members; m; m = m->next_of_name)
		add_member(index, m, out);
	return out->n_addresses > 0;
}

void probe_mesh_peers(const struct probe_mesh *mesh, const struct site_index *index,
		      const struct site_peer *server, struct probe_mesh_peers *out)
{
	struct probe_mesh_place own = place_of(server);
	size_t start = find_place(mesh, &own);

	out->n = 0;
	for (size_t i = 0; i < mesh->n && out->n < PROBE_MESH_MAX_PEERS; i++) {
		const struct site_peer *other = mesh->places[(start + i) % mesh->n].server;
		if (other != server)
			out->n += make_peer(index, other, &out->peers[out->n]);
	}
}
