#include "proto/site/site.h"

#include <stdlib.h>
#include <string.h>

#include "proto/site/proof.h"
#include "proto/site/tables.h"

bool site_report_is_fresh(const struct report *report, int64_t at_ms, int64_t now_ms)
{
	return now_ms <= site_report_fresh_until(report, at_ms);
}

int64_t site_report_fresh_until(const struct report *report, int64_t at_ms)
{
	return at_ms + SITE_FRESH_INTERVALS * report->interval_s * 1000 - 1;
}

const char *adapter_state_name(enum adapter_state state)
{
	static const char *const names[] = { "inactive", "good",    "unjudged",
					     "borrowed", "partial", "isolated" };
	return names[state];
}

struct view_context {
	const struct site_index *index;
	const struct site_member *member;
	bool no_peer_proven; /* then self-probes stand in for proofs */
};

static bool shares_a_subnet(const struct site_member *member, const struct site_nic *a,
			    const struct site_nic *b)
{
	const struct ipv4_prefix *x = site_nic_addresses(member, a);
	const struct ipv4_prefix *y = site_nic_addresses(member, b);

	for (size_t i = 0; i < a->n_addresses; i++) {
		for (size_t j = 0; site_address_usable(&x[i]) && j < b->n_addresses; j++) {
			if (site_address_usable(&y[j]) && ipv4_prefix_contains(&x[i], y[j].address))
				return true;
		}
	}
	return false;
}

/* Did a success leave through an adapter without an address in `nic`'s subnet? */
static bool left_by_other_adapter(const struct site_member *member, const struct site_nic *nic,
				  const struct site_row *row)
{
	if (row->via == nic->first_of_id)
		return false;
	return row->via == SITE_NO_ADAPTER ||
	       !shares_a_subnet(member, nic, &site_member_nics(member)[row->via]);
}

/* A peer that reached its own MTA lifts what others have proven of it from `mapped` to `mta`. */
static bool self_probe_completes(const struct view_context *view, const struct site_peer *peer)
{
	return !view->no_peer_proven && site_best_grade(peer->proofs) == GRADE_MAPPED &&
	       site_best_grade(peer->self_proofs) == GRADE_MTA;
}

static enum grade proven_grade(const struct view_context *view, const struct site_peer *peer)
{
	if (view->no_peer_proven)
		return site_best_grade(peer->self_proofs);
	return self_probe_completes(view, peer) ? GRADE_MTA : site_best_grade(peer->proofs);
}

static bool any_counts(const struct view_context *view, const struct site_member *of,
		       const struct site_row *rows, size_t n, bool all_count,
		       const struct site_path *path)
{
	for (size_t i = 0; i < n; i++) {
		if ((all_count || rows[i].counts) &&
		    site_row_disproves(of, &rows[i], view->member, path->grade, path->for_s))
			return true;
	}
	return false;
}

static bool falls_short_of_self(const struct view_context *view, const struct site_peer *peer,
				const struct site_path *path)
{
	if (site_best_grade(peer->self_proofs) <= path->grade)
		return false;
	for (const struct site_member *m = peer->members; m; m = m->next_of_name) {
		if (m->fresh &&
		    any_counts(view, m, site_member_self_rows(m), m->n_self_rows, true, path))
			return true;
	}
	return false;
}

static bool falls_short_of_others(const struct view_context *view, const struct site_peer *peer,
				  const struct site_path *path)
{
	if (site_best_grade(peer->proofs) <= path->grade)
		return false;
	for (const struct site_peer_rows *w = site_peer_first_rows(peer); w;
	     w = site_peer_next_rows(w)) {
		const struct site_row *rows = site_member_rows(w->member) + w->first_row;
		if (w->member->fresh && any_counts(view, w->member, rows, w->n_rows, false, path))
			return true;
	}
	return false;
}

static bool falls_short(const struct view_context *view, const struct site_peer *peer,
			const struct site_path *path)
{
	if (view->no_peer_proven)
		return falls_short_of_self(view, peer, path);
	if (falls_short_of_others(view, peer, path))
		return true;
	/*
	 * A peer's probe of itself shows that the MTA lives behind the endpoint that the mapper
	 * names. It disproves only paths that got as far as that name: it says nothing about the
	 * way to the peer.
	 */
	return path->grade == GRADE_MAPPED && self_probe_completes(view, peer) &&
	       falls_short_of_self(view, peer, path);
}

/* Best row: highest grade, then longest duration; an unknown duration counts as infinite. */
static bool is_better(const struct site_row *row, const struct site_path *path)
{
	if (row->grade != path->grade)
		return row->grade > path->grade;
	if (path->for_s == REPORT_ABSENT)
		return false;
	return row->for_s == REPORT_ABSENT || row->for_s > path->for_s;
}

/* Fills in what the rows of `nic` show about one peer. */
static void walk_path(const struct view_context *view, const struct site_nic *nic,
		      const struct site_peer_rows *on_peer, struct site_path *path)
{
	const struct site_row *rows = site_member_rows(view->member) + on_peer->first_row;
	bool succeeded = false;
	bool all_elsewhere = true;

	path->peer = site_member_text(view->member, on_peer->name);
	path->grade = GRADE_UNKNOWN;
	path->for_s = REPORT_ABSENT;
	for (size_t i = 0; i < on_peer->n_rows; i++) {
		const struct site_row *row = &rows[i];
		if (!row->counts || row->adapter != nic->first_of_id)
			continue;
		if (is_better(row, path)) {
			path->grade = (enum grade)row->grade;
			path->for_s = row->for_s;
			path->error = (enum probe_error)row->error;
		}
		if (row->grade >= GRADE_EPM) {
			succeeded = true;
			all_elsewhere &= left_by_other_adapter(view->member, nic, row);
		}
	}
	path->proven = proven_grade(view, on_peer->peer);
	if (path->grade == GRADE_UNKNOWN)
		return;
	path->falls_short = falls_short(view, on_peer->peer, path);
	path->conclusive = path->grade >= GRADE_EPM || path->falls_short;
	path->borrowed = succeeded && all_elsewhere;
}

/*
 * A success that left through an adapter proves its wire, whichever adapter's address it carried.
 */
static bool carried_a_success(const struct site_member *member, const struct site_nic *nic)
{
	const struct site_row *rows = site_member_rows(member);

	for (size_t i = 0; i < member->n_rows; i++) {
		if (rows[i].counts && rows[i].grade >= GRADE_EPM && rows[i].via == nic->first_of_id)
			return true;
	}
	return false;
}

static enum adapter_state state_of_paths(const struct site_adapter *adapter)
{
	bool conclusive = false;
	bool reached = false;
	bool short_of_some = false;
	bool borrowed = false;

	for (size_t i = 0; i < adapter->n_paths; i++) {
		const struct site_path *path = &adapter->paths[i];
		conclusive |= path->conclusive;
		reached |= path->grade >= GRADE_EPM;
		short_of_some |= path->falls_short;
		borrowed |= path->borrowed;
	}
	if (!conclusive)
		return ADAPTER_UNJUDGED;
	if (!reached)
		return ADAPTER_ISOLATED;
	if (short_of_some)
		return ADAPTER_PARTIAL;
	return borrowed ? ADAPTER_BORROWED : ADAPTER_GOOD;
}

/* How many of these rows aimed at an adapter and did, or did not, reach the endpoint mapper? */
static size_t count_aimed(const struct site_peer_rows *on_peer, const struct site_member *member,
			  const struct site_nic *nic, bool reached)
{
	const struct site_row *rows = site_member_rows(on_peer->member) + on_peer->first_row;
	size_t n = 0;

	for (size_t i = 0; on_peer->member->fresh && i < on_peer->n_rows; i++)
		n += rows[i].counts && (rows[i].grade >= GRADE_EPM) == reached &&
		     site_row_aims_at(&rows[i], member, nic);
	return n;
}

static bool is_reached(const struct site_member *member, const struct site_nic *nic)
{
	const struct site_peer_rows *w = site_peer_first_rows(member->self);

	while (w && count_aimed(w, member, nic, true) == 0)
		w = site_peer_next_rows(w);
	return w;
}

static size_t count_inbound_failed(const struct site_member *member, const struct site_nic *nic)
{
	size_t n = 0;

	for (const struct site_peer_rows *w = member->self->lacking; w; w = w->next)
		n += count_aimed(w, member, nic, false);
	return n > 0 && is_reached(member, nic) ? 0 : n;
}

static bool is_own_address(const struct view_context *view, uint32_t address)
{
	return site_member_has_address(view->member, address) ||
	       site_table_is_held_by(view->index, address, view->member->self);
}

static void add_void(const struct view_context *view, struct site_adapter *adapter,
		     uint32_t address)
{
	for (size_t i = 0; i < adapter->n_voids; i++) {
		if (adapter->voids[i].address == address)
			return;
	}
	struct site_void *added = &adapter->voids[adapter->n_voids++];
	added->address = address;
	added->own = is_own_address(view, address);
	site_index_holders(view->index, address, &added->holders);
}

/* Lists the targets of the adapter's void rows. */
static void list_voids(const struct view_context *view, const struct site_nic *nic,
		       struct site_adapter *adapter, struct arena *arena)
{
	const struct site_peer_rows *peer_rows = site_member_peer_rows(view->member);
	const struct site_row *rows = site_member_rows(view->member);

	adapter->voids = arena_alloc_array(arena, view->member->n_rows, sizeof *adapter->voids);
	for (size_t i = 0; i < view->member->n_peer_rows; i++) {
		for (size_t j = 0; !peer_rows[i].peer->elsewhere && j < peer_rows[i].n_rows; j++) {
			const struct site_row *row = &rows[peer_rows[i].first_row + j];
			if (!row->counts && row->adapter == nic->first_of_id)
				add_void(view, adapter, row->to);
		}
	}
}

static void judge_adapter(const struct view_context *view, const struct site_nic *nic,
			  struct site_adapter *adapter, size_t n_peers, struct arena *arena)
{
	const struct site_peer_rows *peer_rows = site_member_peer_rows(view->member);

	adapter->id = site_member_text(view->member, nic->id);
	adapter->paths = arena_alloc_array(arena, n_peers, sizeof *adapter->paths);
	for (size_t i = 0; i < view->member->n_peer_rows; i++) {
		if (site_peer_rows_count(&peer_rows[i]))
			walk_path(view, nic, &peer_rows[i], &adapter->paths[adapter->n_paths++]);
	}
	adapter->n_inbound_failed = count_inbound_failed(view->member, nic);
	if (!nic->active) {
		adapter->state = ADAPTER_INACTIVE;
	} else if (nic->link_down && !carried_a_success(view->member, nic)) {
		adapter->state = ADAPTER_ISOLATED;
		adapter->link_down_isolates = true;
	} else {
		adapter->state = state_of_paths(adapter);
	}
	if (adapter->state == ADAPTER_UNJUDGED)
		list_voids(view, nic, adapter, arena);
}

static bool has_conclusive_peer(const struct site_adapter *adapter)
{
	for (size_t i = 0; i < adapter->n_paths; i++) {
		if (adapter->paths[i].conclusive)
			return true;
	}
	return false;
}

static size_t count_probed(const struct site_member *member)
{
	size_t n = 0;
	for (size_t i = 0; i < member->n_peer_rows; i++)
		n += site_peer_rows_count(&site_member_peer_rows(member)[i]);
	return n;
}

void site_view_attach(struct site_server *server, const struct report *report)
{
	server->report = report;
	for (size_t i = 0; i < server->n_adapters; i++)
		server->adapters[i].facts = &report->adapters[i];
}

void site_view_member(const struct site_index *index, const struct site_member *member,
		      const struct report *report, struct site_server *out, struct arena *arena)
{
	struct view_context view = { index, member, site_member_lacks_proofs(member) };
	size_t n_peers = count_probed(member);

	*out = (struct site_server){
		.at_ms = member->at_ms,
		.fresh = member->fresh,
		.name = site_member_name(member),
		.adapters = arena_alloc_array(arena, member->n_nics, sizeof *out->adapters),
		.n_adapters = member->n_nics,
		.has_peer = n_peers > 0 || index->n_names > 1,
	};
	for (size_t i = 0; i < member->n_nics; i++) {
		struct site_adapter *adapter = &out->adapters[i];
		judge_adapter(&view, &site_member_nics(member)[i], adapter, n_peers, arena);
		if (adapter->state == ADAPTER_INACTIVE)
			continue;
		out->n_active++;
		out->has_conclusive_peer |= has_conclusive_peer(adapter);
	}
	if (report)
		site_view_attach(out, report);
}

static uint64_t add_to_signature(uint64_t signature, uint64_t value)
{
	signature = (signature ^ value) * UINT64_C(0x9e3779b97f4a7c15);
	return signature ^ signature >> 29;
}

static uint64_t sign_path(uint64_t signature, const struct site_path *path)
{
	uint64_t flags = (uint64_t)path->falls_short | (uint64_t)path->conclusive << 1 |
			 (uint64_t)path->borrowed << 2;

	flags = flags << 8 | (uint8_t)path->grade;
	flags = flags << 8 | (uint8_t)path->proven;
	flags = flags << 8 | (uint8_t)path->error;
	return add_to_signature(add_to_signature(signature, flags), (uint64_t)path->for_s);
}

static uint64_t sign_void(uint64_t signature, const struct site_void *target)
{
	signature = add_to_signature(signature, (uint64_t)target->address << 1 | target->own);
	for (size_t i = 0; i < target->holders.n && i < SITE_NAMED_HOLDERS; i++)
		signature = add_to_signature(signature, target->holders.first[i]->hash);
	return add_to_signature(signature, target->holders.n);
}

uint64_t site_view_signature(const struct site_server *server)
{
	uint64_t signature = server->n_adapters;

	signature = add_to_signature(signature, server->has_peer);
	for (size_t i = 0; i < server->n_adapters; i++) {
		const struct site_adapter *adapter = &server->adapters[i];
		signature = add_to_signature(signature, adapter->state);
		signature = add_to_signature(signature, adapter->link_down_isolates);
		signature = add_to_signature(signature, adapter->n_inbound_failed);
		signature = add_to_signature(signature, adapter->n_paths);
		for (size_t j = 0; j < adapter->n_paths; j++)
			signature = sign_path(signature, &adapter->paths[j]);
		for (size_t j = 0; j < adapter->n_voids; j++)
			signature = sign_void(signature, &adapter->voids[j]);
	}
	return signature;
}

void site_view(struct site *out, const struct site_report *reports, size_t n, int64_t now_ms,
	       site_is_elsewhere *is_elsewhere, void *user, struct arena *arena)
{
	struct site_member **members = arena_alloc_array(arena, n, sizeof(struct site_member *));

	*out = (struct site){ .reports = reports, .n = n, .now_ms = now_ms };
	out->servers = arena_alloc_array(arena, n, sizeof *out->servers);
	site_index_init(&out->index, arena);
	for (size_t i = 0; i < n; i++) {
		members[i] = site_member_new(reports[i].report, reports[i].at_ms, arena);
		site_index_put(&out->index, members[i],
			       site_report_is_fresh(reports[i].report, reports[i].at_ms, now_ms),
			       NULL);
		site_index_hold(&out->index, members[i], !reports[i].is_renamed);
	}
	site_index_ask(&out->index, is_elsewhere, user);
	for (size_t i = 0; i < n; i++)
		site_view_member(&out->index, members[i], reports[i].report, &out->servers[i],
				 arena);
}
