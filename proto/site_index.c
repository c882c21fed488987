#include "proto/site_index.h"

#include <stdlib.h>

#include "proto/text.h"

/* Longer durations say nothing more, and would overflow as milliseconds. */
#define MAX_FOR_S INT64_C(1000000000)

/* An address, and a server of the site that holds it. */
struct site_holding {
	uint32_t address;
	const struct site_peer *holder;
};

bool site_address_usable(const char *text, struct ipv4_prefix *out)
{
	return ipv4_prefix_parse(text, out) && out->address != 0 && !ipv4_is_loopback(out->address);
}

struct site_stretch site_stretch_of(int64_t at_ms, int64_t for_s)
{
	if (for_s == REPORT_ABSENT)
		return (struct site_stretch){ .known = false };
	if (for_s > MAX_FOR_S)
		for_s = MAX_FOR_S;
	return (struct site_stretch){ true, at_ms - for_s * 1000, at_ms };
}

bool site_stretches_overlap(const struct site_stretch *a, const struct site_stretch *b)
{
	if (!a->known || !b->known)
		return true;
	return a->from_ms <= b->to_ms && b->from_ms <= a->to_ms;
}

static int compare_peers(const void *a, const void *b)
{
	return text_compare(((const struct site_peer *)a)->name,
			    ((const struct site_peer *)b)->name);
}

static int compare_holdings(const void *a, const void *b)
{
	const struct site_holding *x = a;
	const struct site_holding *y = b;
	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return (x->holder > y->holder) - (x->holder < y->holder);
}

struct site_peer *site_index_find(const struct site_index *index, const char *name)
{
	struct site_peer key = { .name = name };
	if (index->n_peers == 0)
		return NULL;
	return bsearch(&key, index->peers, index->n_peers, sizeof key, compare_peers);
}

/* Every name: of the reporting servers, and of the peers that rows name. */
static void list_peers(struct site_index *index, const struct site_report *reports, size_t n,
		       struct arena *arena)
{
	size_t most = n;
	for (size_t i = 0; i < n; i++)
		most += reports[i].report->n_probes;
	index->peers = arena_alloc_array(arena, most, sizeof *index->peers);

	size_t listed = 0;
	for (size_t i = 0; i < n; i++) {
		const struct report *report = reports[i].report;
		index->peers[listed++].name = report_server_name(report);
		for (size_t j = 0; j < report->n_probes; j++) {
			if (report->probes[j].peer)
				index->peers[listed++].name = report->probes[j].peer;
		}
	}
	if (listed > 1)
		qsort(index->peers, listed, sizeof *index->peers, compare_peers);

	for (size_t i = 0; i < listed; i++) {
		size_t last = index->n_peers;
		if (last == 0 || compare_peers(&index->peers[last - 1], &index->peers[i]) != 0)
			index->peers[index->n_peers++] = index->peers[i];
	}
	for (size_t i = 0; i < n; i++)
		site_index_find(index, report_server_name(reports[i].report))->reports = true;
}

static size_t count_addresses(const struct report *report)
{
	size_t count = 0;
	for (size_t i = 0; i < report->n_adapters; i++)
		count += report->adapters[i].n_addresses;
	return count;
}

static void hold_addresses(struct site_index *index, const struct report *report)
{
	const struct site_peer *holder = site_index_find(index, report_server_name(report));

	for (size_t i = 0; i < report->n_adapters; i++) {
		const struct report_adapter *adapter = &report->adapters[i];
		if (adapter->enabled == TRISTATE_NO)
			continue;
		for (size_t j = 0; j < adapter->n_addresses; j++) {
			struct ipv4_prefix held;
			if (!site_address_usable(adapter->addresses[j], &held))
				continue;
			index->holdings[index->n_holdings++] =
				(struct site_holding){ held.address, holder };
		}
	}
}

/* The holdings of one address, as a run in the sorted list. */
static const struct site_holding *find_holdings(const struct site_index *index, uint32_t address,
						size_t *n)
{
	size_t low = 0;
	size_t high = index->n_holdings;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (index->holdings[middle].address < address)
			low = middle + 1;
		else
			high = middle;
	}
	*n = 0;
	while (low + *n < index->n_holdings && index->holdings[low + *n].address == address)
		++*n;
	return index->holdings + low;
}

/* Two servers of the site number it alike, as heartbeat nets do. */
static bool is_held_twice(const struct site_index *index, uint32_t address)
{
	size_t n = 0;
	const struct site_holding *run = find_holdings(index, address, &n);
	return n > 0 && run[0].holder != run[n - 1].holder;
}

static bool is_held_by(const struct site_index *index, uint32_t address,
		       const struct site_peer *holder)
{
	size_t n = 0;
	const struct site_holding *run = find_holdings(index, address, &n);
	for (size_t i = 0; i < n; i++) {
		if (run[i].holder == holder)
			return true;
	}
	return false;
}

static bool has_address(const struct report *report, uint32_t address)
{
	for (size_t i = 0; i < report->n_adapters; i++) {
		const struct report_adapter *adapter = &report->adapters[i];
		if (adapter->enabled == TRISTATE_NO)
			continue;
		for (size_t j = 0; j < adapter->n_addresses; j++) {
			struct ipv4_prefix own;
			if (ipv4_prefix_parse(adapter->addresses[j], &own) &&
			    own.address == address)
				return true;
		}
	}
	return false;
}

bool site_index_row_counts(const struct site_index *index, const struct report *report,
			   const struct report_probe *row)
{
	const struct site_peer *self = site_index_find(index, report_server_name(report));
	uint32_t to = 0;

	if (!row->peer || row->grade == GRADE_UNKNOWN || row->error == PROBE_LOCAL)
		return false;
	const struct site_peer *peer = site_index_find(index, row->peer);
	if (peer == self || peer->elsewhere)
		return false;
	if (!ipv4_parse(row->to, &to))
		return true;
	return !has_address(report, to) && !is_held_by(index, to, self) &&
	       !is_held_twice(index, to);
}

bool site_row_is_proof(const struct site_row *row)
{
	return row->facts->grade >= GRADE_EPM;
}

/* Without a list yet it only counts. */
static void add_row(struct site_row *rows, size_t *n, size_t report, int64_t at_ms,
		    const struct report_probe *facts)
{
	if (rows)
		rows[*n] = (struct site_row){ report, facts, site_stretch_of(at_ms, facts->for_s) };
	++*n;
}

static void add_rows_of(struct site_index *index, const struct site_report *reports, size_t number)
{
	const struct report *report = reports[number].report;
	int64_t at_ms = reports[number].at_ms;
	struct site_peer *self = site_index_find(index, report_server_name(report));

	for (size_t i = 0; i < report->n_probes; i++) {
		const struct report_probe *row = &report->probes[i];
		if (!site_index_row_counts(index, report, row))
			continue;
		struct site_peer *peer = site_index_find(index, row->peer);
		peer->has_proof |= row->grade >= GRADE_EPM;
		add_row(peer->rows, &peer->n_rows, number, at_ms, row);
	}
	for (size_t i = 0; i < report->n_self_probes; i++)
		add_row(self->self_rows, &self->n_self_rows, number, at_ms,
			&report->self_probes[i]);
}

static void add_fresh_rows(struct site_index *index, const struct site_report *reports, size_t n,
			   int64_t now_ms)
{
	for (size_t i = 0; i < n; i++) {
		if (site_report_is_fresh(reports[i].report, reports[i].at_ms, now_ms))
			add_rows_of(index, reports, i);
	}
}

/* Counts, makes room, fills in. */
static void list_rows(struct site_index *index, const struct site_report *reports, size_t n,
		      int64_t now_ms, struct arena *arena)
{
	add_fresh_rows(index, reports, n, now_ms);
	for (size_t i = 0; i < index->n_peers; i++) {
		struct site_peer *peer = &index->peers[i];
		peer->rows = arena_alloc_array(arena, peer->n_rows, sizeof *peer->rows);
		peer->self_rows =
			arena_alloc_array(arena, peer->n_self_rows, sizeof *peer->self_rows);
		peer->n_rows = 0;
		peer->n_self_rows = 0;
	}
	add_fresh_rows(index, reports, n, now_ms);
}

static void mark_elsewhere(struct site_index *index, site_is_elsewhere *is_elsewhere, void *user)
{
	for (size_t i = 0; i < index->n_peers; i++) {
		struct site_peer *peer = &index->peers[i];
		peer->elsewhere = !peer->reports && is_elsewhere(user, peer->name);
	}
}

struct site_index *site_index_new(const struct site_report *reports, size_t n, int64_t now_ms,
				  site_is_elsewhere *is_elsewhere, void *user, struct arena *arena)
{
	struct site_index *index = arena_alloc(arena, sizeof *index);
	list_peers(index, reports, n, arena);
	if (is_elsewhere)
		mark_elsewhere(index, is_elsewhere, user);

	size_t addresses = 0;
	for (size_t i = 0; i < n; i++)
		addresses += count_addresses(reports[i].report);
	index->holdings = arena_alloc_array(arena, addresses, sizeof *index->holdings);
	for (size_t i = 0; i < n; i++) {
		/* A silent server no longer vouches for its addresses: they may be another's now.
		 */
		if (site_report_is_fresh(reports[i].report, reports[i].at_ms, now_ms))
			hold_addresses(index, reports[i].report);
	}
	if (index->n_holdings > 1) {
		qsort(index->holdings, index->n_holdings, sizeof *index->holdings,
		      compare_holdings);
	}

	list_rows(index, reports, n, now_ms, arena);
	return index;
}
