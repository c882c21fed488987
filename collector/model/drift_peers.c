#include "collector/model/drift.h"

#include <string.h>

#include "collector/model/drift_internal.h"
#include "proto/base/casefold.h"

static bool has_name(const struct drift_texts *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++) {
		if (casefold_equal(names->at[i], name))
			return true;
	}
	return false;
}

/* How far an adapter got with a peer; GRADE_UNKNOWN: it was not probed. */
static enum grade reached(const struct site_member *member, const struct site_peer_rows *peer,
			  size_t nic)
{
	const struct site_row *rows = site_member_rows(member) + peer->first_row;
	enum grade best = GRADE_UNKNOWN;

	for (size_t i = 0; i < peer->n_rows; i++) {
		if (rows[i].adapter == nic && (int)rows[i].grade > (int)best)
			best = (enum grade)rows[i].grade;
	}
	return best;
}

/* The number of the first active adapter of that id, or SITE_NO_ADAPTER. */
static size_t find_nic(const struct site_member *member, const char *id)
{
	const struct site_nic *nics = site_member_nics(member);

	for (size_t i = 0; i < member->n_nics; i++) {
		if (nics[i].active && strcmp(site_member_text(member, nics[i].id), id) == 0)
			return nics[i].first_of_id;
	}
	return SITE_NO_ADAPTER;
}

/* The peers that `id` reached, by the report before or in an entry, and does not reach now. */
static struct drift_texts find_lost(const struct site_member *before,
				    const struct site_member *after, const char *id,
				    const struct drift_texts *lost, struct arena *arena)
{
	const struct site_peer_rows *then = site_member_peer_rows(before);
	const struct site_peer_rows *end = then + before->n_peer_rows;
	const struct site_peer_rows *now = site_member_peer_rows(after);
	struct drift_texts out = { arena_alloc_array(arena, DRIFT_MAX_TEXTS, sizeof *out.at), 0 };
	size_t nic_then = find_nic(before, id);
	size_t nic_now = find_nic(after, id);

	for (size_t i = 0; i < after->n_peer_rows && out.n < DRIFT_MAX_TEXTS; i++, now++) {
		const char *name = site_member_text(after, now->name);
		enum grade is = reached(after, now, nic_now);
		if (is == GRADE_UNKNOWN || is >= GRADE_EPM)
			continue;
		/* Both lists are ordered by name. */
		while (then < end &&
		       casefold_compare(site_member_text(before, then->name), name) < 0)
			then++;
		bool was_there =
			then < end && casefold_equal(site_member_text(before, then->name), name);
		if (has_name(lost, name) ||
		    (was_there && reached(before, then, nic_then) >= GRADE_EPM))
			out.at[out.n++] = name;
	}
	return out;
}

bool drift_may_have_lost_peers(const struct site_member *after)
{
	const struct site_peer_rows *peers = site_member_peer_rows(after);

	for (size_t i = 0; i < after->n_peer_rows; i++) {
		if (peers[i].worst < GRADE_EPM)
			return true;
	}
	return false;
}

static void follow_nic(struct drift *drift, const struct site_member *before,
		       const struct site_member *after, const char *id)
{
	struct drift_entry *entry = drift_find_entry(drift, DRIFT_LOST_PEERS, id);
	struct drift_texts lost = find_lost(before, after, id,
					    entry ? &entry->before : &drift_no_texts, drift->arena);

	if (lost.n == 0 && entry)
		drift_remove_entry(drift, entry);
	else if (lost.n > 0 && entry)
		entry->before = drift_copy_texts(&lost, drift->arena);
	else if (lost.n > 0)
		drift_add_entry(drift, DRIFT_LOST_PEERS, id, &lost, &drift_no_texts, after->at_ms);
}

/* Entries of adapters that are not active any more, of which nothing is expected. */
static void forget_inactive(struct drift *drift, const struct site_member *after)
{
	for (size_t i = drift->n; i-- > 0;) {
		struct drift_entry *entry = &drift->entries[i];
		if (entry->kind == DRIFT_LOST_PEERS &&
		    find_nic(after, entry->of) == SITE_NO_ADAPTER)
			drift_remove_entry(drift, entry);
	}
}

void drift_follow_peers(struct drift *drift, const struct site_member *before,
			const struct site_member *after)
{
	const struct site_nic *nics = site_member_nics(after);

	forget_inactive(drift, after);
	for (size_t i = 0; i < after->n_nics; i++) {
		if (nics[i].active && nics[i].first_of_id == i)
			follow_nic(drift, before, after, site_member_text(after, nics[i].id));
	}
}

static const struct site_adapter *find_seen(const struct site_server *seen, const char *id)
{
	for (size_t i = 0; i < seen->n_adapters; i++) {
		if (strcmp(seen->adapters[i].id, id) == 0)
			return &seen->adapters[i];
	}
	return NULL;
}

static struct drift_texts find_reached_by_others(const struct drift_entry *entry,
						 const struct site_adapter *adapter,
						 struct arena *arena)
{
	struct drift_texts out = { arena_alloc_array(arena, entry->before.n + 1, sizeof *out.at),
				   0 };

	for (size_t i = 0; adapter && i < adapter->n_paths; i++) {
		const struct site_path *path = &adapter->paths[i];
		if (path->falls_short && has_name(&entry->before, path->peer))
			out.at[out.n++] = arena_strdup(arena, path->peer);
	}
	return out;
}

bool drift_look(struct drift *drift, const struct site_server *seen)
{
	bool changes = false;

	for (size_t i = 0; i < drift->n; i++) {
		struct drift_entry *entry = &drift->entries[i];
		if (entry->kind != DRIFT_LOST_PEERS)
			continue;
		bool lasts = seen->at_ms - entry->at_ms >= DRIFT_PEERS_MS;
		bool was_mark = entry->after.n > 0;
		entry->after = lasts ? find_reached_by_others(entry, find_seen(seen, entry->of),
							      drift->arena)
				     : drift_no_texts;
		changes |= was_mark || entry->after.n > 0;
	}
	return changes;
}
