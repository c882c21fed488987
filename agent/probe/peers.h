/*
 * Whom to probe: the peers that the collector dealt, and those that the configuration names.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/arena.h"
#include "proto/base/ipv4.h"
#include "proto/report/report.h"

#define PEERS_MAX_CONFIGURED 64
#define PEERS_MAX_DEALT      16 /* PROTOCOL.md deals no more */
#define PEERS_MAX            (PEERS_MAX_CONFIGURED + PEERS_MAX_DEALT)
#define PEERS_MAX_ADDRESSES  64 /* of one peer: all addresses of a cluster's nodes */
#define PEERS_MAX_NETWORKS   32

struct peer {
	const char *name;
	uint32_t addresses[PEERS_MAX_ADDRESSES];
	size_t n_addresses;
};

/* Where dealt peers may be besides (agent/probe/dealt.h). */
struct peer_networks {
	struct ipv4_prefix list[PEERS_MAX_NETWORKS];
	size_t n;
};

struct peers {
	struct peer list[PEERS_MAX];
	size_t n;
	size_t left_out; /* peers and addresses beyond the limits */
};

/* May it be an address of a peer: not loopback, multicast, reserved or 0.0.0.0? */
bool peers_usable_address(uint32_t address);

/* Adds an address to a peer, once. False where there is no room. */
bool peers_add_address(struct peer *peer, uint32_t address);

/*
 * Adds a peer. One that has the name (without case) or an address of a peer that is there already
 * is the same peer: it keeps its first name and gains the addresses. The name is borrowed.
 */
void peers_add(struct peers *peers, const struct peer *peer);
