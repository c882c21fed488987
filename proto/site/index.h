/*
 * What the reports of one site say about each other, kept up to date report by report: who carries
 * which name, who holds which address, who probed whom and how far that got. The exposure rule's
 * terms; proto/site/site.c draws the conclusions.
 *
 * A change costs what the changed report says, not what the site holds: it tells which members may
 * look different now (dirty ones), and only those need to be viewed again. A view of any other is
 * what it was.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/arena.h"
#include "proto/site/member.h"

/*
 * Tells whether a server of that Exchange name is known to be of another site. Agents probe what
 * their administrators configure, and rows on such a server are no rows on a peer.
 */
typedef bool site_is_elsewhere(void *user, const char *server_name);

#define SITE_PROOF_GRADES 3 /* GRADE_EPM, GRADE_MAPPED, GRADE_MTA */

struct site_peer_change;

/* An Exchange server name of the site, or one that a row names. */
struct site_peer {
	struct site_peer *next_in_bucket;
	struct site_member *members; /* that carry the name: none, one, or the nodes of a cluster */
	struct site_peer_rows
		*lacking; /* other members' rows on it, fresh or not: those of which */
	struct site_peer_rows *complete; /* some got less far than the MTA, and all others */
	uint32_t hash;
	uint32_t proofs[SITE_PROOF_GRADES];      /* rows of fresh members that prove such a grade */
	uint32_t self_proofs[SITE_PROOF_GRADES]; /* of its own fresh members, on themselves */
	uint64_t inbound;        /* changes with what fresh rows say of its single addresses */
	uint32_t inbound_failed; /* such rows that did not reach the endpoint mapper */
	bool elsewhere;          /* known to be of another site: no peer */

	struct site_peer_change *change; /* of the call under way; NULL between calls */

	char name[];
};

/*
 * The rows of all members on a peer: first those that are lacking, which are few and are looked at
 * with each report.
 */
static inline struct site_peer_rows *site_peer_first_rows(const struct site_peer *peer)
{
	return peer->lacking ? peer->lacking : peer->complete;
}

static inline struct site_peer_rows *site_peer_next_rows(const struct site_peer_rows *rows)
{
	return rows->next || !rows->is_lacking ? rows->next : rows->peer->complete;
}

struct site_holding;

/*
 * Between two calls: a peer has members or rows, n_peers and n_names count them, and `change`
 * is NULL; its proofs and inbound are the sums over the rows that count of fresh members, and of no
 * others; a dirty member is fresh, and on the list once; a member that holds its addresses is among
 * their holders, each of which has a member that does.
 */
struct site_index {
	struct site_peer **buckets;
	size_t n_buckets; /* a power of two, or 0 */
	size_t n_peers;
	size_t n_names; /* peers that a member carries */
	struct site_holding **holdings;
	size_t n_holding_buckets;
	size_t n_holdings;
	uint64_t revision; /* grows when names, their spelling or their holders change */
	struct site_member *members;
	struct site_member *dirty;
	bool is_viewed;                  /* a dirty one was taken off that list, once */
	site_is_elsewhere *is_elsewhere; /* NULL: nothing is known of other sites */
	void *user;
	struct arena *arena; /* NULL: the heap */
};

/* Where `arena` is not NULL the index lies there and needs no deinit. */
void site_index_init(struct site_index *index, struct arena *arena);

/* The members are their owner's, and in no index afterwards. */
void site_index_deinit(struct site_index *index);

/*
 * Sets the callback that is asked about names that no member carries, and asks it about those that
 * are known. An answer is kept until site_index_ask_again() is called for its name.
 */
void site_index_ask(struct site_index *index, site_is_elsewhere *is_elsewhere, void *user);
void site_index_ask_again(struct site_index *index, const char *name);

/*
 * Puts a member in, in the place of `old` (NULL: the member is new), which is in no index
 * afterwards. A fresh member becomes dirty.
 */
void site_index_put(struct site_index *index, struct site_member *member, bool fresh,
		    struct site_member *old);

/* Ends the freshness of a member's report: it proves nothing any more, but holds its addresses. */
void site_index_expire(struct site_index *index, struct site_member *member);

/*
 * Sets whether a member holds its addresses. Each does from when it is put; a silent one ceases to
 * (`holds` false) when its machine is seen to report under another name. Returns whether that is a
 * change.
 */
bool site_index_hold(struct site_index *index, struct site_member *member, bool holds);

void site_index_remove(struct site_index *index, struct site_member *member);

/* Takes a member off the list of dirty ones: its view may have changed. NULL: there is none. */
struct site_member *site_index_next_dirty(struct site_index *index);

/* Puts a fresh member on that list; one that is not fresh has no view to change. */
void site_index_mark_dirty(struct site_index *index, struct site_member *member);

/* Do two servers of the site hold the address, as the nodes of clusters hold their heartbeat's? */
bool site_index_is_held_twice(const struct site_index *index, uint32_t address);

#define SITE_NAMED_HOLDERS 3

/* The servers that hold an address: the first names in alphabetical order, without case. */
struct site_holders {
	const struct site_peer *first[SITE_NAMED_HOLDERS];
	size_t n; /* SITE_NAMED_HOLDERS + 1: there are more */
};

void site_index_holders(const struct site_index *index, uint32_t address, struct site_holders *out);

/* The name of a holder, as its own report spells it. */
const char *site_holder_name(const struct site_peer *holder);
