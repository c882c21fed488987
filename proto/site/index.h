/*
 * What the reports of one site say about each other, kept up to date report by report: who carries
 * which name, who holds which address, who probed whom and how far that got. The exposure rule's
 * terms; proto/site/site.c draws the conclusions.
 *
 * A change costs what the changed report says, not what the site holds: it tells which members may
 * look different now (suspects), and only those need to be viewed again. A view of any other is
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

/* One Exchange server name of the site, or one that a row names. */
struct site_peer {
	struct site_peer *next_in_bucket;
	struct site_member
		*members;           /* who carries the name: none, one, or the nodes of a cluster */
	struct site_watch *watches; /* of others on it, whatever their freshness */
	uint32_t hash;
	uint32_t proofs[SITE_PROOF_GRADES];      /* rows of fresh members that prove such a grade */
	uint32_t self_proofs[SITE_PROOF_GRADES]; /* of its own fresh members, on themselves */
	uint64_t inbound;        /* changes with what fresh rows say of its single addresses */
	uint32_t inbound_failed; /* such rows that did not reach the endpoint mapper */
	bool elsewhere;          /* it is known to be of another site: no peer */

	/* While a change is under way: how it was before, and what is said of it now and then. */
	bool is_marked;
	bool is_to_recount;
	bool is_recounted; /* what others say, too, than those that follow */
	bool is_put;       /* one of its members is put, silenced or removed: what they say of it */
	const struct site_watch *said_then; /* of the member that is put, silenced or removed */
	const struct site_watch *said_now;
	int8_t old_best;
	int8_t old_self_best;
	uint64_t old_inbound;
	uint32_t old_inbound_failed;
	struct site_peer *next_marked;

	char name[];
};

struct site_holding;

struct site_index {
	struct site_peer **buckets;
	size_t n_buckets; /* a power of two, or 0 */
	size_t n_peers;
	size_t n_names; /* peers that a member carries */
	struct site_holding **holdings;
	size_t n_holding_buckets;
	size_t n_holdings;
	struct site_member *members;
	struct site_member *suspects;
	struct site_peer *marked;
	bool is_to_recount; /* who holds an ambiguous address is told otherwise now */
	size_t old_names;
	site_is_elsewhere *is_elsewhere; /* NULL: nothing is known of other sites */
	void *user;
	struct arena *arena; /* NULL: the heap */
};

/* Where `arena` is not NULL the index lies there and needs no deinit. */
void site_index_init(struct site_index *index, struct arena *arena);

/* The members are their owner's, and in no index afterwards. */
void site_index_deinit(struct site_index *index);

/*
 * From now on asks about names that no member carries, and does so about those it knows. `user` is
 * asked again only by site_index_ask_again(): when the answer for a name has become another.
 */
void site_index_ask(struct site_index *index, site_is_elsewhere *is_elsewhere, void *user);
void site_index_ask_again(struct site_index *index, const char *name);

/*
 * Puts a member in, in the place of `old` (NULL: it is new), which is in no index afterwards. It
 * becomes a suspect if it is fresh.
 */
void site_index_put(struct site_index *index, struct site_member *member, bool fresh,
		    struct site_member *old);

/* Its report is not fresh any more: it proves nothing. It goes on holding its addresses. */
void site_index_silence(struct site_index *index, struct site_member *member);

/*
 * A silent member is seen to report under another name (`holds` false), or that proves wrong. It
 * holds its addresses from when it is put until then. Returns whether it was otherwise.
 */
bool site_index_hold(struct site_index *index, struct site_member *member, bool holds);

void site_index_remove(struct site_index *index, struct site_member *member);

/* The next fresh member whose view may have changed, which is no suspect any more; NULL: none. */
struct site_member *site_index_take_suspect(struct site_index *index);

/* Makes it a suspect, if it is fresh. */
void site_index_suspect(struct site_index *index, struct site_member *member);

/*
 * Does a row of one member show that what another one's path got to is not all that there is: did
 * it get further, and were both true at one moment? `for_s` is how long the path has been so.
 * Whether the row counts is another question.
 */
bool site_row_outdoes(const struct site_member *of, const struct site_row *row,
		      const struct site_member *member, enum grade grade, int64_t for_s);

/* The best grade in these counts, GRADE_UNKNOWN where there is none. */
enum grade site_best_grade(const uint32_t proofs[SITE_PROOF_GRADES]);

/* Has a watch a row that counts? */
bool site_watch_counts(const struct site_watch *watch);

/* Has no peer that the member probed a proof, so that self-probes stand in for them? */
bool site_index_is_cut_off(const struct site_member *member);

/* Do two servers of the site hold it, as those of heartbeat nets do? */
bool site_index_is_held_twice(const struct site_index *index, uint32_t address);

#define SITE_NAMED_HOLDERS 3

/* Who holds an address, as far as it is told: the first names, without case. */
struct site_holders {
	const struct site_peer *first[SITE_NAMED_HOLDERS];
	size_t n; /* SITE_NAMED_HOLDERS + 1: there are more */
};

void site_index_holders(const struct site_index *index, uint32_t address, struct site_holders *out);

/* The name of one of them, as a report of its spells it. */
const char *site_holder_name(const struct site_peer *holder);
