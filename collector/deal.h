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

#include "proto/arena.h"
#include "proto/site_index.h"

/* Peers dealt to one server (PROTOCOL: at most 16). */
#define DEAL_MAX_PEERS 16

/* Addresses dealt of one peer; a server with more is probed at the first ones. */
#define DEAL_MAX_ADDRESSES 16

struct deal_peer {
	const char *name; /* Exchange server name, else host name (report_server_name) */
	const char **addresses;
	size_t n_addresses; /* at least one */
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
 * nodes of a cluster). The text is borrowed for as long as it lies there.
 */
void deal_join(struct deal *deal, const char *server_name);
void deal_leave(struct deal *deal, const char *server_name);

/*
 * The peers of the server of that name, which need not be on the ring itself. Their addresses are
 * those of all members of `index` that carry their names, but for those that are loopback,
 * multicast, reserved or unspecified, of a disabled adapter, or held by two servers; a server
 * without any other is probed by nobody. `*out` and all behind it lives in `arena`.
 */
void deal_peers(const struct deal *deal, const struct site_index *index, const char *server_name,
		struct arena *arena, struct deal_peer **out, size_t *n);
