#include "proto/site/tables.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/casefold.h"
#include "proto/base/mem.h"

#define FIRST_BUCKETS 8

/* A server that holds an address, and on how many adapters of its machines. */
struct site_holding {
	struct site_holding *next;
	const struct site_peer *holder;
	uint32_t address;
	uint32_t count;
};

static void *take_memory(struct site_index *index, size_t size)
{
	return index->arena ? arena_alloc(index->arena, size) : mem_alloc(size);
}

static void give_back(const struct site_index *index, void *memory)
{
	if (!index->arena)
		free(memory);
}

struct site_peer *site_table_find_peer(const struct site_index *index, const char *name,
				       uint32_t hash)
{
	struct site_peer *peer =
		index->n_buckets ? index->buckets[hash & (index->n_buckets - 1)] : NULL;

	while (peer && (peer->hash != hash || !casefold_equal(peer->name, name)))
		peer = peer->next_in_bucket;
	return peer;
}

static void grow_peers(struct site_index *index)
{
	size_t n = index->n_buckets ? index->n_buckets * 2 : FIRST_BUCKETS;
	struct site_peer **buckets = take_memory(index, n * sizeof(struct site_peer *));

	for (size_t i = 0; i < index->n_buckets; i++) {
		while (index->buckets[i]) {
			struct site_peer *peer = index->buckets[i];
			index->buckets[i] = peer->next_in_bucket;
			peer->next_in_bucket = buckets[peer->hash & (n - 1)];
			buckets[peer->hash & (n - 1)] = peer;
		}
	}
	give_back(index, index->buckets);
	index->buckets = buckets;
	index->n_buckets = n;
}

struct site_peer *site_table_peer(struct site_index *index, const char *name, uint32_t hash,
				  bool *is_new)
{
	struct site_peer *peer = site_table_find_peer(index, name, hash);

	if (peer)
		return peer;
	if (index->n_peers >= index->n_buckets)
		grow_peers(index);
	size_t size = strlen(name) + 1;
	peer = take_memory(index, sizeof *peer + size);
	peer->hash = hash;
	memcpy(peer->name, name, size);
	peer->next_in_bucket = index->buckets[hash & (index->n_buckets - 1)];
	index->buckets[hash & (index->n_buckets - 1)] = peer;
	index->n_peers++;
	*is_new = true;
	return peer;
}

void site_table_drop(struct site_index *index, struct site_peer *peer)
{
	struct site_peer **at = &index->buckets[peer->hash & (index->n_buckets - 1)];

	assert(!peer->members && !site_peer_first_rows(peer) && !peer->change &&
	       index->n_peers > 0);
	for (; *at != peer; at = &(*at)->next_in_bucket)
		assert(*at);
	*at = peer->next_in_bucket;
	index->n_peers--;
	give_back(index, peer);
}

/* Where the holdings of an address are listed; there are buckets. */
static struct site_holding **bucket_of(struct site_holding **buckets, size_t n, uint32_t address)
{
	uint64_t spread = address * UINT64_C(0x9e3779b97f4a7c15);
	return &buckets[(spread >> 32) & (n - 1)];
}

static struct site_holding *first_holding(const struct site_index *index, uint32_t address)
{
	if (index->n_holding_buckets == 0)
		return NULL;
	return *bucket_of(index->holdings, index->n_holding_buckets, address);
}

/* How many servers hold the address, up to two. */
static int count_holders(const struct site_index *index, uint32_t address)
{
	int n = 0;
	for (const struct site_holding *h = first_holding(index, address); h && n < 2; h = h->next)
		n += h->address == address;
	return n;
}

bool site_index_is_held_twice(const struct site_index *index, uint32_t address)
{
	return count_holders(index, address) == 2;
}

const char *site_holder_name(const struct site_peer *holder)
{
	return holder->members ? site_member_name(holder->members) : holder->name;
}

/* Keeps those that come first by name. */
static void note_holder(struct site_holders *holders, const struct site_peer *holder)
{
	for (size_t i = 0; i < SITE_NAMED_HOLDERS && holder; i++) {
		const struct site_peer *here = i < holders->n ? holders->first[i] : NULL;
		if (here && casefold_compare(here->name, holder->name) < 0)
			continue;
		holders->first[i] = holder;
		holder = here;
	}
	if (holders->n <= SITE_NAMED_HOLDERS)
		holders->n++;
}

void site_index_holders(const struct site_index *index, uint32_t address, struct site_holders *out)
{
	*out = (struct site_holders){ 0 };
	for (const struct site_holding *h = first_holding(index, address); h; h = h->next) {
		if (h->address == address)
			note_holder(out, h->holder);
	}
}

/* Would rows that aim at the address be told otherwise? */
static bool differ(const struct site_holders *a, const struct site_holders *b)
{
	bool differs = a->n != b->n;

	for (size_t i = 0; i < SITE_NAMED_HOLDERS; i++)
		differs |= a->first[i] != b->first[i];
	return differs && (a->n >= 2 || b->n >= 2);
}

bool site_table_is_held_by(const struct site_index *index, uint32_t address,
			   const struct site_peer *holder)
{
	const struct site_holding *h = first_holding(index, address);
	while (h && (h->address != address || h->holder != holder))
		h = h->next;
	return h != NULL;
}

static void grow_holdings(struct site_index *index)
{
	size_t n = index->n_holding_buckets ? index->n_holding_buckets * 2 : FIRST_BUCKETS;
	struct site_holding **buckets = take_memory(index, n * sizeof(struct site_holding *));

	for (size_t i = 0; i < index->n_holding_buckets; i++) {
		while (index->holdings[i]) {
			struct site_holding *h = index->holdings[i];
			struct site_holding **to = bucket_of(buckets, n, h->address);
			index->holdings[i] = h->next;
			h->next = *to;
			*to = h;
		}
	}
	give_back(index, index->holdings);
	index->holdings = buckets;
	index->n_holding_buckets = n;
}

static void add_holding(struct site_index *index, uint32_t address, const struct site_peer *holder)
{
	struct site_holding *h = take_memory(index, sizeof *h);

	if (index->n_holdings >= index->n_holding_buckets)
		grow_holdings(index);
	struct site_holding **at = bucket_of(index->holdings, index->n_holding_buckets, address);
	*h = (struct site_holding){ .next = *at, .holder = holder, .address = address, .count = 1 };
	*at = h;
	index->n_holdings++;
}

bool site_table_hold(struct site_index *index, uint32_t address, const struct site_peer *holder,
		     bool holds)
{
	struct site_holding *none = NULL;
	struct site_holding **at =
		index->n_holding_buckets
			? bucket_of(index->holdings, index->n_holding_buckets, address)
			: &none;
	struct site_holders before;
	struct site_holders after;

	site_index_holders(index, address, &before);
	while (*at && ((*at)->address != address || (*at)->holder != holder))
		at = &(*at)->next;
	if (holds && *at) {
		(*at)->count++;
	} else if (holds) {
		add_holding(index, address, holder);
	} else {
		assert(*at);
		if (--(*at)->count == 0) {
			struct site_holding *gone = *at;
			*at = gone->next;
			index->n_holdings--;
			give_back(index, gone);
		}
	}
	site_index_holders(index, address, &after);
	return differ(&before, &after);
}

void site_tables_deinit(struct site_index *index)
{
	for (size_t i = 0; i < index->n_buckets; i++) {
		for (struct site_peer *p = index->buckets[i], *next; p; p = next) {
			next = p->next_in_bucket;
			give_back(index, p);
		}
	}
	for (size_t i = 0; i < index->n_holding_buckets; i++) {
		for (struct site_holding *h = index->holdings[i], *next; h; h = next) {
			next = h->next;
			give_back(index, h);
		}
	}
	give_back(index, index->buckets);
	give_back(index, index->holdings);
}
