#include "agent/probe/dealt.h"

#include <stdbool.h>

#include "proto/base/ipv4.h"

#define MAX_NAMED 16 /* refused addresses that are told by name */

struct taking {
	struct peers *out;
	const struct report *report;
	const struct peer_networks *allowed;
	struct arena *arena;
	const char *named; /* the first refused addresses */
	size_t n_refused;  /* addresses in wrong places */
	size_t n_beyond;   /* addresses in right places beyond the limits */
};

static bool is_in_own_subnet(const struct report *report, uint32_t address)
{
	for (size_t i = 0; i < report->n_adapters; i++) {
		const struct report_adapter *adapter = &report->adapters[i];
		for (size_t k = 0; k < adapter->n_addresses; k++) {
			struct ipv4_prefix own;
			if (ipv4_prefix_parse(adapter->addresses[k], &own) &&
			    own.length >= DEALT_MIN_PREFIX && ipv4_prefix_contains(&own, address))
				return true;
		}
	}
	return false;
}

static bool is_allowed(const struct taking *t, uint32_t address)
{
	if (!peers_usable_address(address))
		return false;
	for (size_t i = 0; i < t->allowed->n; i++) {
		if (ipv4_prefix_contains(&t->allowed->list[i], address))
			return true;
	}
	return ipv4_is_private(address) || is_in_own_subnet(t->report, address);
}

static void refuse(struct taking *t, const char *name, uint32_t address)
{
	char text[IPV4_TEXT_SIZE];

	if (t->n_refused++ < MAX_NAMED)
		t->named =
			arena_printf(t->arena, "%s%s%s %s", t->named, t->n_refused > 1 ? ", " : "",
				     name, ipv4_format(address, text));
}

static void take_peer(struct taking *t, const struct peer *dealt)
{
	struct peer peer = { .name = dealt->name };
	bool has_room = t->out->n < PEERS_MAX_DEALT;

	for (size_t i = 0; i < dealt->n_addresses; i++) {
		if (!is_allowed(t, dealt->addresses[i]))
			refuse(t, dealt->name, dealt->addresses[i]);
		else if (!has_room || peer.n_addresses == DEALT_MAX_ADDRESSES)
			t->n_beyond++;
		else
			(void)peers_add_address(&peer, dealt->addresses[i]); /* there is room */
	}
	if (peer.n_addresses > 0)
		peers_add(t->out, &peer);
}

/* Words for what was refused; the reason comes before names of any length. */
static const char *words_of(const struct taking *t)
{
	const char *words = "";

	if (t->n_refused > 0)
		words = arena_printf(t->arena,
				     "the collector deals addresses that are not probed, for they "
				     "are neither private, nor in a subnet of an adapter, nor in "
				     "allow-peers (AllowPeers): %s%s",
				     t->named, t->n_refused > MAX_NAMED ? " and more" : "");
	if (t->n_beyond > 0)
		words = arena_printf(t->arena,
				     "the collector deals more than %d peers with %d addresses "
				     "each: %lu address(es) are not probed%s%s",
				     PEERS_MAX_DEALT, DEALT_MAX_ADDRESSES,
				     (unsigned long)t->n_beyond, *words ? "; " : "", words);
	return *words ? words : NULL;
}

const char *dealt_take(struct peers *out, const struct peers *dealt, const struct report *report,
		       const struct peer_networks *allowed, struct arena *arena)
{
	struct taking t = {
		.out = out, .report = report, .allowed = allowed, .arena = arena, .named = ""
	};

	*out = (struct peers){ 0 };
	for (size_t i = 0; i < dealt->n; i++)
		take_peer(&t, &dealt->list[i]);
	return words_of(&t);
}
