/*
 * Dealing: which servers of a site probe which, so that the cost per server stays flat however
 * large the site.
 *
 * The names of a site's servers lie on a ring in the order of their hashes; each server is dealt
 * the next DEAL_MAX_PEERS on it. So every server is probed by as many others as it probes itself,
 * and a server that joins or leaves changes the deal of its neighbours only, by one peer each. In a
 * site of up to DEAL_MAX_PEERS + 1 servers everybody probes everybody.
 */
#pragma once

#include <stddef.h>

#include "proto/arena.h"
#include "proto/report.h"

/* Peers dealt to one server (PROTOCOL: at most 16). */
#define DEAL_MAX_PEERS 16

/* Addresses dealt of one peer; a server with more is probed at the first ones. */
#define DEAL_MAX_ADDRESSES 16

struct deal_peer {
	const char *name; /* Exchange server name, else host name (report_server_name) */
	const char **addresses;
	size_t n_addresses; /* at least one */
};

/* One site's ring. */
struct deal;

/*
 * Builds the ring from the latest reports of a site's machines. A name that several machines carry
 * (the nodes of a cluster) is one peer with the addresses of all. Left out are addresses that are
 * loopback, multicast, reserved or unspecified, of a disabled adapter, or held by two servers; a
 * server without any other is probed by nobody. Copies what it needs.
 */
struct deal *deal_new(const struct report *const *reports, size_t n);
void deal_free(struct deal *deal); /* NULL is allowed */

/*
 * The peers of the server of that name, which need not be on the ring itself. `*out` and all
 * behind it lives in `arena`.
 */
void deal_peers(const struct deal *deal, const char *server_name, struct arena *arena,
		struct deal_peer **out, size_t *n);
