/*
 * The mesh of probes in a site: who probes whom, so that the cost per server stays flat however
 * large the site.
 *
 * The names of a site's servers lie on a ring in the order of their hashes; the peers of a server
 * are the next PROBE_MESH_MAX_PEERS on it that have an address to be probed at. So every server
 * that has one is probed by as many others as it probes itself, and a server that joins or leaves
 * changes one peer of each of its neighbours only. In a site of up to PROBE_MESH_MAX_PEERS + 1
 * servers everybody probes everybody.
 *
 * What agents claim is not proven: who has an enrolment secret can let any number of servers appear
 * in a site, with addresses of anybody. So a name is a newcomer until an agent of standing, one
 * that enrolled a day ago, or a week where its reports come from an address that they do not name
 * (collector/pipeline/sender.h), reports as it. Newcomers have at most PROBE_MESH_MAX_NEWCOMERS
 * places of a server's list while others of standing could fill the rest; and of a name that one of
 * standing carries only the addresses of those of standing are dealt. In a fleet that is new
 * everybody is a newcomer and nothing is held back.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/buffer.h"
#include "proto/site/index.h"

/* Peers of one server (PROTOCOL: at most 16). */
#define PROBE_MESH_MAX_PEERS 16

/* Newcomers among the peers while there are others: enough for a verdict on each new server. */
#define PROBE_MESH_MAX_NEWCOMERS 4

/* Addresses of one peer; a server with more is probed at the first ones. */
#define PROBE_MESH_MAX_ADDRESSES 16

struct probe_mesh_place;

struct probe_ring {
	struct probe_mesh_place *places; /* in the order of the ring */
	size_t n;
	size_t room;
};

/* Is it of an agent of standing? */
typedef bool probe_mesh_stands(const struct site_member *member);

/* One site's ring, in two parts. A zeroed one is empty. */
struct probe_mesh {
	struct probe_ring standing;
	struct probe_ring newcomers;
	probe_mesh_stands *stands; /* NULL: nobody does */
	uint64_t revision;
};

void probe_mesh_deinit(struct probe_mesh *mesh);

/*
 * A name lies on the ring from now on, or no longer; once, however many machines carry it (the
 * nodes of a cluster). It is borrowed for as long as it lies there, and has members.
 */
void probe_mesh_join(struct probe_mesh *mesh, const struct site_peer *server);
/* A name that lies on the ring is no newcomer's any more. */
void probe_mesh_promote(struct probe_mesh *mesh, const struct site_peer *server);
void probe_mesh_leave(struct probe_mesh *mesh, const struct site_peer *server);
/* A member has gained standing, or lost it. */
void probe_mesh_note_standing(struct probe_mesh *mesh);

/*
 * Adds the peers of a server of `index` to an open array of JSON, each with its name
 * (report_server_name()) and its addresses in ascending order. They are those of all members that
 * carry the name and hold them, but for those that are loopback, multicast, reserved or
 * unspecified, of a disabled adapter, or held by two servers; a server without any other is probed
 * by nobody. What is said of a peer is kept until something of it may have changed.
 */
void probe_mesh_add_peers(struct probe_mesh *mesh, const struct site_index *index,
			  const struct site_peer *server, struct buffer *out);
