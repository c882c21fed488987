#include "proto/site/index.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/casefold.h"
#include "proto/base/mem.h"
#include "proto/site/tables.h"

/* A time during which a row is known to have been true; both ends belong to it. */
struct stretch {
	bool known; /* false: the row tells no duration, and is taken to overlap with any other */
	int64_t from_ms;
	int64_t to_ms;
};

static struct stretch stretch_of(int64_t at_ms, int64_t for_s)
{
	if (for_s == REPORT_ABSENT)
		return (struct stretch){ .known = false };
	return (struct stretch){ true, at_ms - for_s * 1000, at_ms };
}

static bool overlap(const struct stretch *a, const struct stretch *b)
{
	if (!a->known || !b->known)
		return true;
	return a->from_ms <= b->to_ms && b->from_ms <= a->to_ms;
}

bool site_row_outdoes(const struct site_member *of, const struct site_row *row,
		      const struct site_member *member, enum grade grade, int64_t for_s)
{
	struct stretch shown = stretch_of(of->at_ms, row->for_s);
	struct stretch asked = stretch_of(member->at_ms, for_s);

	if (row->grade < GRADE_EPM || row->grade <= grade)
		return false;
	return of == member || (for_s != 0 && overlap(&shown, &asked));
}

enum grade site_best_grade(const uint32_t proofs[SITE_PROOF_GRADES])
{
	for (int i = SITE_PROOF_GRADES - 1; i >= 0; i--) {
		if (proofs[i])
			return (enum grade)(GRADE_EPM + i);
	}
	return GRADE_UNKNOWN;
}

bool site_watch_counts(const struct site_watch *watch)
{
	const struct site_row *rows = site_member_rows(watch->member) + watch->first_row;

	for (size_t i = 0; i < watch->n_rows; i++) {
		if (rows[i].counts)
			return true;
	}
	return false;
}

bool site_index_is_cut_off(const struct site_member *member)
{
	const struct site_watch *watches = site_member_watches(member);

	for (size_t i = 0; i < member->n_watches; i++) {
		if (site_watch_counts(&watches[i]) &&
		    site_best_grade(watches[i].peer->proofs) != GRADE_UNKNOWN)
			return false;
	}
	return true;
}

/* Remembers how the peer is before the change that is under way. */
static void mark(struct site_index *index, struct site_peer *peer)
{
	if (peer->is_marked)
		return;
	peer->is_marked = true;
	peer->old_best = (int8_t)site_best_grade(peer->proofs);
	peer->old_self_best = (int8_t)site_best_grade(peer->self_proofs);
	peer->old_inbound = peer->inbound;
	peer->old_inbound_failed = peer->inbound_failed;
	peer->next_marked = index->marked;
	index->marked = peer;
}

void site_index_suspect(struct site_index *index, struct site_member *member)
{
	if (member->is_suspect || !member->fresh)
		return;
	member->is_suspect = true;
	member->next_suspect = index->suspects;
	index->suspects = member;
}

static void clear(struct site_index *index, struct site_member *member)
{
	struct site_member **at = &index->suspects;

	if (!member->is_suspect)
		return;
	while (*at && *at != member)
		at = &(*at)->next_suspect;
	assert(*at);
	*at = member->next_suspect;
	member->is_suspect = false;
}

struct site_member *site_index_take_suspect(struct site_index *index)
{
	struct site_member *member = index->suspects;

	if (member) {
		index->suspects = member->next_suspect;
		member->is_suspect = false;
	}
	return member;
}

static bool row_counts(const struct site_index *index, const struct site_member *member,
		       const struct site_peer *peer, const struct site_row *row)
{
	if (peer->elsewhere)
		return false;
	if (!row->has_to)
		return true;
	return !site_member_has_address(member, row->to) &&
	       !site_index_is_held_twice(index, row->to) &&
	       !site_table_is_held_by(index, row->to, member->self);
}

/* The worse of what two adapters achieved. A row of no adapter of the report is none's. */
static int8_t worst_grade(const struct site_row *rows, size_t n)
{
	int8_t worst = GRADE_MTA + 1;

	for (size_t i = 0; i < n; i++) {
		int8_t best = GRADE_UNKNOWN;
		for (size_t j = 0; j < n; j++) {
			if (rows[j].counts && rows[j].adapter == rows[i].adapter &&
			    rows[j].grade > best)
				best = rows[j].grade;
		}
		if (rows[i].counts && rows[i].adapter != SITE_NO_ADAPTER && best < worst)
			worst = best;
	}
	return worst;
}

/* Decides which rows of a watch count. */
static void count_rows(const struct site_index *index, struct site_watch *watch)
{
	struct site_row *rows = site_member_rows(watch->member) + watch->first_row;

	for (size_t i = 0; i < watch->n_rows; i++)
		rows[i].counts = row_counts(index, watch->member, watch->peer, &rows[i]);
	watch->worst = worst_grade(rows, watch->n_rows);
}

/* Would it be decided otherwise now? */
static bool is_outdated(const struct site_index *index, const struct site_watch *watch)
{
	const struct site_row *rows = site_member_rows(watch->member) + watch->first_row;

	for (size_t i = 0; i < watch->n_rows; i++) {
		if (rows[i].counts != row_counts(index, watch->member, watch->peer, &rows[i]))
			return true;
	}
	return false;
}

/* A number for what a row says of an address; their sum changes with what is said of any. */
static uint64_t inbound_of(const struct site_row *row)
{
	uint64_t x = (uint64_t)row->to << 1 | (row->grade >= GRADE_EPM);

	x *= UINT64_C(0x9e3779b97f4a7c15); /* spread, as in splitmix64 */
	x ^= x >> 30;
	return x * UINT64_C(0xbf58476d1ce4e5b9);
}

/* Adds what a watch says of its peer, or takes it away (`sign` -1). */
static void contribute(struct site_index *index, struct site_watch *watch, int sign)
{
	const struct site_row *rows = site_member_rows(watch->member) + watch->first_row;

	mark(index, watch->peer);
	for (size_t i = 0; i < watch->n_rows; i++) {
		if (!rows[i].counts)
			continue;
		if (rows[i].grade >= GRADE_EPM)
			watch->peer->proofs[rows[i].grade - GRADE_EPM] += (uint32_t)sign;
		if (rows[i].has_to)
			watch->peer->inbound += (uint64_t)sign * inbound_of(&rows[i]);
		if (rows[i].has_to && rows[i].grade < GRADE_EPM)
			watch->peer->inbound_failed += (uint32_t)sign;
	}
}

/* Adds what a fresh member says of all, or takes it away. */
static void contribute_all(struct site_index *index, struct site_member *member, int sign)
{
	const struct site_row *rows = site_member_self_rows(member);

	for (size_t i = 0; i < member->n_watches; i++) {
		struct site_watch *watch = &site_member_watches(member)[i];
		contribute(index, watch, sign);
		if (sign < 0)
			watch->peer->said_then = watch;
		else
			watch->peer->said_now = watch;
	}
	mark(index, member->self);
	member->self->is_put = true;
	for (size_t i = 0; i < member->n_self_rows; i++) {
		if (rows[i].grade >= GRADE_EPM)
			member->self->self_proofs[rows[i].grade - GRADE_EPM] += (uint32_t)sign;
	}
}

/* Has it a row that counts for nothing, so that who holds its target may be told? */
static bool tells_of_holders(const struct site_watch *watch)
{
	const struct site_row *rows = site_member_rows(watch->member) + watch->first_row;

	for (size_t i = 0; i < watch->n_rows; i++) {
		if (!rows[i].counts)
			return true;
	}
	return false;
}

static void recount(struct site_index *index, struct site_watch *watch)
{
	if (tells_of_holders(watch))
		site_index_suspect(index, watch->member);
	if (!is_outdated(index, watch))
		return;
	watch->peer->is_recounted = true;
	if (watch->member->fresh)
		contribute(index, watch, -1);
	count_rows(index, watch);
	if (watch->member->fresh)
		contribute(index, watch, 1);
	site_index_suspect(index, watch->member);
}

static void recount_member(struct site_index *index, struct site_member *member)
{
	for (size_t i = 0; i < member->n_watches; i++)
		recount(index, &site_member_watches(member)[i]);
}

/* Whether it is elsewhere is asked only while nobody here carries the name. */
static void set_elsewhere(struct site_index *index, struct site_peer *peer)
{
	bool elsewhere = !peer->members && index->is_elsewhere &&
			 index->is_elsewhere(index->user, peer->name);

	if (elsewhere == peer->elsewhere)
		return;
	peer->elsewhere = elsewhere;
	peer->is_to_recount = true;
	mark(index, peer);
}

static void link_watch(struct site_index *index, struct site_watch *watch)
{
	bool is_new = false;
	struct site_peer *peer = site_table_peer(
		index, site_member_text(watch->member, watch->name), watch->hash, &is_new);

	watch->peer = peer;
	watch->next = peer->watches;
	watch->link = &peer->watches;
	if (peer->watches)
		peer->watches->link = &watch->next;
	peer->watches = watch;
	if (is_new)
		set_elsewhere(index, peer);
}

static void unlink_watch(struct site_index *index, struct site_watch *watch)
{
	mark(index, watch->peer); /* it may be nobody's any more */
	*watch->link = watch->next;
	if (watch->next)
		watch->next->link = watch->link;
}

static void join_name(struct site_index *index, struct site_member *member)
{
	bool is_new = false;
	struct site_peer *peer =
		site_table_peer(index, site_member_name(member), member->name_hash, &is_new);

	if (!peer->members)
		index->n_names++;
	member->self = peer;
	member->next_of_name = peer->members;
	peer->members = member;
	set_elsewhere(index, peer);
}

static void leave_name(struct site_index *index, struct site_member *member)
{
	struct site_peer *peer = member->self;
	struct site_member **at = &peer->members;

	while (*at && *at != member)
		at = &(*at)->next_of_name;
	assert(*at);
	*at = member->next_of_name;
	mark(index, peer);
	if (peer->members)
		return;
	index->n_names--;
	set_elsewhere(index, peer);
}

static void link_member(struct site_index *index, struct site_member *member)
{
	member->next = index->members;
	member->link = &index->members;
	if (index->members)
		index->members->link = &member->next;
	index->members = member;
	join_name(index, member);
	for (size_t i = 0; i < member->n_watches; i++)
		link_watch(index, &site_member_watches(member)[i]);
}

static void unlink_member(struct site_index *index, struct site_member *member)
{
	clear(index, member);
	for (size_t i = 0; i < member->n_watches; i++)
		unlink_watch(index, &site_member_watches(member)[i]);
	leave_name(index, member);
	*member->link = member->next;
	if (member->next)
		member->next->link = member->link;
	member->fresh = member->holds = false;
}

/* Its addresses are held, or no longer: other nodes of the same server look at theirs again. */
static void hold(struct site_index *index, struct site_member *member, bool holds)
{
	for (size_t i = 0; i < member->n_nics; i++) {
		const struct site_nic *nic = &site_member_nics(member)[i];
		const struct ipv4_prefix *addresses = site_nic_addresses(member, nic);
		for (size_t j = 0; nic->enabled && j < nic->n_addresses; j++) {
			if (site_address_usable(&addresses[j]))
				index->is_to_recount |= site_table_hold(index, addresses[j].address,
									member->self, holds);
		}
	}
	index->is_to_recount |= member->self->members && member->self->members->next_of_name;
}

static void begin(struct site_index *index)
{
	index->old_names = index->n_names;
}

/* Is a row of what is said of a peer, nothing where that is NULL, held against that of another? */
static bool is_outdone(const struct site_watch *said, const struct site_member *member,
		       const struct site_row *row)
{
	const struct site_row *rows =
		said ? site_member_rows(said->member) + said->first_row : NULL;

	for (size_t i = 0; said && i < said->n_rows; i++) {
		if (rows[i].counts && site_row_outdoes(said->member, &rows[i], member,
						       (enum grade)row->grade, row->for_s))
			return true;
	}
	return false;
}

/*
 * May a path of a watch fall short of what others say, or cease to, although the best of that is as
 * good as before? It may if what is said now is not held against the same rows as what was said.
 */
static bool may_fall_short(const struct site_peer *peer, int8_t best,
			   const struct site_watch *watch)
{
	const struct site_row *rows = site_member_rows(watch->member) + watch->first_row;

	if (peer->is_recounted)
		return true;
	for (size_t i = 0; i < watch->n_rows; i++) {
		if (rows[i].counts && rows[i].grade < best &&
		    is_outdone(peer->said_then, watch->member, &rows[i]) !=
			    is_outdone(peer->said_now, watch->member, &rows[i]))
			return true;
	}
	return false;
}

/* Who may see something else of this peer now? */
static void settle_peer(struct site_index *index, struct site_peer *peer)
{
	int8_t best = (int8_t)site_best_grade(peer->proofs);
	int8_t self_best = (int8_t)site_best_grade(peer->self_proofs);
	bool changed = best != peer->old_best || self_best != peer->old_self_best;

	for (struct site_watch *w = peer->watches; w; w = w->next) {
		/*
		 * Proofs have moved in time, which matters to paths that they may be held against.
		 */
		if (changed || (w->worst < best && may_fall_short(peer, best, w)) ||
		    (peer->is_put && w->worst < self_best &&
		     (best == GRADE_MAPPED || site_index_is_cut_off(w->member))))
			site_index_suspect(index, w->member);
	}
	/* While all reach it, by how many does not matter. */
	if (peer->inbound == peer->old_inbound ||
	    (peer->inbound_failed == 0 && peer->old_inbound_failed == 0))
		return;
	for (struct site_member *m = peer->members; m; m = m->next_of_name)
		site_index_suspect(index, m);
}

static void recount_marked(struct site_index *index)
{
	for (struct site_member *m = index->members; m && index->is_to_recount; m = m->next)
		recount_member(index, m);
	index->is_to_recount = false;
	/* What is marked meanwhile stands in front, and is nothing to recount. */
	for (struct site_peer *peer = index->marked; peer; peer = peer->next_marked) {
		for (struct site_watch *w = peer->watches; w && peer->is_to_recount; w = w->next)
			recount(index, w);
		peer->is_to_recount = false;
	}
}

/* The end of every change. */
static void settle(struct site_index *index)
{
	recount_marked(index);
	while (index->marked) {
		struct site_peer *peer = index->marked;
		index->marked = peer->next_marked;
		peer->is_marked = false;
		settle_peer(index, peer);
		peer->is_recounted = peer->is_put = false;
		peer->said_then = peer->said_now = NULL;
		if (!peer->members && !peer->watches)
			site_table_drop(index, peer);
	}
	if ((index->old_names >= 2) == (index->n_names >= 2))
		return;
	for (struct site_member *m = index->members; m; m = m->next)
		site_index_suspect(index,
				   m); /* that there is another server at all is part of a view */
}

void site_index_init(struct site_index *index, struct arena *arena)
{
	*index = (struct site_index){ .arena = arena };
}

void site_index_deinit(struct site_index *index)
{
	site_tables_deinit(index);
	*index = (struct site_index){ 0 };
}

void site_index_ask(struct site_index *index, site_is_elsewhere *is_elsewhere, void *user)
{
	index->is_elsewhere = is_elsewhere;
	index->user = user;
	begin(index);
	for (size_t i = 0; i < index->n_buckets; i++) {
		for (struct site_peer *p = index->buckets[i]; p; p = p->next_in_bucket)
			set_elsewhere(index, p);
	}
	settle(index);
}

void site_index_ask_again(struct site_index *index, const char *name)
{
	struct site_peer *peer = site_table_find_peer(index, name, casefold_hash(name));

	if (!peer)
		return;
	begin(index);
	set_elsewhere(index, peer);
	settle(index);
}

void site_index_put(struct site_index *index, struct site_member *member, bool fresh,
		    struct site_member *old)
{
	bool was_fresh = old && old->fresh;
	bool holds_alike = old && old->holds && site_member_holds_alike(old, member);

	begin(index);
	if (was_fresh)
		contribute_all(index, old, -1);
	if (old && old->holds && !holds_alike)
		hold(index, old, false);
	/* The new one comes first, so that a name that both carry is never nobody's. */
	link_member(index, member);
	if (old)
		unlink_member(index, old);
	member->fresh = fresh;
	member->holds = true;
	if (!holds_alike)
		hold(index, member, true);
	for (size_t i = 0; i < member->n_watches; i++)
		count_rows(index, &site_member_watches(member)[i]);
	if (fresh)
		contribute_all(index, member, 1);
	site_index_suspect(index, member);
	settle(index);
}

void site_index_silence(struct site_index *index, struct site_member *member)
{
	if (!member->fresh)
		return;
	begin(index);
	contribute_all(index, member, -1);
	clear(index, member);
	member->fresh = false;
	settle(index);
}

bool site_index_hold(struct site_index *index, struct site_member *member, bool holds)
{
	if (member->holds == holds)
		return false;
	begin(index);
	hold(index, member, holds);
	member->holds = holds;
	settle(index);
	return true;
}

void site_index_remove(struct site_index *index, struct site_member *member)
{
	begin(index);
	if (member->fresh)
		contribute_all(index, member, -1);
	if (member->holds)
		hold(index, member, false);
	unlink_member(index, member);
	settle(index);
}
