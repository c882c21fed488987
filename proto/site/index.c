#include "proto/site/index.h"

#include <assert.h>
#include <string.h>

#include "proto/base/casefold.h"
#include "proto/site/change.h"
#include "proto/site/tables.h"

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
		index->is_viewed = true;
		member->is_dirty = false;
	}
	return member;
}

static void link_peer_rows(struct site_change *change, struct site_peer_rows *on_peer)
{
	bool is_new = false;
	struct site_peer *peer =
		site_table_peer(change->index, site_member_text(on_peer->member, on_peer->name),
				on_peer->hash, &is_new);

	on_peer->peer = peer;
	site_peer_rows_link(on_peer);
	if (is_new)
		site_change_ask_elsewhere(change, peer);
}

/* The rows of `old` on the same peer; `*next` is where they may be, for both are in order. */
static struct site_peer_rows *find_predecessor(const struct site_member *old,
					       const struct site_peer_rows *on_peer, size_t *next)
{
	const char *name = site_member_text(on_peer->member, on_peer->name);

	while (old && *next < old->n_peer_rows) {
		struct site_peer_rows *found = &site_member_peer_rows(old)[*next];
		const char *found_name = site_member_text(old, found->name);
		bool is_it = found->hash == on_peer->hash && casefold_equal(found_name, name);
		if (!is_it && casefold_compare(found_name, name) > 0)
			return NULL;
		++*next;
		if (is_it)
			return found;
	}
	return NULL;
}

static void unlink_peer_rows(struct site_change *change, struct site_peer_rows *on_peer)
{
	/* site_change_finish() drops a peer that nobody names any more. */
	site_change_touch(change, on_peer->peer);
	site_peer_rows_unlink(on_peer);
}

static void join_name(struct site_change *change, struct site_member *member)
{
	bool is_new = false;
	struct site_peer *peer = site_table_peer(change->index, site_member_name(member),
						 member->name_hash, &is_new);

	if (!peer->members)
		change->index->n_names++;
	member->self = peer;
	member->next_of_name = peer->members;
	peer->members = member;
	site_change_ask_elsewhere(change, peer);
}

static void leave_name(struct site_change *change, struct site_member *member)
{
	struct site_peer *peer = member->self;
	struct site_member **at = &peer->members;

	while (*at && *at != member)
		at = &(*at)->next_of_name;
	assert(*at);
	*at = member->next_of_name;
	site_change_touch(change, peer);
	if (peer->members)
		return;
	assert(change->index->n_names > 0);
	change->index->n_names--;
	site_change_ask_elsewhere(change, peer);
}

/* Rows on a peer of `old`, which is to leave, take the place of these: nothing else is touched. */
static void link_member(struct site_change *change, struct site_member *member,
			const struct site_member *old)
{
	struct site_index *index = change->index;
	size_t next = 0;

	assert(!member->fresh && !member->holds && !member->is_dirty);
	member->next = index->members;
	member->link = &index->members;
	if (index->members)
		index->members->link = &member->next;
	index->members = member;
	join_name(change, member);
	for (size_t i = 0; i < member->n_peer_rows; i++) {
		struct site_peer_rows *on_peer = &site_member_peer_rows(member)[i];
		struct site_peer_rows *before = find_predecessor(old, on_peer, &next);
		if (before)
			site_peer_rows_replace(before, on_peer);
		else
			link_peer_rows(change, on_peer);
	}
}

static void unlink_member(struct site_change *change, struct site_member *member)
{
	unmark_dirty(change->index, member);
	for (size_t i = 0; i < member->n_peer_rows; i++) {
		if (site_member_peer_rows(member)[i].link)
			unlink_peer_rows(change, &site_member_peer_rows(member)[i]);
	}
	leave_name(change, member);
	assert(*member->link == member);
	*member->link = member->next;
	if (member->next)
		member->next->link = member->link;
	member->fresh = member->holds = false;
}

/*
 * Counts the member among the holders of its addresses, or no longer. Other nodes of the same
 * server recount their rows: a row on an own address is void.
 */
static void set_addresses_held(struct site_change *change, struct site_member *member, bool holds)
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
	change->index->revision++;
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
	struct site_change change = site_change_begin(index);
	for (size_t i = 0; i < index->n_buckets; i++) {
		for (struct site_peer *p = index->buckets[i]; p; p = p->next_in_bucket)
			site_change_ask_elsewhere(&change, p);
	}
	site_change_finish(&change);
}

void site_index_ask_again(struct site_index *index, const char *name)
{
	struct site_peer *peer = site_table_find_peer(index, name, casefold_hash(name));

	if (!peer)
		return;
	struct site_change change = site_change_begin(index);
	site_change_ask_elsewhere(&change, peer);
	site_change_finish(&change);
}

void site_index_put(struct site_index *index, struct site_member *member, bool fresh,
		    struct site_member *old)
{
	bool was_fresh = old && old->fresh;
	bool holds_alike = old && old->holds && site_member_holds_alike(old, member);
	bool is_spelled_alike =
		old && strcmp(site_holder_name(old->self), site_member_name(member)) == 0;

	assert(old != member);
	struct site_change change = site_change_begin(index);
	if (was_fresh)
		site_change_apply(&change, old, -1);
	if (old && old->holds && !holds_alike)
		set_addresses_held(&change, old, false);
	/*
	 * The new member joins before the old one leaves: a name of both must not be dropped
	 * between.
	 */
	link_member(&change, member, old);
	if (old)
		unlink_member(&change, old);
	member->fresh = fresh;
	member->holds = true;
	if (!holds_alike)
		set_addresses_held(&change, member, true);
	index->revision += !is_spelled_alike;
	site_change_count_rows(index, member);
	if (fresh)
		site_change_apply(&change, member, 1);
	site_index_mark_dirty(index, member);
	site_change_finish(&change);
}

void site_index_expire(struct site_index *index, struct site_member *member)
{
	if (!member->fresh)
		return;
	struct site_change change = site_change_begin(index);
	site_change_apply(&change, member, -1);
	unmark_dirty(index, member);
	member->fresh = false;
	site_change_finish(&change);
}

bool site_index_hold(struct site_index *index, struct site_member *member, bool holds)
{
	if (member->holds == holds)
		return false;
	struct site_change change = site_change_begin(index);
	set_addresses_held(&change, member, holds);
	member->holds = holds;
	site_change_finish(&change);
	return true;
}

void site_index_remove(struct site_index *index, struct site_member *member)
{
	struct site_change change = site_change_begin(index);
	if (member->fresh)
		site_change_apply(&change, member, -1);
	if (member->holds)
		set_addresses_held(&change, member, false);
	unlink_member(&change, member);
	index->revision++;
	site_change_finish(&change);
}
