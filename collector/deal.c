#include "collector/deal.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "collector/lower_bound.h"
#include "proto/ipv4.h"
#include "proto/mem.h"
#include "proto/site_tables.h"
#include "proto/text.h"

/* A place on the ring. */
struct deal_place {
	uint64_t hash; /* of the name in lower case */
	const char *name;
	uint32_t index_hash; /* the one by which the index finds it */
};

/*
 * Where a name lies. FNV-1a leaves names that differ in the last letter close together, so its bits
 * are mixed once more (the finalizer of MurmurHash3, 64 bit).
 */
static uint64_t hash_name(const char *name)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	for (; *name; name++) {
		hash ^= (unsigned char)text_lower(*name);
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
	const struct deal_place *a = left;
	const struct deal_place *b = right;

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return text_compare(a->name, b->name);
}

/* The first place at or behind that one. */
static size_t find_place(const struct deal *deal, const struct deal_place *wanted)
{
	return lower_bound(deal->places, deal->n, sizeof *wanted, wanted, compare_places);
}

void deal_deinit(struct deal *deal)
{
	free(deal->places);
	*deal = (struct deal){ 0 };
}

void deal_join(struct deal *deal, const char *server_name)
{
	struct deal_place place = { hash_name(server_name), server_name, text_hash(server_name) };
	size_t at = find_place(deal, &place);

	if (deal->n == deal->room) {
		deal->room = deal->room ? deal->room * 2 : 4;
		deal->places = mem_realloc(deal->places, deal->room * sizeof place);
	}
	memmove(deal->places + at + 1, deal->places + at, (deal->n - at) * sizeof place);
	deal->places[at] = place;
	deal->n++;
}

void deal_leave(struct deal *deal, const char *server_name)
{
	struct deal_place place = { .hash = hash_name(server_name), .name = server_name };
	size_t at = find_place(deal, &place);

	assert(at < deal->n && compare_places(&deal->places[at], &place) == 0);
	deal->n--;
	memmove(deal->places + at, deal->places + at + 1, (deal->n - at) * sizeof place);
}

static bool is_dealable(const struct site_index *index, uint32_t address)
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
	if ((at > 0 && list[at - 1] == address) || at == DEAL_MAX_ADDRESSES)
		return;
	if (*n < DEAL_MAX_ADDRESSES)
		++*n;
	memmove(list + at + 1, list + at, (*n - at - 1) * sizeof *list);
	list[at] = address;
}

static void add_member(const struct site_index *index, const struct site_member *member,
		       uint32_t *list, size_t *n)
{
	for (size_t i = 0; i < member->n_nics; i++) {
		const struct site_nic *nic = &site_member_nics(member)[i];
		const struct ipv4_prefix *addresses = site_nic_addresses(member, nic);
		for (size_t j = 0; nic->enabled && j < nic->n_addresses; j++) {
			if (is_dealable(index, addresses[j].address))
				add_address(list, n, addresses[j].address);
		}
	}
}

/* False where it has no address to be probed at. */
static bool make_peer(const struct site_index *index, const struct deal_place *place,
		      struct arena *arena, struct deal_peer *out)
{
	const struct site_peer *peer = site_table_find_peer(index, place->name, place->index_hash);
	uint32_t list[DEAL_MAX_ADDRESSES];
	size_t n = 0;

	for (const struct site_member *m = peer->members; m; m = m->next_of_name)
		add_member(index, m, list, &n);
	if (n == 0)
		return false;
	/* As its own report spells it. */
	out->name = arena_strdup(arena, site_member_name(peer->members));
	out->addresses = arena_alloc_array(arena, n, sizeof *out->addresses);
	out->n_addresses = n;
	for (size_t i = 0; i < n; i++) {
		char text[IPV4_TEXT_SIZE];
		out->addresses[i] = arena_strdup(arena, ipv4_format(list[i], text));
	}
	return true;
}

void deal_peers(const struct deal *deal, const struct site_index *index, const char *server_name,
		struct arena *arena, struct deal_peer **out, size_t *n)
{
	struct deal_place own = { .hash = hash_name(server_name), .name = server_name };
	struct deal_peer *peers = arena_alloc_array(arena, DEAL_MAX_PEERS, sizeof *peers);
	size_t start = find_place(deal, &own);
	size_t dealt = 0;

	for (size_t i = 0; i < deal->n && dealt < DEAL_MAX_PEERS; i++) {
		const struct deal_place *place = &deal->places[(start + i) % deal->n];
		if (!text_equal(place->name, server_name))
			dealt += make_peer(index, place, arena, &peers[dealt]);
	}
	*out = peers;
	*n = dealt;
}
