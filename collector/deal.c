#include "collector/deal.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "proto/ipv4.h"
#include "proto/mem.h"
#include "proto/text.h"

/* An address, and which server of the site holds it. */
struct holding {
	uint32_t address;
	const char *server;
	const char *text; /* of the address, without its prefix length */
};

/* A place on the ring. */
struct place {
	uint64_t hash; /* of the name in lower case */
	struct deal_peer peer;
};

struct deal {
	struct place *places; /* in the order of the ring */
	size_t n;
	struct arena arena;
};

/*
 * Where a name lies. FNV-1a leaves names that differ in the last letter close together, so its bits
 * are mixed once more (the finalizer of MurmurHash3, 64 bit).
 */
static uint64_t hash_name(const char *name)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	for (; *name; name++) {
		char c = (char)(*name >= 'A' && *name <= 'Z' ? *name - 'A' + 'a' : *name);
		hash ^= (unsigned char)c;
		hash *= UINT64_C(0x100000001b3);
	}
	hash ^= hash >> 33;
	hash *= UINT64_C(0xff51afd7ed558ccd);
	hash ^= hash >> 33;
	hash *= UINT64_C(0xc4ceb9fe1a85ec53);
	return hash ^ hash >> 33;
}

static bool is_dealable(uint32_t address)
{
	return address >> 24 != 0 && !ipv4_is_loopback(address) &&
	       !ipv4_is_multicast_or_reserved(address);
}

/* Those of one address lie together. */
static int compare_holdings(const void *a, const void *b)
{
	const struct holding *x = a;
	const struct holding *y = b;
	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return text_compare(x->server, y->server);
}

static size_t count_addresses(const struct report *const *reports, size_t n)
{
	size_t count = 0;
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < reports[i]->n_adapters; j++)
			count += reports[i]->adapters[j].n_addresses;
	}
	return count;
}

static void list_addresses(struct deal *deal, const struct report *report, struct holding *out,
			   size_t *n)
{
	for (size_t i = 0; i < report->n_adapters; i++) {
		const struct report_adapter *adapter = &report->adapters[i];
		for (size_t j = 0; j < adapter->n_addresses; j++) {
			struct ipv4_prefix prefix;
			char text[IPV4_TEXT_SIZE];
			if (adapter->enabled == TRISTATE_NO ||
			    !ipv4_prefix_parse(adapter->addresses[j], &prefix) ||
			    !is_dealable(prefix.address))
				continue;
			out[*n].address = prefix.address;
			out[*n].server = report_server_name(report);
			out[*n].text =
				arena_strdup(&deal->arena, ipv4_format(prefix.address, text));
			(*n)++;
		}
	}
}

/*
 * Keeps of each address one holding, and none where two servers hold it. The nodes of a cluster
 * are one server; they may both report the address that is theirs together.
 */
static size_t drop_ambiguous(struct holding *all, size_t n)
{
	size_t kept = 0;
	for (size_t i = 0; i < n;) {
		size_t end = i + 1;
		bool ambiguous = false;
		for (; end < n && all[end].address == all[i].address; end++)
			ambiguous |= !text_equal(all[end].server, all[i].server);
		if (!ambiguous)
			all[kept++] = all[i];
		i = end;
	}
	return kept;
}

static int compare_by_server(const void *a, const void *b)
{
	const struct holding *x = a;
	const struct holding *y = b;
	int order = text_compare(x->server, y->server);
	if (order != 0)
		return order;
	return x->address < y->address ? -1 : x->address > y->address;
}

static int compare_places(const void *a, const void *b)
{
	const struct place *x = a;
	const struct place *y = b;
	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return text_compare(x->peer.name, y->peer.name);
}

/* `holdings` of one server become its place. */
static void add_place(struct deal *deal, const struct holding *holdings, size_t n)
{
	struct place *place = &deal->places[deal->n++];
	struct deal_peer *peer = &place->peer;

	peer->name = arena_strdup(&deal->arena, holdings[0].server);
	peer->n_addresses = n < DEAL_MAX_ADDRESSES ? n : DEAL_MAX_ADDRESSES;
	peer->addresses =
		arena_alloc_array(&deal->arena, peer->n_addresses, sizeof *peer->addresses);
	for (size_t i = 0; i < peer->n_addresses; i++)
		peer->addresses[i] = holdings[i].text;
	place->hash = hash_name(peer->name);
}

static void build_ring(struct deal *deal, const struct holding *holdings, size_t n)
{
	deal->places = arena_alloc_array(&deal->arena, n, sizeof *deal->places);
	for (size_t i = 0; i < n;) {
		size_t end = i + 1;
		while (end < n && text_equal(holdings[end].server, holdings[i].server))
			end++;
		add_place(deal, holdings + i, end - i);
		i = end;
	}
	if (deal->n > 1)
		qsort(deal->places, deal->n, sizeof *deal->places, compare_places);
}

struct deal *deal_new(const struct report *const *reports, size_t n)
{
	struct deal *deal = mem_alloc(sizeof *deal);
	struct holding *holdings = mem_alloc_array(count_addresses(reports, n), sizeof *holdings);
	size_t count = 0;

	arena_init(&deal->arena);
	for (size_t i = 0; i < n; i++)
		list_addresses(deal, reports[i], holdings, &count);
	if (count > 1)
		qsort(holdings, count, sizeof *holdings, compare_holdings);
	count = drop_ambiguous(holdings, count);
	if (count > 1)
		qsort(holdings, count, sizeof *holdings, compare_by_server);
	build_ring(deal, holdings, count);
	free(holdings);
	return deal;
}

void deal_free(struct deal *deal)
{
	if (!deal)
		return;
	arena_deinit(&deal->arena);
	free(deal);
}

/* The first place at or behind that of the name. */
static size_t find_place(const struct deal *deal, const char *name)
{
	struct place wanted = { .hash = hash_name(name), .peer = { .name = name } };
	size_t from = 0;
	size_t to = deal->n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		if (compare_places(&deal->places[middle], &wanted) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

static void copy_peer(const struct deal_peer *from, struct arena *arena, struct deal_peer *to)
{
	to->name = arena_strdup(arena, from->name);
	to->n_addresses = from->n_addresses;
	to->addresses = arena_alloc_array(arena, from->n_addresses, sizeof *to->addresses);
	for (size_t i = 0; i < from->n_addresses; i++)
		to->addresses[i] = arena_strdup(arena, from->addresses[i]);
}

void deal_peers(const struct deal *deal, const char *server_name, struct arena *arena,
		struct deal_peer **out, size_t *n)
{
	struct deal_peer *peers = arena_alloc_array(arena, DEAL_MAX_PEERS, sizeof *peers);
	size_t start = find_place(deal, server_name);
	size_t dealt = 0;

	for (size_t i = 0; i < deal->n && dealt < DEAL_MAX_PEERS; i++) {
		const struct deal_peer *peer = &deal->places[(start + i) % deal->n].peer;
		if (!text_equal(peer->name, server_name))
			copy_peer(peer, arena, &peers[dealt++]);
	}
	*out = peers;
	*n = dealt;
}
