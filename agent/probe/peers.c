#include "agent/probe/peers.h"

#include "proto/base/ipv4.h"
#include "proto/base/text.h"

bool peers_usable_address(uint32_t address)
{
	return address >> 24 != 0 && !ipv4_is_loopback(address) &&
	       !ipv4_is_multicast_or_reserved(address);
}

static bool has_address(const struct peer *peer, uint32_t address)
{
	for (size_t i = 0; i < peer->n_addresses; i++) {
		if (peer->addresses[i] == address)
			return true;
	}
	return false;
}

bool peers_add_address(struct peer *peer, uint32_t address)
{
	if (has_address(peer, address))
		return true;
	if (peer->n_addresses == PEERS_MAX_ADDRESSES)
		return false;
	peer->addresses[peer->n_addresses++] = address;
	return true;
}

static bool is_same(const struct peer *a, const struct peer *b)
{
	if (text_equal(a->name, b->name))
		return true;
	for (size_t i = 0; i < a->n_addresses; i++) {
		if (has_address(b, a->addresses[i]))
			return true;
	}
	return false;
}

void peers_add(struct peers *peers, const struct peer *peer)
{
	size_t i = 0;

	while (i < peers->n && !is_same(&peers->list[i], peer))
		i++;
	if (i == PEERS_MAX) {
		peers->left_out++;
		return;
	}
	if (i == peers->n)
		peers->list[peers->n++] = (struct peer){ .name = peer->name };
	for (size_t k = 0; k < peer->n_addresses; k++) {
		if (!peers_add_address(&peers->list[i], peer->addresses[k]))
			peers->left_out++;
	}
}
