/*
 * A site that is kept up to date must look as if it had been viewed afresh after every change:
 * random reports, silences, departures and moves, each followed by a full view.
 */
#include "proto/site/index.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/site/site.h"

#define T0       INT64_C(1795344323000)
#define MACHINES 12
#define NAMES    14 /* some are carried by nobody, some by two machines */
#define ROWS     10

/* One machine of the site, its report and what was last concluded. */
struct machine {
	struct arena arena;
	struct report report;
	struct site_member *member; /* NULL: it is not in the site */
	int64_t at_ms;
	uint64_t signature;
};

struct world {
	uint32_t seed;
	int64_t now_ms;
	struct machine machines[MACHINES];
	bool elsewhere[NAMES];
	bool renamed[MACHINES]; /* silent, and seen under another name */
	enum grade usual;       /* how far most probes of peers get */
	struct site_index index;
	size_t n_viewed; /* members that had to be viewed again, but for the one that reported */
};

static const char *const names[NAMES] = { "S0", "S1", "S2", "S3",  "S4",  "S5",  "S6",
					  "S7", "S8", "S9", "s10", "S11", "S12", "S13" };

static uint32_t next_random(struct world *w, uint32_t below)
{
	w->seed = w->seed * 1664525 + 1013904223;
	return (w->seed >> 8) % below;
}

static bool is_elsewhere(void *user, const char *name)
{
	const struct world *w = user;
	size_t i = 0;
	while (strcmp(names[i], name) != 0)
		i++;
	return w->elsewhere[i];
}

static const char *random_address(struct world *w, struct arena *arena, size_t server)
{
	switch (next_random(w, 8)) {
	case 0:
		return "10.10.10.1"; /* a heartbeat net that is numbered alike */
	case 1:
		return arena_printf(arena, "10.10.20.%u", next_random(w, 3) + 1);
	case 2:
		return "127.0.0.1";
	default:
		return arena_printf(arena, "10.%u.0.%zu", next_random(w, 2), server + 1);
	}
}

static void random_adapters(struct world *w, struct machine *m, size_t server)
{
	struct report *r = &m->report;

	r->adapters_known = true;
	r->n_adapters = 1 + next_random(w, 3);
	r->adapters = arena_alloc_array(&m->arena, r->n_adapters, sizeof *r->adapters);
	for (size_t i = 0; i < r->n_adapters; i++) {
		struct report_adapter *a = &r->adapters[i];
		a->id = i == 2 ? "A" : i == 1 ? "B" : "A";
		a->enabled = next_random(w, 8) ? TRISTATE_YES : TRISTATE_NO;
		a->link = next_random(w, 6) ? LINK_UP : LINK_DOWN;
		a->n_addresses = 1 + next_random(w, 2);
		a->addresses = arena_alloc_array(&m->arena, a->n_addresses, sizeof(char *));
		for (size_t j = 0; j < a->n_addresses; j++)
			a->addresses[j] = arena_printf(&m->arena, "%s/%u",
						       random_address(w, &m->arena, server),
						       next_random(w, 2) ? 24 : 8);
	}
}

static enum grade random_grade(struct world *w, enum grade usual)
{
	if (next_random(w, usual == GRADE_MTA ? 3 : 12))
		return usual;
	return (enum grade)((int)next_random(w, 6) - 1);
}

static void random_row(struct world *w, struct machine *m, enum grade usual,
		       struct report_probe *row)
{
	static const char *const adapters[] = { "A", "B", "B", "C", NULL };
	static const int64_t stood[] = { 0, 60, 300, 3600, REPORT_ABSENT };
	size_t peer = next_random(w, NAMES);

	row->adapter = adapters[next_random(w, 5)];
	row->peer = next_random(w, 20) ? names[peer] : NULL;
	row->to = next_random(w, 10) ? random_address(w, &m->arena, peer) : NULL;
	row->via = adapters[next_random(w, 5)];
	row->grade = random_grade(w, usual);
	row->error = row->grade == GRADE_MTA ? PROBE_OK : PROBE_TIMEOUT;
	if (next_random(w, 20) == 0)
		row->error = PROBE_LOCAL;
	row->for_s = stood[next_random(w, 5)];
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
	size_t server = number == 1 && next_random(w, 4) ? 0 : number;

	if (next_random(w, 40) == 0)
		server = next_random(w, NAMES);
	report_init(r);
	r->host.name = names[number];
	r->exchange.server = names[server];
	r->interval_s = 60 + (int64_t)next_random(w, 5) * 60;
	if (old.adapters && next_random(w, 10)) {
		r->adapters_known = true;
		r->adapters = old.adapters;
		r->n_adapters = old.n_adapters;
	} else {
		random_adapters(w, m, server);
	}
	bool like_before = old.probes && next_random(w, 2);
	r->n_probes = like_before ? old.n_probes : 1 + next_random(w, ROWS);
	r->probes = like_before ? old.probes : random_rows(w, m, w->usual, r->n_probes);
	r->n_self_probes = next_random(w, 3);
	r->self_probes = random_rows(w, m, GRADE_MTA, r->n_self_probes);
	m->at_ms = w->now_ms - (int64_t)next_random(w, 2) * 1000;
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
		w->n_viewed++;
	}
}

static void expect_as_viewed_afresh(const struct world *w)
{
	struct site_report reports[MACHINES];
	const struct machine *of[MACHINES];
	struct arena arena;
	struct site site;
	size_t n = 0;

	for (size_t i = 0; i < MACHINES; i++) {
		const struct machine *m = &w->machines[i];
		if (!m->member)
			continue;
		of[n] = m;
		reports[n++] = (struct site_report){ &m->report, m->at_ms, w->renamed[i] };
	}
	arena_init(&arena);
	site_view(&site, reports, n, w->now_ms, is_elsewhere, (void *)w, &arena);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(of[i]->member->fresh, site.servers[i].fresh);
		if (site.servers[i].fresh)
			assert_true(of[i]->signature == site_view_signature(&site.servers[i]));
	}
	arena_deinit(&arena);
}

static void expect_sums_of_fresh_rows(const struct site_peer *peer)
{
	uint32_t proofs[SITE_PROOF_GRADES] = { 0 };
	uint32_t self_proofs[SITE_PROOF_GRADES] = { 0 };
	uint32_t failed = 0;

	for (const struct site_peer_rows *on = peer->peer_rows; on; on = on->next) {
		const struct site_row *rows = site_member_rows(on->member) + on->first_row;
		assert_ptr_equal(on->peer, peer);
		for (size_t i = 0; on->member->fresh && i < on->n_rows; i++) {
			if (rows[i].counts && rows[i].grade >= GRADE_EPM)
				proofs[rows[i].grade - GRADE_EPM]++;
			failed += rows[i].counts && rows[i].has_to && rows[i].grade < GRADE_EPM;
		}
	}
	for (const struct site_member *m = peer->members; m; m = m->next_of_name) {
		const struct site_row *rows = site_member_self_rows(m);
		assert_ptr_equal(m->self, peer);
		for (size_t i = 0; m->fresh && i < m->n_self_rows; i++) {
			if (rows[i].grade >= GRADE_EPM)
				self_proofs[rows[i].grade - GRADE_EPM]++;
		}
	}
	assert_memory_equal(peer->proofs, proofs, sizeof proofs);
	assert_memory_equal(peer->self_proofs, self_proofs, sizeof self_proofs);
	assert_int_equal(peer->inbound_failed, failed);
}

/* What proto/site/index.h says of an index between two calls. */
static void expect_invariants(const struct site_index *index)
{
	size_t n_peers = 0;
	size_t n_names = 0;

	for (size_t i = 0; i < index->n_buckets; i++) {
		for (const struct site_peer *p = index->buckets[i]; p; p = p->next_in_bucket) {
			assert_true(p->members || p->peer_rows);
			assert_null(p->change);
			assert_false(p->members && p->elsewhere);
			expect_sums_of_fresh_rows(p);
			n_peers++;
			n_names += p->members != NULL;
		}
	}
	assert_int_equal(index->n_peers, n_peers);
	assert_int_equal(index->n_names, n_names);
	for (const struct site_member *m = index->dirty; m; m = m->next_dirty)
		assert_true(m->fresh && m->is_dirty);
}

static void silence_expired(struct world *w)
{
	for (size_t i = 0; i < MACHINES; i++) {
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
	assert_true(site_index_hold(&w->index, m->member, !w->renamed[number]));
	assert_false(site_index_hold(&w->index, m->member, !w->renamed[number]));
}

static void step(struct world *w)
{
	size_t number = next_random(w, MACHINES);

	w->now_ms += (int64_t)next_random(w, 60) * 1000;
	silence_expired(w);
	if (next_random(w, 30) == 0) {
		leave(w, number);
	} else if (next_random(w, 6) == 0) {
		rename_silent(w, number);
	} else if (next_random(w, 20) == 0) {
		size_t name = next_random(w, NAMES);
		w->elsewhere[name] = !w->elsewhere[name];
		site_index_ask_again(&w->index, names[name]);
	} else {
		take_report(w, number);
	}
	expect_invariants(&w->index);
	view_dirty(w);
}

static void play(uint32_t seed)
{
	static struct world w;

	memset(&w, 0, sizeof w);
	w.seed = seed;
	w.now_ms = T0;
	w.usual = seed % 3 ? GRADE_MTA : seed % 2 ? GRADE_NONE : GRADE_MAPPED;
	site_index_init(&w.index, NULL);
	site_index_ask(&w.index, is_elsewhere, &w);
	for (size_t i = 0; i < MACHINES; i++)
		arena_init(&w.machines[i].arena);
	for (int i = 0; i < 150; i++) {
		step(&w);
		expect_as_viewed_afresh(&w);
	}
	for (size_t i = 0; i < MACHINES; i++) {
		leave(&w, i);
		arena_deinit(&w.machines[i].arena);
	}
	assert_int_equal(w.index.n_peers, 0);
	assert_int_equal(w.index.n_holdings, 0);
	site_index_deinit(&w.index);
}

static void after_every_change_the_site_looks_as_if_viewed_afresh(void **state)
{
	const char *more = getenv("MTAWATCH_SITES"); /* a longer run by hand */
	uint32_t n = more ? (uint32_t)strtoul(more, NULL, 10) : 150;
	(void)state;

	for (uint32_t seed = 1; seed <= n; seed++)
		play(seed);
}

/* A report that tells the same again concerns its own server alone. */
static void report_the_same_again(size_t n_exposed)
{
	static struct world w;

	memset(&w, 0, sizeof w);
	w.now_ms = T0;
	site_index_init(&w.index, NULL);
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < MACHINES; i++) {
			struct machine *m = &w.machines[i];
			struct report_probe rows[3] = { { 0 } };
			report_init(&m->report);
			m->report.host.name = names[i];
			m->report.interval_s = 300;
			m->report.probes = rows;
			m->report.n_probes = 3;
			for (size_t k = 0; k < 3; k++)
				rows[k] = (struct report_probe){
					.adapter = "A",
					.peer = names[(i + k + 1) % MACHINES],
					.grade = i < n_exposed ? GRADE_NONE : GRADE_MTA,
					.for_s = 300 + INT64_C(300) * round
				};
			struct site_member *member =
				site_member_new(&m->report, T0 + INT64_C(1000) * round, NULL);
			member->user = m;
			site_index_put(&w.index, member, true, m->member);
			free(m->member);
			m->member = member;
			if (round == 1) {
				assert_ptr_equal(site_index_next_dirty(&w.index), member);
				assert_null(site_index_next_dirty(&w.index));
			}
		}
		while (site_index_next_dirty(&w.index))
			;
	}
	for (size_t i = 0; i < MACHINES; i++)
		leave(&w, i);
	site_index_deinit(&w.index);
}

static void an_equal_report_makes_nobody_else_dirty(void **state)
{
	(void)state;
	report_the_same_again(0); /* a healthy site */
	report_the_same_again(1);
	report_the_same_again(5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(after_every_change_the_site_looks_as_if_viewed_afresh),
		cmocka_unit_test(an_equal_report_makes_nobody_else_dirty),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
