/*
 * What the fresh reports of one site say, arranged for questions: who holds which address, and
 * which rows prove that a peer answers. The exposure rule's terms; proto/site.c draws the
 * conclusions.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/arena.h"
#include "proto/ipv4.h"
#include "proto/report.h"
#include "proto/site.h"

/* The time during which a row is known to have been true; both ends belong to it. */
struct site_stretch {
	bool known; /* false: the row tells no duration, and is taken to overlap with any other */
	int64_t from_ms;
	int64_t to_ms;
};

/* A row of a fresh report that counts for something. */
struct site_row {
	size_t report; /* index into the site's reports */
	const struct report_probe *facts;
	struct site_stretch stretch;
};

/* One Exchange server name of the site, or one that a row names. */
struct site_peer {
	const char *name;
	bool reports;          /* a machine of that name has a report in the site */
	bool elsewhere;        /* it is known to be of another site: no peer */
	bool has_proof;        /* one of `rows` is a proof */
	struct site_row *rows; /* of others, on this peer, whatever their grade */
	size_t n_rows;
	struct site_row *self_rows; /* its own self-probes */
	size_t n_self_rows;
};

struct site_holding;

struct site_index {
	struct site_peer *peers; /* by name, without case */
	size_t n_peers;
	struct site_holding *holdings; /* by address, then holder */
	size_t n_holdings;
};

/* The arguments are those of site_view(). */
struct site_index *site_index_new(const struct site_report *reports, size_t n, int64_t now_ms,
				  site_is_elsewhere *is_elsewhere, void *user, struct arena *arena);

/* The peer of that name; every name in a report of the site is there. */
struct site_peer *site_index_find(const struct site_index *index, const char *name);

/* Is it a proof that its peer answers RPC? */
bool site_row_is_proof(const struct site_row *row);

/* Does this row of `report` count for something: on a peer, with a grade, and not void? */
bool site_index_row_counts(const struct site_index *index, const struct report *report,
			   const struct report_probe *row);

struct site_stretch site_stretch_of(int64_t at_ms, int64_t for_s);
bool site_stretches_overlap(const struct site_stretch *a, const struct site_stretch *b);

/* An address that makes an adapter active: IPv4, neither loopback nor 0.0.0.0. */
bool site_address_usable(const char *text, struct ipv4_prefix *out);
