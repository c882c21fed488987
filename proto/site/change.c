#include "proto/site/change.h"

#include <assert.h>

#include "proto/site/proof.h"
#include "proto/site/tables.h"

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

struct site_change site_change_begin(struct site_index *index)
{
	struct site_change change = { .index = index, .old_names = index->n_names };

	arena_init(&change.arena);
	return change;
}

/* The change of a peer; notes how the peer is where nothing has changed yet. */
static struct site_peer_change *change_of(struct site_change *change, struct site_peer *peer)
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

void site_peer_rows_link(struct site_peer_rows *on_peer)
{
	struct site_peer *peer = on_peer->peer;
	struct site_peer_rows **first = on_peer->is_lacking ? &peer->lacking : &peer->complete;

	on_peer->next = *first;
	on_peer->link = first;
	if (*first)
		(*first)->link = &on_peer->next;
	*first = on_peer;
}

void site_peer_rows_unlink(struct site_peer_rows *on_peer)
{
	assert(*on_peer->link == on_peer);
	*on_peer->link = on_peer->next;
	if (on_peer->next)
		on_peer->next->link = on_peer->link;
}

void site_peer_rows_replace(struct site_peer_rows *before, struct site_peer_rows *after)
{
	after->peer = before->peer;
	after->is_lacking = before->is_lacking;
	after->next = before->next;
	after->link = before->link;
	*after->link = after;
	if (after->next)
		after->next->link = &after->next;
	before->link = NULL;
}

void site_change_touch(struct site_change *change, struct site_peer *peer)
{
	(void)change_of(change, peer);
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
	bool is_lacking = false;

	for (size_t i = 0; i < on_peer->n_rows; i++) {
		rows[i].counts = row_counts(index, on_peer->member, on_peer->peer, &rows[i]);
		is_lacking |= rows[i].counts && rows[i].grade < GRADE_MTA;
	}
	on_peer->worst = worst_grade(rows, on_peer->n_rows);
	if (is_lacking == on_peer->is_lacking)
		return;
	site_peer_rows_unlink(on_peer);
	on_peer->is_lacking = is_lacking;
	site_peer_rows_link(on_peer);
}

void site_change_count_rows(const struct site_index *index, struct site_member *member)
{
	for (size_t i = 0; i < member->n_peer_rows; i++)
		count_rows(index, &site_member_peer_rows(member)[i]);
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
static void apply_rows(struct site_change *change, struct site_peer_rows *on_peer, int sign)
{
	const struct site_row *rows = site_member_rows(on_peer->member) + on_peer->first_row;

	site_change_touch(change, on_peer->peer);
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

void site_change_apply(struct site_change *change, struct site_member *member, int sign)
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

static void recount(struct site_change *change, struct site_peer_rows *on_peer)
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

static void recount_member(struct site_change *change, struct site_member *member)
{
	for (size_t i = 0; i < member->n_peer_rows; i++)
		recount(change, &site_member_peer_rows(member)[i]);
}

void site_change_ask_elsewhere(struct site_change *change, struct site_peer *peer)
{
	const struct site_index *index = change->index;
	bool elsewhere = !peer->members && index->is_elsewhere &&
			 index->is_elsewhere(index->user, peer->name);

	if (elsewhere == peer->elsewhere)
		return;
	peer->elsewhere = elsewhere;
	change_of(change, peer)->needs_recount = true;
}

/* Does one of `by` (NULL: no rows) disprove the row of `member`? */
static bool is_disproved(const struct site_peer_rows *by, const struct site_member *member,
			 const struct site_row *row)
{
	const struct site_row *rows = by ? site_member_rows(by->member) + by->first_row : NULL;

	for (size_t i = 0; by && i < by->n_rows; i++) {
		if (rows[i].counts && site_row_disproves(by->member, &rows[i], member,
							 (enum grade)row->grade, row->for_s))
			return true;
	}
	return false;
}

/*
 * Where the best grade of a peer's proofs stayed, a path may still begin or cease to fall short:
 * proofs count against paths that were true at the same time, and the changed rows have other
 * times.
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

static bool aim_at(const struct site_peer_rows *on_peer, const struct site_member *member,
		   const struct site_nic *nic)
{
	const struct site_row *rows =
		on_peer ? site_member_rows(on_peer->member) + on_peer->first_row : NULL;

	for (size_t i = 0; on_peer && i < on_peer->n_rows; i++) {
		if (site_row_aims_at(&rows[i], member, nic))
			return true;
	}
	return false;
}

/* Did fresh rows of others than the changed member reach the adapter? */
static bool is_reached_anyway(const struct site_peer_change *peer, const struct site_member *member,
			      const struct site_nic *nic)
{
	for (const struct site_peer_rows *w = site_peer_first_rows(peer->peer); w;
	     w = site_peer_next_rows(w)) {
		const struct site_row *rows = site_member_rows(w->member) + w->first_row;
		bool stays = w != peer->rows_before && w != peer->rows_after && w->member->fresh;
		for (size_t i = 0; stays && i < w->n_rows; i++) {
			if (rows[i].counts && rows[i].grade >= GRADE_EPM &&
			    site_row_aims_at(&rows[i], member, nic))
				return true;
		}
	}
	return false;
}

/* A view tells how many failed only of an adapter that nobody reached. */
static bool inbound_may_differ(const struct site_peer_change *peer,
			       const struct site_member *member)
{
	const struct site_nic *nics = site_member_nics(member);

	if (peer->was_recounted)
		return true;
	for (size_t i = 0; i < member->n_nics; i++) {
		bool may_differ = aim_at(peer->rows_before, member, &nics[i]) ||
				  aim_at(peer->rows_after, member, &nics[i]);
		if (may_differ && !is_reached_anyway(peer, member, &nics[i]))
			return true;
	}
	return false;
}

/* Whoever has rows on a peer whose best grade is another one now. */
static void mark_all_with_rows(struct site_index *index, const struct site_peer *peer)
{
	for (struct site_peer_rows *w = site_peer_first_rows(peer); w; w = site_peer_next_rows(w))
		site_index_mark_dirty(index, w->member);
}

/* Where the best grades stayed: rows that got as far as these fall short of nothing. */
static void mark_who_may_fall_short(struct site_index *index, const struct site_peer_change *before,
				    int8_t best, int8_t self_best)
{
	for (struct site_peer_rows *w = before->peer->lacking; w; w = w->next) {
		if ((w->worst < best && verdict_may_flip(before, best, w)) ||
		    (before->member_changed && w->worst < self_best &&
		     (best == GRADE_MAPPED || site_member_lacks_proofs(w->member))))
			site_index_mark_dirty(index, w->member);
	}
}

/* Marks the members whose view of this peer, or of their own inbound rows, may have changed. */
static void mark_affected(struct site_index *index, const struct site_peer_change *before)
{
	const struct site_peer *peer = before->peer;
	int8_t best = (int8_t)site_best_grade(peer->proofs);
	int8_t self_best = (int8_t)site_best_grade(peer->self_proofs);

	if (!index->is_viewed)
		return; /* everybody is dirty, and who is to be marked takes long to find */
	if (best != before->old_best || self_best != before->old_self_best)
		mark_all_with_rows(index, peer);
	else
		mark_who_may_fall_short(index, before, best, self_best);
	/* A view tells how many failed only while some did. */
	if (peer->inbound == before->old_inbound ||
	    (peer->inbound_failed == 0 && before->old_inbound_failed == 0))
		return;
	for (struct site_member *m = peer->members; m; m = m->next_of_name) {
		if (inbound_may_differ(before, m))
			site_index_mark_dirty(index, m);
	}
}

static void recount_changing(struct site_change *change)
{
	for (struct site_member *m = change->index->members; m && change->needs_recount;
	     m = m->next)
		recount_member(change, m);
	/* Peers that recount() adds come before this one in the list, and need no recount. */
	for (struct site_peer_change *of_peer = change->peers; of_peer; of_peer = of_peer->next) {
		if (!of_peer->needs_recount)
			continue;
		struct site_peer_rows *next = NULL;
		for (struct site_peer_rows *w = site_peer_first_rows(of_peer->peer); w; w = next) {
			next = site_peer_next_rows(w); /* it may move to the others */
			recount(change, w);
		}
	}
}

void site_change_finish(struct site_change *change)
{
	struct site_index *index = change->index;

	recount_changing(change);
	for (struct site_peer_change *of_peer = change->peers; of_peer; of_peer = of_peer->next) {
		struct site_peer *peer = of_peer->peer;
		mark_affected(index, of_peer);
		peer->change = NULL;
		if (!peer->members && !site_peer_first_rows(peer))
			site_table_drop(index, peer);
	}
	arena_deinit(&change->arena);
	if ((change->old_names >= 2) == (index->n_names >= 2))
		return;
	/* A view tells whether the site has another server. */
	for (struct site_member *m = index->members; m; m = m->next)
		site_index_mark_dirty(index, m);
}
