#include "tests/unit/proto/site/site_world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/site/site.h"
#include "proto/site/tables.h"

#define ROWS 10

const char *const world_names[WORLD_NAMES] = { "S0", "S1", "S2", "S3",  "S4",  "S5",  "S6",
					       "S7", "S8", "S9", "s10", "S11", "S12", "S13" };

static uint32_t choose_below(struct world *w, uint32_t below)
{
	return w->choose(w->user, below);
}

/* Notes what is wrong; the first fault is the one that is told. */
__attribute__((format(PRINTF_FORMAT, 2, 3))) static void fail(struct world *w, const char *format,
							      ...)
{
	va_list args;

	if (*w->fault)
		return;
	va_start(args, format);
	(void)vsnprintf(w->fault, sizeof w->fault, format, args);
	va_end(args);
}

static bool is_elsewhere(void *user, const char *name)
{
	const struct world *w = user;
	size_t i = 0;
	while (strcmp(world_names[i], name) != 0)
		i++;
	return w->elsewhere[i];
}

static const char *random_address(struct world *w, struct arena *arena, size_t server)
{
	switch (choose_below(w, 8)) {
	case 0:
		return "10.10.10.1"; /* a heartbeat net that is numbered alike */
	case 1:
		return arena_printf(arena, "10.10.20.%u", choose_below(w, 3) + 1);
	case 2:
		return "127.0.0.1";
	default:
		return arena_printf(arena, "10.%u.0.%zu", choose_below(w, 2), server + 1);
	}
}

static void random_adapters(struct world *w, struct machine *m, size_t server)
{
	struct report *r = &m->report;

	r->adapters_known = true;
	r->n_adapters = 1 + choose_below(w, 3);
	r->adapters = arena_alloc_array(&m->arena, r->n_adapters, sizeof *r->adapters);
	for (size_t i = 0; i < r->n_adapters; i++) {
		struct report_adapter *a = &r->adapters[i];
		a->id = i == 2 ? "A" : i == 1 ? "B" : "A";
		a->enabled = choose_below(w, 8) ? TRISTATE_YES : TRISTATE_NO;
		a->link = choose_below(w, 6) ? LINK_UP : LINK_DOWN;
		a->n_addresses = 1 + choose_below(w, 2);
		a->addresses = arena_alloc_array(&m->arena, a->n_addresses, sizeof(char *));
		for (size_t j = 0; j < a->n_addresses; j++)
			a->addresses[j] = arena_printf(&m->arena, "%s/%u",
						       random_address(w, &m->arena, server),
						       choose_below(w, 2) ? 24 : 8);
	}
}

static enum grade random_grade(struct world *w, enum grade usual)
{
	if (choose_below(w, usual == GRADE_MTA ? 3 : 12))
		return usual;
	return (enum grade)((int)choose_below(w, 6) - 1);
}

static void random_row(struct world *w, struct machine *m, enum grade usual,
		       struct report_probe *row)
{
	static const char *const adapters[] = { "A", "B", "B", "C", NULL };
	static const int64_t stood[] = { 0, 60, 300, 3600, REPORT_ABSENT };
	size_t peer = choose_below(w, WORLD_NAMES);

	row->adapter = adapters[choose_below(w, 5)];
	row->peer = choose_below(w, 20) ? world_names[peer] : NULL;
	row->to = choose_below(w, 10) ? random_address(w, &m->arena, peer) : NULL;
	row->via = adapters[choose_below(w, 5)];
	row->grade = random_grade(w, usual);
	row->error = row->grade == GRADE_MTA ? PROBE_OK : PROBE_TIMEOUT;
	if (choose_below(w, 20) == 0)
		row->error = PROBE_LOCAL;
	row->for_s = stood[choose_below(w, 5)];
}

static struct report_probe *random_rows(struct world *w, struct machine *m, enum grade usual,
					size_t n)
{
	struct report_probe *rows = arena_alloc_array(&m->arena, n, sizeof *rows);
	for (size_t i = 0; i < n; i++)
		random_row(w, m, usual, &rows[i]);
	return rows;
}

/* A report of now, mostly like the one before. */
static void random_report(struct world *w, size_t number)
{
	struct machine *m = &w->machines[number];
	struct report *r = &m->report;
	struct report old = *r;
	/* The first two are nodes of one cluster at times; a rename is rare. */
	size_t server = number == 1 && choose_below(w, 4) ? 0 : number;

	if (choose_below(w, 40) == 0)
		server = choose_below(w, WORLD_NAMES);
	report_init(r);
	r->host.name = world_names[number];
	r->exchange.server = world_names[server];
	r->interval_s = 60 + (int64_t)choose_below(w, 5) * 60;
	if (old.adapters && choose_below(w, 10)) {
		r->adapters_known = true;
		r->adapters = old.adapters;
		r->n_adapters = old.n_adapters;
	} else {
		random_adapters(w, m, server);
	}
	bool like_before = old.probes && choose_below(w, 2);
	r->n_probes = like_before ? old.n_probes : 1 + choose_below(w, ROWS);
	r->probes = like_before ? old.probes : random_rows(w, m, w->usual, r->n_probes);
	r->n_self_probes = choose_below(w, 3);
	r->self_probes = random_rows(w, m, GRADE_MTA, r->n_self_probes);
	m->at_ms = w->now_ms - (int64_t)choose_below(w, 2) * 1000;
}

/* Views again what may look different now. */
static void view_dirty(struct world *w)
{
	for (struct site_member *s; (s = site_index_next_dirty(&w->index));) {
		struct machine *m = s->user;
		struct site_server server;
		struct arena arena;
		arena_init(&arena);
		site_view_member(&w->index, s, &m->report, &server, &arena);
		m->signature = site_view_signature(&server);
		arena_deinit(&arena);
	}
}

static void check_against_fresh_view(struct world *w)
{
	struct site_report reports[WORLD_MACHINES];
	const struct machine *of[WORLD_MACHINES];
	struct arena arena;
	struct site site;
	size_t n = 0;

	for (size_t i = 0; i < WORLD_MACHINES; i++) {
		const struct machine *m = &w->machines[i];
		if (!m->member)
			continue;
		of[n] = m;
		reports[n++] = (struct site_report){ &m->report, m->at_ms, w->renamed[i] };
	}
	arena_init(&arena);
	site_view(&site, reports, n, w->now_ms, is_elsewhere, w, &arena);
	for (size_t i = 0; i < n; i++) {
		bool fresh = site.servers[i].fresh;
		if (of[i]->member->fresh != fresh)
			fail(w, "%s is fresh: %d in the index, %d when viewed afresh",
			     of[i]->report.host.name, of[i]->member->fresh, fresh);
		else if (fresh && of[i]->signature != site_view_signature(&site.servers[i]))
			fail(w, "%s looks other than when viewed afresh", of[i]->report.host.name);
	}
	arena_deinit(&arena);
}

/* What the rows say of a peer that count, of fresh members. */
struct sums {
	uint32_t proofs[SITE_PROOF_GRADES];
	uint32_t self_proofs[SITE_PROOF_GRADES];
	uint32_t inbound; /* rows on addresses */
	uint32_t inbound_failed;
};

static void add_rows(struct sums *sums, const struct site_peer_rows *on)
{
	const struct site_row *rows = site_member_rows(on->member) + on->first_row;

	for (size_t i = 0; on->member->fresh && i < on->n_rows; i++) {
		if (!rows[i].counts)
			continue;
		if (rows[i].grade >= GRADE_EPM)
			sums->proofs[rows[i].grade - GRADE_EPM]++;
		sums->inbound += rows[i].has_to;
		sums->inbound_failed += rows[i].has_to && rows[i].grade < GRADE_EPM;
	}
}

static void add_self_rows(struct sums *sums, const struct site_member *m)
{
	const struct site_row *rows = site_member_self_rows(m);

	for (size_t i = 0; m->fresh && i < m->n_self_rows; i++) {
		if (rows[i].grade >= GRADE_EPM)
			sums->self_proofs[rows[i].grade - GRADE_EPM]++;
	}
}

/* Are they on the list that is theirs? */
static void check_lacking(struct world *w, const struct site_peer_rows *on, bool is_listed)
{
	const struct site_row *rows = site_member_rows(on->member) + on->first_row;
	bool is_lacking = false;

	for (size_t i = 0; i < on->n_rows; i++)
		is_lacking |= rows[i].counts && rows[i].grade < GRADE_MTA;
	if (is_listed != is_lacking || on->is_lacking != is_lacking || *on->link != on)
		fail(w, "rows of %s on %s are on the wrong list", site_member_name(on->member),
		     on->peer->name);
}

static void check_sums(struct world *w, const struct site_peer *peer)
{
	struct sums sums = { 0 };

	for (const struct site_peer_rows *on = peer->lacking; on; on = on->next)
		check_lacking(w, on, true);
	for (const struct site_peer_rows *on = peer->complete; on; on = on->next)
		check_lacking(w, on, false);
	for (const struct site_peer_rows *on = site_peer_first_rows(peer); on;
	     on = site_peer_next_rows(on)) {
		if (on->peer != peer)
			fail(w, "rows on %s are said to be on another", peer->name);
		add_rows(&sums, on);
	}
	for (const struct site_member *m = peer->members; m; m = m->next_of_name) {
		if (m->self != peer)
			fail(w, "a member of %s carries another name", peer->name);
		add_self_rows(&sums, m);
	}
	if (memcmp(peer->proofs, sums.proofs, sizeof sums.proofs) != 0)
		fail(w, "the proofs of %s are not the sums over the rows", peer->name);
	if (memcmp(peer->self_proofs, sums.self_proofs, sizeof sums.self_proofs) != 0)
		fail(w, "the self-proofs of %s are not the sums over the rows", peer->name);
	if (peer->inbound_failed != sums.inbound_failed || (!sums.inbound && peer->inbound))
		fail(w, "%u inbound rows of %s failed, not %u", sums.inbound_failed, peer->name,
		     peer->inbound_failed);
}

static void check_peers(struct world *w)
{
	const struct site_index *index = &w->index;
	size_t n_peers = 0;
	size_t n_names = 0;

	for (size_t i = 0; i < index->n_buckets; i++) {
		for (const struct site_peer *p = index->buckets[i]; p; p = p->next_in_bucket) {
			if (!p->members && !site_peer_first_rows(p))
				fail(w, "%s is a peer of nobody", p->name);
			if (p->change)
				fail(w, "%s still changes after the call", p->name);
			if (p->members && p->elsewhere)
				fail(w, "%s is here and elsewhere", p->name);
			check_sums(w, p);
			n_peers++;
			n_names += p->members != NULL;
		}
	}
	if (index->n_peers != n_peers || index->n_names != n_names)
		fail(w, "%zu peers and %zu names are counted, and there are %zu and %zu",
		     index->n_peers, index->n_names, n_peers, n_names);
}

static void check_dirty(struct world *w)
{
	size_t listed = 0;
	size_t marked = 0;

	for (const struct site_member *m = w->index.dirty; m; m = m->next_dirty) {
		if (!m->fresh || !m->is_dirty)
			fail(w, "%s is listed as dirty and is not, or not fresh",
			     site_member_name(m));
		listed++;
	}
	for (const struct site_member *m = w->index.members; m; m = m->next)
		marked += m->is_dirty;
	if (listed != marked)
		fail(w, "%zu members are dirty, and %zu are listed", marked, listed);
}

/* What is held: an address, and by whom. */
struct held {
	uint32_t address;
	const struct site_peer *holder;
};

/* Room for two addresses of each of three adapters. */
struct all_held {
	struct held list[WORLD_MACHINES * 6];
	size_t n;
};

static void add_held(struct all_held *all, uint32_t address, const struct site_peer *holder)
{
	for (size_t i = 0; i < all->n; i++) {
		if (all->list[i].address == address && all->list[i].holder == holder)
			return;
	}
	all->list[all->n++] = (struct held){ address, holder };
}

static void add_held_by(struct all_held *all, const struct site_member *m)
{
	for (size_t i = 0; i < m->n_nics; i++) {
		const struct site_nic *nic = &site_member_nics(m)[i];
		const struct ipv4_prefix *addresses = site_nic_addresses(m, nic);
		for (size_t j = 0; nic->enabled && j < nic->n_addresses; j++) {
			if (site_address_usable(&addresses[j]))
				add_held(all, addresses[j].address, m->self);
		}
	}
}

static void check_holders(struct world *w)
{
	struct all_held all = { .n = 0 };

	for (const struct site_member *m = w->index.members; m; m = m->next) {
		if (m->holds)
			add_held_by(&all, m);
	}
	for (size_t i = 0; i < all.n; i++) {
		if (!site_table_is_held_by(&w->index, all.list[i].address, all.list[i].holder))
			fail(w, "%s holds an address and is not among its holders",
			     all.list[i].holder->name);
	}
	if (w->index.n_holdings != all.n)
		fail(w, "%zu holders are counted, and there are %zu", w->index.n_holdings, all.n);
}

static void expire_silent(struct world *w)
{
	for (size_t i = 0; i < WORLD_MACHINES; i++) {
		struct machine *m = &w->machines[i];
		if (m->member && m->member->fresh_until_ms < w->now_ms)
			site_index_expire(&w->index, m->member);
	}
}

static void take_report(struct world *w, size_t number)
{
	struct machine *m = &w->machines[number];

	random_report(w, number);
	struct site_member *member = site_member_new(&m->report, m->at_ms, NULL);
	member->user = m;
	site_index_put(&w->index, member, member->fresh_until_ms >= w->now_ms, m->member);
	w->renamed[number] = false;
	free(m->member);
	m->member = member;
}

static void leave(struct world *w, size_t number)
{
	struct machine *m = &w->machines[number];

	if (!m->member)
		return;
	site_index_remove(&w->index, m->member);
	free(m->member);
	m->member = NULL;
	w->renamed[number] = false;
}

/* The server is seen under another name, or that proves wrong. */
static void rename_silent(struct world *w, size_t number)
{
	struct machine *m = &w->machines[number];

	if (!m->member || m->member->fresh)
		return;
	w->renamed[number] = !w->renamed[number];
	bool changed = site_index_hold(&w->index, m->member, !w->renamed[number]);
	bool again = site_index_hold(&w->index, m->member, !w->renamed[number]);
	if (!changed || again)
		fail(w, "%s: a change of holding is told wrongly", m->report.host.name);
}

static void let_something_happen(struct world *w)
{
	size_t number = choose_below(w, WORLD_MACHINES);

	w->now_ms += (int64_t)choose_below(w, 60) * 1000;
	expire_silent(w);
	if (choose_below(w, 30) == 0) {
		leave(w, number);
	} else if (choose_below(w, 6) == 0) {
		rename_silent(w, number);
	} else if (choose_below(w, 20) == 0) {
		size_t name = choose_below(w, WORLD_NAMES);
		w->elsewhere[name] = !w->elsewhere[name];
		site_index_ask_again(&w->index, world_names[name]);
	} else {
		take_report(w, number);
	}
}

void world_begin(struct world *w, enum grade usual, world_choose *choose, void *user)
{
	*w = (struct world){
		.choose = choose,
		.user = user,
		.now_ms = WORLD_T0,
		.usual = usual,
	};
	for (size_t i = 0; i < WORLD_MACHINES; i++)
		arena_init(&w->machines[i].arena);
	site_index_init(&w->index, NULL);
	site_index_ask(&w->index, is_elsewhere, w);
}

const char *world_step(struct world *w)
{
	let_something_happen(w);
	check_peers(w);
	check_dirty(w);
	check_holders(w);
	view_dirty(w);
	check_against_fresh_view(w);
	return *w->fault ? w->fault : NULL;
}

const char *world_end(struct world *w)
{
	for (size_t i = 0; i < WORLD_MACHINES; i++) {
		leave(w, i);
		arena_deinit(&w->machines[i].arena);
	}
	if (w->index.n_peers || w->index.n_holdings)
		fail(w, "%zu peers and %zu holders are left of nobody", w->index.n_peers,
		     w->index.n_holdings);
	site_index_deinit(&w->index);
	return *w->fault ? w->fault : NULL;
}
