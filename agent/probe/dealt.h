/*
 * Limits of the agent's own for what the collector deals, so that a collector in wrong hands makes
 * no port scanner of its agents. What the administrator of this machine configured himself knows
 * none of them.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "agent/probe/peers.h"
#include "proto/base/arena.h"
#include "proto/report/report.h"

#define DEALT_MAX_ADDRESSES  4  /* of a peer; PEERS_MAX_DEALT peers */
#define DEALT_MIN_INTERVAL_S 30 /* between two cycles by the collector's word */
#define DEALT_MIN_PREFIX     8  /* bits: no adapter is in a larger subnet (class A, RFC 791) */

/*
 * Makes `out` of what may be probed of `dealt`: the first peers with an address that is private
 * (RFC 1918), in a subnet of an adapter of `report`, or in `allowed`; loopback never. Names are
 * borrowed. Gives what is not probed and why, for log and report, in `arena`; NULL: all is.
 */
const char *dealt_take(struct peers *out, const struct peers *dealt, const struct report *report,
		       const struct peer_networks *allowed, struct arena *arena);
