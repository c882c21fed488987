/*
 * Dealing: which servers of a site probe which, so that the cost per server stays flat however
 * large the site.
 *
 * The names of a site's servers lie on a ring in the order of their hashes; each server is dealt
 * the next DEAL_MAX_PEERS on it that have an address to be probed at. So every server that has one
 * is probed by as many others as it probes itself, and a server that joins or leaves changes the
 * deal of its neighbours only, by one peer each. In a site of up to DEAL_MAX_PEERS + 1 servers
 * everybody probes everybody.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "proto/site/index.h"

/* Peers dealt to one server (PROTOCOL: at most 16). */
#define DEAL_MAX_PEERS 16

/* Addresses dealt of one peer; a server with more is probed at the first ones. */
#define DEAL_MAX_ADDRESSES 16

struct deal_peer {
	/* Exchange server name, else host name (report_server_name); the index lends it. */
	const char *name;
	uint32_t addresses[DEAL_MAX_ADDRESSES]; /* IPv4, ascending */
	size_t n_addresses;                     /* at least one */
};

/* Whom one server probes. */
struct dealt {
	struct deal_peer peers[DEAL_MAX_PEERS];
	size_t n;
};

struct deal_place;

/* One site's ring. A zeroed one is empty. */
struct deal {
	struct deal_place *places; /* in the order of the ring */
	size_t n;
	size_t room;
};

void deal_deinit(struct deal *deal);

/*
 * A name lies on the ring from now on, or no longer; once, however many machines carry it (the
 * nodes of a cluster). It is borrowed for as long as it lies there, and has members.
 */
void deal_join(struct deal *deal, const struct site_peer *server);
void deal_leave(struct deal *deal, const struct site_peer *server);

/*
 * The peers of a server of `index`. Their addresses are those of all members that carry their
 * names, but for those that are loopback, multicast, reserved or unspecified, of a disabled
 * adapter, or held by two servers; a server without any other is probed by nobody.
 */
void deal_peers(const struct deal *deal, const struct site_index *index,
		const struct site_peer *server, struct dealt *out);
