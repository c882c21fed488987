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
#include "proto/json/write.h"

/* What is said of a peer to whoever is to probe it. */
struct told {
	uint64_t revision; /* of mesh and index, when it was written */
	char json[];       /* "": it has no address to be probed at */
};

/* A place on the ring. */
struct probe_mesh_place {
	uint64_t hash; /* of the name in lower case */
	const struct site_peer *server;
	struct told *told; /* NULL: it was not asked for yet */
};

/* The addresses of a peer, ascending. */
struct addresses {
	uint32_t list[PROBE_MESH_MAX_ADDRESSES];
	size_t n;
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
	return (struct probe_mesh_place){ hash_name(server->name), server, NULL };
}

/* The first place at or behind that one. */
static size_t find_place(const struct probe_ring *ring, const struct probe_mesh_place *wanted)
{
	return lower_bound(ring->places, ring->n, sizeof *wanted, wanted, compare_places);
}

static void ring_deinit(struct probe_ring *ring)
{
	for (size_t i = 0; i < ring->n; i++)
		free(ring->places[i].told);
	free(ring->places);
}

void probe_mesh_deinit(struct probe_mesh *mesh)
{
	ring_deinit(&mesh->standing);
	ring_deinit(&mesh->newcomers);
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
	free(ring->places[at].told);
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

void probe_mesh_note_standing(struct probe_mesh *mesh)
{
	mesh->revision++;
}

static bool is_probeable(const struct site_index *index, uint32_t address)
{
	return address >> 24 != 0 && !ipv4_is_loopback(address) &&
	       !ipv4_is_multicast_or_reserved(address) && !site_index_is_held_twice(index, address);
}

/* Adds an address unless it is there; the highest may fall out. */
static void add_address(struct addresses *addresses, uint32_t address)
{
	uint32_t *list = addresses->list;
	size_t at = addresses->n;

	while (at > 0 && list[at - 1] > address)
		at--;
	if ((at > 0 && list[at - 1] == address) || at == PROBE_MESH_MAX_ADDRESSES)
		return;
	assert(addresses->n <= PROBE_MESH_MAX_ADDRESSES);
	if (addresses->n < PROBE_MESH_MAX_ADDRESSES)
		addresses->n++;
	memmove(list + at + 1, list + at, (addresses->n - at - 1) * sizeof *list);
	list[at] = address;
}

static void add_member(const struct site_index *index, const struct site_member *member,
		       struct addresses *out)
{
	for (size_t i = 0; i < member->n_nics; i++) {
		const struct site_nic *nic = &site_member_nics(member)[i];
		const struct ipv4_prefix *addresses = site_nic_addresses(member, nic);
		for (size_t j = 0; nic->enabled && j < nic->n_addresses; j++) {
			if (is_probeable(index, addresses[j].address))
				add_address(out, addresses[j].address);
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

static void find_addresses(const struct probe_mesh *mesh, const struct site_index *index,
			   const struct site_peer *server, struct addresses *out)
{
	bool only_standing = server->members->next_of_name && one_stands(mesh, server->members);

	out->n = 0;
	for (const struct site_member *m = server->members; m; m = m->next_of_name) {
		if (m->holds && (!only_standing || stands(mesh, m)))
			add_member(index, m, out);
	}
}

static void write_peer(const char *name, const struct addresses *addresses, struct buffer *out)
{
	char text[IPV4_TEXT_SIZE];

	if (addresses->n == 0)
		return;
	json_open_object(out, NULL);
	json_put_text(out, "name", name);
	json_open_array(out, "addresses");
	for (size_t i = 0; i < addresses->n; i++)
		json_put_text(out, NULL, ipv4_format(addresses->list[i], text));
	json_close_array(out);
	json_close_object(out);
}

static struct told *tell(const struct probe_mesh *mesh, const struct site_index *index,
			 const struct site_peer *server)
{
	struct addresses addresses;
	struct buffer json = { 0 };

	assert(server->members);
	find_addresses(mesh, index, server, &addresses);
	/* The name as its own report spells it. */
	write_peer(site_member_name(server->members), &addresses, &json);
	struct told *told = mem_alloc(sizeof *told + json.size + 1);
	if (json.size > 0)
		memcpy(told->json, json.bytes, json.size);
	buffer_deinit(&json);
	return told;
}

/* What is to be said of a peer, "" where it has no address to be probed at. */
static const char *told_of(const struct probe_mesh *mesh, const struct site_index *index,
			   struct probe_mesh_place *place)
{
	uint64_t revision = mesh->revision + index->revision; /* neither ever falls */

	if (!place->told || place->told->revision != revision) {
		free(place->told);
		place->told = tell(mesh, index, place->server);
		place->told->revision = revision;
	}
	return place->told->json;
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
static struct probe_mesh_place *next_of(const struct walk *walk, uint64_t *distance)
{
	assert(walk->done <= walk->ring->n);
	if (walk->done == walk->ring->n)
		return NULL;
	struct probe_mesh_place *place =
		&walk->ring->places[(walk->start + walk->done) % walk->ring->n];
	*distance = place->hash - walk->from;
	return place;
}

void probe_mesh_add_peers(struct probe_mesh *mesh, const struct site_index *index,
			  const struct site_peer *server, struct buffer *out)
{
	struct probe_mesh_place own = place_of(server);
	struct walk standing = walk_from(&mesh->standing, &own);
	struct walk newcomers = walk_from(&mesh->newcomers, &own);
	size_t n = 0;
	size_t n_new = 0;

	while (n < PROBE_MESH_MAX_PEERS) {
		uint64_t far;
		uint64_t far_new;
		struct probe_mesh_place *old = next_of(&standing, &far);
		struct probe_mesh_place *new = next_of(&newcomers, &far_new);
		if (!old && !new)
			break;
		bool is_new = new && (!old || (n_new < PROBE_MESH_MAX_NEWCOMERS && far_new < far));
		struct probe_mesh_place *other = is_new ? new : old;
		is_new ? newcomers.done++ : standing.done++;
		const char *told = other->server == server ? "" : told_of(mesh, index, other);
		if (*told == '\0')
			continue;
		json_put_json(out, NULL, told);
		n++;
		n_new += is_new;
	}
}
