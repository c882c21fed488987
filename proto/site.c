#include "proto/site.h"

#include <stdlib.h>
#include <string.h>

#include "proto/site_index.h"
#include "proto/text.h"

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

static bool is_active(const struct report_adapter *adapter)
{
	struct ipv4_prefix address;

	if (adapter->enabled == TRISTATE_NO)
		return false;
	for (size_t i = 0; i < adapter->n_addresses; i++) {
		if (site_address_usable(adapter->addresses[i], &address))
			return true;
	}
	return false;
}

static const char *via_of(const struct report_probe *row)
{
	return row->via ? row->via : row->adapter;
}

static bool is_row_of(const struct report_probe *row, const struct report_adapter *adapter)
{
	return row->adapter && strcmp(row->adapter, adapter->id) == 0;
}

static bool shares_a_subnet(const struct report_adapter *a, const struct report_adapter *b)
{
	for (size_t i = 0; i < a->n_addresses; i++) {
		struct ipv4_prefix subnet;
		if (!site_address_usable(a->addresses[i], &subnet))
			continue;
		for (size_t j = 0; j < b->n_addresses; j++) {
			struct ipv4_prefix other;
			if (site_address_usable(b->addresses[j], &other) &&
			    ipv4_prefix_holds(&subnet, other.address))
				return true;
		}
	}
	return false;
}

/* Did this success leave through an adapter that has no address in `adapter`'s subnet? */
static bool went_through_elsewhere(const struct report *report,
				   const struct report_adapter *adapter,
				   const struct report_probe *row)
{
	const char *via = via_of(row);

	if (strcmp(via, adapter->id) == 0)
		return false;
	for (size_t i = 0; i < report->n_adapters; i++) {
		if (strcmp(report->adapters[i].id, via) == 0)
			return !shares_a_subnet(adapter, &report->adapters[i]);
	}
	return true;
}

/* One server's view of the index while it is made. */
struct question {
	const struct site_index *index;
	const struct report *report;
	size_t number; /* of the report in the site */
	int64_t at_ms;
	const struct site_peer **row_peers; /* per row of the report: its peer, NULL: it is void */
	bool cut_off; /* no peer that it probed has a proof: self-probes stand in for them */
};

static void find_row_peers(struct question *q, struct arena *arena)
{
	q->row_peers = arena_alloc_array(arena, q->report->n_probes, sizeof(struct site_peer *));
	q->cut_off = true;
	for (size_t i = 0; i < q->report->n_probes; i++) {
		const struct report_probe *row = &q->report->probes[i];
		if (!site_index_row_counts(q->index, q->report, row))
			continue;
		q->row_peers[i] = site_index_find(q->index, row->peer);
		if (q->row_peers[i]->has_proof)
			q->cut_off = false;
	}
}

/* The best grade that these rows prove, GRADE_UNKNOWN where none proves any. */
static enum grade best_grade(const struct site_row *rows, size_t n)
{
	enum grade best = GRADE_UNKNOWN;
	for (size_t i = 0; i < n; i++) {
		if (site_row_is_proof(&rows[i]) && rows[i].facts->grade > best)
			best = rows[i].facts->grade;
	}
	return best;
}

/* Does the peer's own probe of itself lift a proven `mapped` to `mta`? */
static bool is_lifted(const struct question *q, const struct site_peer *peer)
{
	return !q->cut_off && best_grade(peer->rows, peer->n_rows) == GRADE_MAPPED &&
	       best_grade(peer->self_rows, peer->n_self_rows) == GRADE_MTA;
}

static enum grade proven_grade(const struct question *q, const struct site_peer *peer)
{
	if (q->cut_off)
		return best_grade(peer->self_rows, peer->n_self_rows);
	return is_lifted(q, peer) ? GRADE_MTA : best_grade(peer->rows, peer->n_rows);
}

/* May this proof be held against a path of the asking server: were both true at one moment? */
static bool proof_counts(const struct question *q, const struct site_row *proof,
			 const struct site_path *path)
{
	struct site_stretch stretch = site_stretch_of(q->at_ms, path->for_s);

	if (proof->report == q->number)
		return true;
	return path->for_s != 0 && site_stretches_overlap(&proof->stretch, &stretch);
}

static bool falls_short_of(const struct question *q, const struct site_row *rows, size_t n,
			   const struct site_path *path)
{
	for (size_t i = 0; i < n; i++) {
		if (site_row_is_proof(&rows[i]) && rows[i].facts->grade > path->grade &&
		    proof_counts(q, &rows[i], path))
			return true;
	}
	return false;
}

static bool falls_short(const struct question *q, const struct site_peer *peer,
			const struct site_path *path)
{
	if (q->cut_off)
		return falls_short_of(q, peer->self_rows, peer->n_self_rows, path);
	if (falls_short_of(q, peer->rows, peer->n_rows, path))
		return true;
	/*
	 * A lift tells that the MTA lives behind the endpoint that the mapper names. It is held
	 * only against paths that got as far as that name: that the peer lives for itself proves
	 * nothing about the way to it.
	 */
	return path->grade == GRADE_MAPPED && is_lifted(q, peer) &&
	       falls_short_of(q, peer->self_rows, peer->n_self_rows, path);
}

/* Of rows with the best grade the longest duration counts; one that tells none is the longest. */
static bool is_better(const struct report_probe *row, const struct site_path *path)
{
	if (row->grade != path->grade)
		return row->grade > path->grade;
	if (path->for_s == REPORT_ABSENT)
		return false;
	return row->for_s == REPORT_ABSENT || row->for_s > path->for_s;
}

/* Fills in what the rows of `adapter` show about `peer`. */
static void walk_path(const struct question *q, const struct report_adapter *adapter,
		      const struct site_peer *peer, struct site_path *path)
{
	bool succeeded = false;
	bool all_elsewhere = true;

	path->peer = peer->name;
	path->grade = GRADE_UNKNOWN;
	path->for_s = REPORT_ABSENT;
	for (size_t i = 0; i < q->report->n_probes; i++) {
		const struct report_probe *row = &q->report->probes[i];
		if (q->row_peers[i] != peer || !is_row_of(row, adapter))
			continue;
		if (is_better(row, path)) {
			path->grade = row->grade;
			path->for_s = row->for_s;
			path->error = row->error;
		}
		if (row->grade >= GRADE_EPM) {
			succeeded = true;
			all_elsewhere &= went_through_elsewhere(q->report, adapter, row);
		}
	}
	path->proven = proven_grade(q, peer);
	if (path->grade == GRADE_UNKNOWN)
		return;
	path->falls_short = falls_short(q, peer, path);
	path->conclusive = path->grade >= GRADE_EPM || path->falls_short;
	path->borrowed = succeeded && all_elsewhere;
}

/* A success that left through it proves its wire, whichever adapter's address it carried. */
static bool carried_a_success(const struct question *q, const struct report_adapter *adapter)
{
	for (size_t i = 0; i < q->report->n_probes; i++) {
		const struct report_probe *row = &q->report->probes[i];
		const char *via = via_of(row);
		if (q->row_peers[i] && row->grade >= GRADE_EPM && via &&
		    strcmp(via, adapter->id) == 0)
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

static void judge_adapter(const struct question *q, struct site_adapter *adapter,
			  const struct site_peer *const *peers, size_t n_peers, struct arena *arena)
{
	adapter->paths = arena_alloc_array(arena, n_peers, sizeof *adapter->paths);
	adapter->n_paths = n_peers;
	for (size_t i = 0; i < n_peers; i++)
		walk_path(q, adapter->facts, peers[i], &adapter->paths[i]);

	if (!is_active(adapter->facts)) {
		adapter->state = ADAPTER_INACTIVE;
	} else if (adapter->facts->link == LINK_DOWN && !carried_a_success(q, adapter->facts)) {
		adapter->state = ADAPTER_ISOLATED;
		adapter->link_down_isolates = true;
	} else {
		adapter->state = state_of_paths(adapter);
	}
}

static int compare_pointers(const void *a, const void *b)
{
	const struct site_peer *const *x = a;
	const struct site_peer *const *y = b;
	return (*x > *y) - (*x < *y);
}

/* The peers that the server probed, in order of their names, which is that of the index. */
static const struct site_peer **list_probed(const struct question *q, size_t *n,
					    struct arena *arena)
{
	size_t rows = 0;
	const struct site_peer **peers =
		arena_alloc_array(arena, q->report->n_probes, sizeof(struct site_peer *));

	for (size_t i = 0; i < q->report->n_probes; i++) {
		if (q->row_peers[i])
			peers[rows++] = q->row_peers[i];
	}
	if (rows > 1)
		qsort(peers, rows, sizeof(struct site_peer *), compare_pointers);
	*n = 0;
	for (size_t i = 0; i < rows; i++) {
		if (*n == 0 || peers[*n - 1] != peers[i])
			peers[(*n)++] = peers[i];
	}
	return peers;
}

static bool has_conclusive_peer(const struct site_adapter *adapter)
{
	for (size_t i = 0; i < adapter->n_paths; i++) {
		if (adapter->paths[i].conclusive)
			return true;
	}
	return false;
}

static bool knows_another_server(const struct question *q)
{
	for (size_t i = 0; i < q->index->n_peers; i++) {
		const struct site_peer *peer = &q->index->peers[i];
		if (peer->reports && !text_equal(peer->name, report_server_name(q->report)))
			return true;
	}
	return false;
}

static void view_server(const struct question *q, struct site_server *server, struct arena *arena)
{
	const struct report *report = q->report;
	size_t n_peers = 0;
	const struct site_peer **peers = list_probed(q, &n_peers, arena);

	server->name = report_server_name(report);
	server->has_peer = n_peers > 0 || knows_another_server(q);
	server->adapters = arena_alloc_array(arena, report->n_adapters, sizeof *server->adapters);
	server->n_adapters = report->n_adapters;
	for (size_t i = 0; i < report->n_adapters; i++) {
		struct site_adapter *adapter = &server->adapters[i];
		adapter->facts = &report->adapters[i];
		judge_adapter(q, adapter, peers, n_peers, arena);
		if (adapter->state == ADAPTER_INACTIVE)
			continue;
		server->n_active++;
		server->has_conclusive_peer |= has_conclusive_peer(adapter);
	}
}

void site_view(struct site *out, const struct site_report *reports, size_t n, int64_t now_ms,
	       site_is_elsewhere *is_elsewhere, void *user, struct arena *arena)
{
	*out = (struct site){ .reports = reports, .n = n, .now_ms = now_ms };
	out->index = site_index_new(reports, n, now_ms, is_elsewhere, user, arena);
	out->servers = arena_alloc_array(arena, n, sizeof *out->servers);

	for (size_t i = 0; i < n; i++) {
		struct question q = {
			.index = out->index,
			.report = reports[i].report,
			.number = i,
			.at_ms = reports[i].at_ms,
		};
		find_row_peers(&q, arena);
		out->servers[i].report = reports[i].report;
		out->servers[i].at_ms = reports[i].at_ms;
		out->servers[i].fresh =
			site_report_is_fresh(reports[i].report, reports[i].at_ms, now_ms);
		view_server(&q, &out->servers[i], arena);
	}
}

static bool aims_at(const struct report_probe *row, const struct report_adapter *adapter)
{
	uint32_t to = 0;
	if (!ipv4_parse(row->to, &to))
		return false;
	for (size_t i = 0; i < adapter->n_addresses; i++) {
		struct ipv4_prefix own;
		if (site_address_usable(adapter->addresses[i], &own) && own.address == to)
			return true;
	}
	return false;
}

struct site_inbound site_inbound(const struct site *site, size_t server, size_t to_adapter)
{
	const struct site_server *viewed = &site->servers[server];
	const struct site_peer *self = site_index_find(site->index, viewed->name);
	struct site_inbound seen = { 0 };

	for (size_t i = 0; i < self->n_rows; i++) {
		const struct report_probe *row = self->rows[i].facts;
		if (!aims_at(row, viewed->adapters[to_adapter].facts))
			continue;
		if (row->grade >= GRADE_EPM)
			seen.reached++;
		else
			seen.failed++;
	}
	return seen;
}
