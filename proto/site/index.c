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

bool site_row_disproves(const struct site_member *of, const struct site_row *row,
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

bool site_peer_rows_count(const struct site_peer_rows *on_peer)
{
	const struct site_row *rows = site_member_rows(on_peer->member) + on_peer->first_row;

	for (size_t i = 0; i < on_peer->n_rows; i++) {
		if (rows[i].counts)
			return true;
	}
	return false;
}

bool site_index_lacks_proofs(const struct site_member *member)
{
	const struct site_peer_rows *peer_rows = site_member_peer_rows(member);

	for (size_t i = 0; i < member->n_peer_rows; i++) {
		if (site_peer_rows_count(&peer_rows[i]) &&
		    site_best_grade(peer_rows[i].peer->proofs) != GRADE_UNKNOWN)
			return false;
	}
	return true;
}

/* How a peer was before a change, and the changed member's rows on it. */
struct site_peer_change {
	struct site_peer_change *next;
	struct site_peer *peer;
	bool needs_recount;
	bool was_recounted;  /* rows of other members than the changed one, too */
	bool member_changed; /* the changed member carries this name */
	const struct site_peer_rows *rows_before; /* NULL: none */
	const struct site_peer_rows *rows_after;
	int8_t old_best;
	int8_t old_self_best;
	uint64_t old_inbound;
	uint32_t old_inbound_failed;
};

/* A change of the index, for as long as a call takes. */
struct change {
	struct site_index *index;
	struct site_peer_change *peers; /* the latest first */
	bool needs_recount;             /* an address has got, or lost, an ambiguous holder */
	size_t old_names;
	struct arena arena;
};

/* The change of a peer; notes how the peer is where nothing has changed yet. */
static struct site_peer_change *change_of(struct change *change, struct site_peer *peer)
{
	struct site_peer_change *of_peer = peer->change;

	if (of_peer)
		return of_peer;
	of_peer = arena_alloc(&change->arena, sizeof *of_peer);
	*of_peer = (struct site_peer_change){
		.next = change->peers,
		.peer = peer,
		.old_best = (int8_t)site_best_grade(peer->proofs),
		.old_self_best = (int8_t)site_best_grade(peer->self_proofs),
		.old_inbound = peer->inbound,
		.old_inbound_failed = peer->inbound_failed,
	};
	change->peers = of_peer;
	peer->change = of_peer;
	return of_peer;
}

void site_index_mark_dirty(struct site_index *index, struct site_member *member)
{
	if (member->is_dirty || !member->fresh)
		return;
	member->is_dirty = true;
	member->next_dirty = index->dirty;
	index->dirty = member;
}

static void unmark_dirty(struct site_index *index, struct site_member *member)
{
	struct site_member **at = &index->dirty;

	if (!member->is_dirty)
		return;
	while (*at && *at != member)
		at = &(*at)->next_dirty;
	assert(*at);
	*at = member->next_dirty;
	member->is_dirty = false;
}

struct site_member *site_index_next_dirty(struct site_index *index)
{
	struct site_member *member = index->dirty;

	if (member) {
		assert(member->is_dirty && member->fresh);
		index->dirty = member->next_dirty;
		member->is_dirty = false;
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

/* The lowest of the adapters' best grades. Rows of no adapter of the report do not count. */
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

static void count_rows(const struct site_index *index, struct site_peer_rows *on_peer)
{
	struct site_row *rows = site_member_rows(on_peer->member) + on_peer->first_row;

	for (size_t i = 0; i < on_peer->n_rows; i++)
		rows[i].counts = row_counts(index, on_peer->member, on_peer->peer, &rows[i]);
	on_peer->worst = worst_grade(rows, on_peer->n_rows);
}

/* Do other rows count now than when they were counted? */
static bool is_outdated(const struct site_index *index, const struct site_peer_rows *on_peer)
{
	const struct site_row *rows = site_member_rows(on_peer->member) + on_peer->first_row;

	for (size_t i = 0; i < on_peer->n_rows; i++) {
		if (rows[i].counts != row_counts(index, on_peer->member, on_peer->peer, &rows[i]))
			return true;
	}
	return false;
}

/* Hash of what a row says of an address. The sum over rows changes when what they say does. */
static uint64_t inbound_of(const struct site_row *row)
{
	uint64_t x = (uint64_t)row->to << 1 | (row->grade >= GRADE_EPM);

	x *= UINT64_C(0x9e3779b97f4a7c15); /* spread, as in splitmix64 */
	x ^= x >> 30;
	return x * UINT64_C(0xbf58476d1ce4e5b9);
}

/* Are the counts of a peer as high as a row asks that is taken away? */
static bool has_counted(const struct site_peer *peer, const struct site_row *row)
{
	if (row->grade >= GRADE_EPM)
		return peer->proofs[row->grade - GRADE_EPM] > 0;
	return !row->has_to || peer->inbound_failed > 0;
}

/* Adds rows to the proofs of their peer (`sign` 1), or takes them away (-1). */
static void apply_rows(struct change *change, struct site_peer_rows *on_peer, int sign)
{
	const struct site_row *rows = site_member_rows(on_peer->member) + on_peer->first_row;

	(void)change_of(change, on_peer->peer);
	for (size_t i = 0; i < on_peer->n_rows; i++) {
		if (!rows[i].counts)
			continue;
		assert(sign > 0 || has_counted(on_peer->peer, &rows[i]));
		if (rows[i].grade >= GRADE_EPM)
			on_peer->peer->proofs[rows[i].grade - GRADE_EPM] += (uint32_t)sign;
		if (rows[i].has_to)
			on_peer->peer->inbound += (uint64_t)sign * inbound_of(&rows[i]);
		if (rows[i].has_to && rows[i].grade < GRADE_EPM)
			on_peer->peer->inbound_failed += (uint32_t)sign;
	}
}

/* Adds all that a fresh member says, or takes it away. */
static void apply_member(struct change *change, struct site_member *member, int sign)
{
	const struct site_row *rows = site_member_self_rows(member);

	for (size_t i = 0; i < member->n_peer_rows; i++) {
		struct site_peer_rows *on_peer = &site_member_peer_rows(member)[i];
		apply_rows(change, on_peer, sign);
		if (sign < 0)
			on_peer->peer->change->rows_before = on_peer;
		else
			on_peer->peer->change->rows_after = on_peer;
	}
	change_of(change, member->self)->member_changed = true;
	for (size_t i = 0; i < member->n_self_rows; i++) {
		if (rows[i].grade < GRADE_EPM)
			continue;
		uint32_t *proofs = &member->self->self_proofs[rows[i].grade - GRADE_EPM];
		assert(sign > 0 || *proofs > 0);
		*proofs += (uint32_t)sign;
	}
}

/* A view names the holders of a void row's target, and so changes with them. */
static bool has_void_row(const struct site_peer_rows *on_peer)
{
	const struct site_row *rows = site_member_rows(on_peer->member) + on_peer->first_row;

	for (size_t i = 0; i < on_peer->n_rows; i++) {
		if (!rows[i].counts)
			return true;
	}
	return false;
}

static void recount(struct change *change, struct site_peer_rows *on_peer)
{
	if (has_void_row(on_peer))
		site_index_mark_dirty(change->index, on_peer->member);
	if (!is_outdated(change->index, on_peer))
		return;
	change_of(change, on_peer->peer)->was_recounted = true;
	if (on_peer->member->fresh)
		apply_rows(change, on_peer, -1);
	count_rows(change->index, on_peer);
	if (on_peer->member->fresh)
		apply_rows(change, on_peer, 1);
	site_index_mark_dirty(change->index, on_peer->member);
}

static void recount_member(struct change *change, struct site_member *member)
{
	for (size_t i = 0; i < member->n_peer_rows; i++)
		recount(change, &site_member_peer_rows(member)[i]);
}

/* A name that a member here carries is not asked about. */
static void set_elsewhere(struct change *change, struct site_peer *peer)
{
	const struct site_index *index = change->index;
	bool elsewhere = !peer->members && index->is_elsewhere &&
			 index->is_elsewhere(index->user, peer->name);

	if (elsewhere == peer->elsewhere)
		return;
	peer->elsewhere = elsewhere;
	change_of(change, peer)->needs_recount = true;
}

static void link_peer_rows(struct change *change, struct site_peer_rows *on_peer)
{
	bool is_new = false;
	struct site_peer *peer =
		site_table_peer(change->index, site_member_text(on_peer->member, on_peer->name),
				on_peer->hash, &is_new);

	on_peer->peer = peer;
	on_peer->next = peer->peer_rows;
	on_peer->link = &peer->peer_rows;
	if (peer->peer_rows)
		peer->peer_rows->link = &on_peer->next;
	peer->peer_rows = on_peer;
	if (is_new)
		set_elsewhere(change, peer);
}

static void unlink_peer_rows(struct change *change, struct site_peer_rows *on_peer)
{
	/* finish_change() drops a peer that nobody names any more. */
	(void)change_of(change, on_peer->peer);
	assert(*on_peer->link == on_peer);
	*on_peer->link = on_peer->next;
	if (on_peer->next)
		on_peer->next->link = on_peer->link;
}

static void join_name(struct change *change, struct site_member *member)
{
	bool is_new = false;
	struct site_peer *peer = site_table_peer(change->index, site_member_name(member),
						 member->name_hash, &is_new);

	if (!peer->members)
		change->index->n_names++;
	member->self = peer;
	member->next_of_name = peer->members;
	peer->members = member;
	set_elsewhere(change, peer);
}

static void leave_name(struct change *change, struct site_member *member)
{
	struct site_peer *peer = member->self;
	struct site_member **at = &peer->members;

	while (*at && *at != member)
		at = &(*at)->next_of_name;
	assert(*at);
	*at = member->next_of_name;
	(void)change_of(change, peer);
	if (peer->members)
		return;
	assert(change->index->n_names > 0);
	change->index->n_names--;
	set_elsewhere(change, peer);
}

static void link_member(struct change *change, struct site_member *member)
{
	struct site_index *index = change->index;

	assert(!member->fresh && !member->holds && !member->is_dirty);
	member->next = index->members;
	member->link = &index->members;
	if (index->members)
		index->members->link = &member->next;
	index->members = member;
	join_name(change, member);
	for (size_t i = 0; i < member->n_peer_rows; i++)
		link_peer_rows(change, &site_member_peer_rows(member)[i]);
}

static void unlink_member(struct change *change, struct site_member *member)
{
	unmark_dirty(change->index, member);
	for (size_t i = 0; i < member->n_peer_rows; i++)
		unlink_peer_rows(change, &site_member_peer_rows(member)[i]);
	leave_name(change, member);
	assert(*member->link == member);
	*member->link = member->next;
	if (member->next)
		member->next->link = member->link;
	member->fresh = member->holds = false;
}

/*
 * Counts the member among the holders of its addresses, or no longer. Other nodes of the same server
 * recount their rows: a row on an own address is void.
 */
static void set_addresses_held(struct change *change, struct site_member *member, bool holds)
{
	for (size_t i = 0; i < member->n_nics; i++) {
		const struct site_nic *nic = &site_member_nics(member)[i];
		const struct ipv4_prefix *addresses = site_nic_addresses(member, nic);
		for (size_t j = 0; nic->enabled && j < nic->n_addresses; j++) {
			if (site_address_usable(&addresses[j]))
				change->needs_recount |= site_table_hold(
					change->index, addresses[j].address, member->self, holds);
		}
	}
	change->needs_recount |= member->self->members && member->self->members->next_of_name;
}

static struct change begin_change(struct site_index *index)
{
	struct change change = { .index = index, .old_names = index->n_names };

	arena_init(&change.arena);
	return change;
}

/* Does one of `said` (NULL: no rows) disprove the row of `member`? */
static bool is_disproved(const struct site_peer_rows *said, const struct site_member *member,
			 const struct site_row *row)
{
	const struct site_row *rows =
		said ? site_member_rows(said->member) + said->first_row : NULL;

	for (size_t i = 0; said && i < said->n_rows; i++) {
		if (rows[i].counts && site_row_disproves(said->member, &rows[i], member,
							 (enum grade)row->grade, row->for_s))
			return true;
	}
	return false;
}

/*
 * Where the best grade of a peer's proofs stayed, a path may still begin or cease to fall short: proofs
 * count against paths that were true at the same time, and the changed rows have other times.
 */
static bool verdict_may_flip(const struct site_peer_change *peer, int8_t best,
			     const struct site_peer_rows *on_peer)
{
	const struct site_row *rows = site_member_rows(on_peer->member) + on_peer->first_row;

	if (peer->was_recounted)
		return true;
	for (size_t i = 0; i < on_peer->n_rows; i++) {
		if (rows[i].counts && rows[i].grade < best &&
		    is_disproved(peer->rows_before, on_peer->member, &rows[i]) !=
			    is_disproved(peer->rows_after, on_peer->member, &rows[i]))
			return true;
	}
	return false;
}

/* Marks the members whose view of this peer, or of their own inbound rows, may have changed. */
static void mark_affected(struct site_index *index, const struct site_peer_change *before)
{
	const struct site_peer *peer = before->peer;
	int8_t best = (int8_t)site_best_grade(peer->proofs);
	int8_t self_best = (int8_t)site_best_grade(peer->self_proofs);
	bool changed = best != before->old_best || self_best != before->old_self_best;

	for (struct site_peer_rows *w = peer->peer_rows; w; w = w->next) {
		if (changed || (w->worst < best && verdict_may_flip(before, best, w)) ||
		    (before->member_changed && w->worst < self_best &&
		     (best == GRADE_MAPPED || site_index_lacks_proofs(w->member))))
			site_index_mark_dirty(index, w->member);
	}
	/* A view tells how many failed only while some did. */
	if (peer->inbound == before->old_inbound ||
	    (peer->inbound_failed == 0 && before->old_inbound_failed == 0))
		return;
	for (struct site_member *m = peer->members; m; m = m->next_of_name)
		site_index_mark_dirty(index, m);
}

static void recount_changing(struct change *change)
{
	for (struct site_member *m = change->index->members; m && change->needs_recount;
	     m = m->next)
		recount_member(change, m);
	/* Peers that recount() adds come before this one in the list, and need no recount. */
	for (struct site_peer_change *of_peer = change->peers; of_peer; of_peer = of_peer->next) {
		if (!of_peer->needs_recount)
			continue;
		for (struct site_peer_rows *w = of_peer->peer->peer_rows; w; w = w->next)
			recount(change, w);
	}
}

static void finish_change(struct change *change)
{
	struct site_index *index = change->index;

	recount_changing(change);
	for (struct site_peer_change *of_peer = change->peers; of_peer; of_peer = of_peer->next) {
		struct site_peer *peer = of_peer->peer;
		mark_affected(index, of_peer);
		peer->change = NULL;
		if (!peer->members && !peer->peer_rows)
			site_table_drop(index, peer);
	}
	arena_deinit(&change->arena);
	if ((change->old_names >= 2) == (index->n_names >= 2))
		return;
	/* A view tells whether the site has another server. */
	for (struct site_member *m = index->members; m; m = m->next)
		site_index_mark_dirty(index, m);
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
	struct change change = begin_change(index);
	for (size_t i = 0; i < index->n_buckets; i++) {
		for (struct site_peer *p = index->buckets[i]; p; p = p->next_in_bucket)
			set_elsewhere(&change, p);
	}
	finish_change(&change);
}

void site_index_ask_again(struct site_index *index, const char *name)
{
	struct site_peer *peer = site_table_find_peer(index, name, casefold_hash(name));

	if (!peer)
		return;
	struct change change = begin_change(index);
	set_elsewhere(&change, peer);
	finish_change(&change);
}

void site_index_put(struct site_index *index, struct site_member *member, bool fresh,
		    struct site_member *old)
{
	bool was_fresh = old && old->fresh;
	bool holds_alike = old && old->holds && site_member_holds_alike(old, member);

	assert(old != member);
	struct change change = begin_change(index);
	if (was_fresh)
		apply_member(&change, old, -1);
	if (old && old->holds && !holds_alike)
		set_addresses_held(&change, old, false);
	/* The new member joins before the old one leaves: a name of both must not be dropped between. */
	link_member(&change, member);
	if (old)
		unlink_member(&change, old);
	member->fresh = fresh;
	member->holds = true;
	if (!holds_alike)
		set_addresses_held(&change, member, true);
	for (size_t i = 0; i < member->n_peer_rows; i++)
		count_rows(index, &site_member_peer_rows(member)[i]);
	if (fresh)
		apply_member(&change, member, 1);
	site_index_mark_dirty(index, member);
	finish_change(&change);
}

void site_index_expire(struct site_index *index, struct site_member *member)
{
	if (!member->fresh)
		return;
	struct change change = begin_change(index);
	apply_member(&change, member, -1);
	unmark_dirty(index, member);
	member->fresh = false;
	finish_change(&change);
}

bool site_index_hold(struct site_index *index, struct site_member *member, bool holds)
{
	if (member->holds == holds)
		return false;
	struct change change = begin_change(index);
	set_addresses_held(&change, member, holds);
	member->holds = holds;
	finish_change(&change);
	return true;
}

void site_index_remove(struct site_index *index, struct site_member *member)
{
	struct change change = begin_change(index);
	if (member->fresh)
		apply_member(&change, member, -1);
	if (member->holds)
		set_addresses_held(&change, member, false);
	unlink_member(&change, member);
	finish_change(&change);
}
