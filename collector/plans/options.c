#include "collector/plans/options.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/ipv4.h"
#include "proto/exposure/facts.h"

enum treatment { TREAT_NOT, TREAT_DISABLE, TREAT_CONNECT };
#define TREATMENTS 3

struct subject {
	const struct site_server *seen;
	const struct site_member *member;
	const struct doubtful *doubtful;
	const char *name;
	struct exposure_facts facts;
	enum plan_preference preference;
	struct arena *arena;
	bool failing;
	bool may_disable;
	bool may_fix;
	size_t bad[OPTIONS_MAX_ADAPTERS];
	bool is_bad_for_good[OPTIONS_MAX_ADAPTERS]; /* unless it is treated */
	size_t n_bad;
};

int option_cost_compare(struct option_cost a, struct option_cost b)
{
	if (a.changes != b.changes)
		return a.changes < b.changes ? -1 : 1;
	if (a.disfavoured != b.disfavoured)
		return a.disfavoured < b.disfavoured ? -1 : 1;
	return (a.connections > b.connections) - (a.connections < b.connections);
}

struct option_cost option_cost_add(struct option_cost a, struct option_cost b)
{
	return (struct option_cost){ a.changes + b.changes, a.disfavoured + b.disfavoured,
				     a.connections + b.connections };
}

static bool is_row_of(const char *adapter, const char *id)
{
	return adapter && strcmp(adapter, id) == 0;
}

/*
 * Will the adapter stay isolated, or become unjudged at best, whatever other servers do? Their
 * changes add no row to this server's report, so one that reached nobody will reach nobody; rows
 * that do not count now may count then.
 */
static bool is_cut_off_for_good(const struct subject *s, const struct site_adapter *adapter)
{
	const struct report *report = s->seen->report;
	bool reached = false;
	bool carried = false;

	for (size_t i = 0; i < report->n_probes; i++) {
		const struct report_probe *row = &report->probes[i];
		if (row->grade < GRADE_EPM)
			continue;
		reached |= is_row_of(row->adapter, adapter->id);
		carried |= is_row_of(row->via ? row->via : row->adapter, adapter->id);
	}
	return adapter->state == ADAPTER_ISOLATED &&
	       (!reached || (adapter->link_down_isolates && !carried));
}

static int compare_addresses(const void *a, const void *b)
{
	const uint32_t *x = a;
	const uint32_t *y = b;
	return (*x > *y) - (*x < *y);
}

static bool is_doubtful(const struct doubtful *d, uint32_t address)
{
	return d->n > 0 &&
	       bsearch(&address, d->addresses, d->n, sizeof *d->addresses, compare_addresses);
}

static bool is_of_good_adapter(const struct subject *s, uint8_t adapter)
{
	return adapter != SITE_NO_ADAPTER && s->seen->adapters[adapter].state == ADAPTER_GOOD;
}

/* Will the row be there and count, whatever the plan does but for the adapter that made it? */
static bool is_there_to_stay(const struct subject *s, const struct site_row *row)
{
	return row->counts && row->has_to && !is_doubtful(s->doubtful, row->to) &&
	       (row->via == row->adapter || is_of_good_adapter(s, row->via));
}

/* Does a good adapter get further to this peer, in rows that stay on both sides? */
static bool stays_short_of(const struct subject *s, const struct site_row *rows, size_t n,
			   uint8_t adapter)
{
	int8_t good = GRADE_TCP; /* what is less proves nothing */
	int8_t most = GRADE_UNKNOWN;
	bool stays = false;

	for (size_t i = 0; i < n; i++) {
		const struct site_row *row = &rows[i];
		if (row->adapter == adapter) {
			most = row->grade > most ? row->grade : most;
			stays |= is_there_to_stay(s, row);
		} else if (is_of_good_adapter(s, row->adapter) && is_there_to_stay(s, row)) {
			good = row->grade > good ? row->grade : good;
		}
	}
	return stays && good > GRADE_TCP && good > most;
}

/* Will the adapter fall short of a good one of its own server, whatever other servers do? */
static bool is_short_for_good(const struct subject *s, size_t adapter)
{
	const struct site_peer_rows *peers = site_member_peer_rows(s->member);
	const struct site_row *rows = site_member_rows(s->member);
	const struct site_nic *nic = &site_member_nics(s->member)[adapter];

	for (size_t i = 0; i < s->member->n_peer_rows; i++) {
		if (stays_short_of(s, rows + peers[i].first_row, peers[i].n_rows, nic->first_of_id))
			return true;
	}
	return false;
}

/* Would a server with such an adapter be well, because of its build? */
static bool is_well_all_the_same(const struct subject *s, bool fix)
{
	struct exposure_facts facts = s->facts;

	facts.failing = FACT_IS(false);
	facts.adapters = FACT_IS(ADAPTERS_CUT);
	if (fix)
		facts.era = FACT_IS(ERA_FIXED);
	return exposure_judge(&facts, NULL) >= VERDICT_CLEAR;
}

/* Could the server be well after this, if the others were as it would like them to be? */
static bool can_mend(const struct subject *s, const enum treatment *treatments, bool fix)
{
	size_t active = s->seen->n_active;
	bool bad_for_good = false;

	for (size_t i = 0; i < s->n_bad; i++) {
		active -= treatments[i] == TREAT_DISABLE;
		bad_for_good |= treatments[i] == TREAT_NOT && s->is_bad_for_good[i];
	}
	return !bad_for_good || active < 2 || is_well_all_the_same(s, fix);
}

static void add_change(struct option *option, const struct subject *s, enum change_action action,
		       const char *adapter)
{
	bool of_adapter = adapter != NULL;

	option->changes[option->n++] =
		(struct change){ .action = action, .server = s->name, .adapter = adapter };
	if (action == CHANGE_START_MTA)
		return;
	option->cost.changes++;
	option->cost.disfavoured += of_adapter == (s->preference == PLAN_FIX_FIRST);
	option->cost.connections += action == CHANGE_CONNECT_ADAPTER;
}

static void add_adapters(struct option *option, const struct subject *s,
			 const enum treatment *treatments, enum treatment which)
{
	for (size_t i = 0; i < s->n_bad; i++) {
		if (treatments[i] == which)
			add_change(option, s,
				   which == TREAT_DISABLE ? CHANGE_DISABLE_ADAPTER
							  : CHANGE_CONNECT_ADAPTER,
				   s->seen->adapters[s->bad[i]].id);
	}
}

static void add_option(struct options *out, const struct subject *s,
		       const enum treatment *treatments, bool fix)
{
	struct option *option = &out->list[out->n];

	option->number = out->n++;
	option->changes = arena_alloc_array(s->arena, s->n_bad + 3, sizeof *option->changes);
	add_adapters(option, s, treatments, TREAT_DISABLE);
	add_adapters(option, s, treatments, TREAT_CONNECT);
	if (fix && exposure_needs_service_pack(s->seen->report))
		add_change(option, s, CHANGE_INSTALL_SERVICE_PACK, NULL);
	if (fix)
		add_change(option, s, CHANGE_INSTALL_FIX, NULL);
	if (s->failing)
		add_change(option, s, CHANGE_START_MTA, NULL);
}

/* The combination of that number; false where it has what may not be. */
static bool make_treatments(const struct subject *s, size_t number, enum treatment *out)
{
	for (size_t i = 0; i < s->n_bad; i++, number /= TREATMENTS) {
		out[i] = (enum treatment)(number % TREATMENTS);
		if (out[i] == TREAT_DISABLE && !s->may_disable)
			return false;
	}
	return true;
}

static int compare_options(const void *a, const void *b)
{
	const struct option *x = a;
	const struct option *y = b;
	int order = option_cost_compare(x->cost, y->cost);

	/* Sorting is not stable, and the plan is to be the same every time. */
	return order ? order : (x->number > y->number) - (x->number < y->number);
}

static void combine(struct options *out, const struct subject *s)
{
	enum treatment treatments[OPTIONS_MAX_ADAPTERS];
	size_t n = 1;

	for (size_t i = 0; i < s->n_bad; i++)
		n *= TREATMENTS;
	out->list = arena_alloc_array(s->arena, 2 * n, sizeof *out->list);
	for (size_t i = 0; i < n; i++) {
		if (!make_treatments(s, i, treatments))
			continue;
		for (int fix = 0; fix <= s->may_fix; fix++) {
			if (can_mend(s, treatments, fix))
				add_option(out, s, treatments, fix);
		}
	}
	if (out->n > 1)
		qsort(out->list, out->n, sizeof *out->list, compare_options);
}

static bool is_bad(const struct site_adapter *adapter)
{
	return adapter->state > ADAPTER_GOOD;
}

/* Notes an adapter that is not good. False: there are more than are looked at. */
static bool add_bad(struct subject *s, size_t adapter)
{
	if (s->n_bad == OPTIONS_MAX_ADAPTERS)
		return false;
	s->is_bad_for_good[s->n_bad] = is_cut_off_for_good(s, &s->seen->adapters[adapter]) ||
				       is_short_for_good(s, adapter);
	s->bad[s->n_bad++] = adapter;
	return true;
}

bool options_make(struct what_if *w, const struct site_facts *facts,
		  enum plan_preference preference, const struct doubtful *doubtful,
		  struct arena *arena, struct options *out)
{
	struct site_server *seen = arena_alloc(arena, sizeof *seen);
	struct subject s = {
		.seen = seen,
		.member = facts->servers[out->server].member,
		.doubtful = doubtful,
		.name = facts->servers[out->server].name,
		.preference = preference,
		.arena = arena,
	};
	size_t good = 0;

	*out = (struct options){ .server = out->server, .complete = true };
	if (!what_if_view(w, out->server, seen, arena))
		return false;
	exposure_facts_of(seen, &s.facts);
	s.failing = what_if_verdict(w, out->server) == VERDICT_FAILING;
	for (size_t i = 0; i < seen->n_adapters; i++) {
		good += seen->adapters[i].state == ADAPTER_GOOD;
		if (is_bad(&seen->adapters[i]))
			out->complete &= add_bad(&s, i);
	}
	s.may_disable = s.facts.clustered == FACT_IS(false) && good > 0;
	s.may_fix = s.facts.era != FACT_IS(ERA_FIXED) && s.facts.clustered != FACT_IS(true);
	combine(out, &s);
	return true;
}

static void add_addresses(struct doubtful *out, const struct report_adapter *adapter, size_t *room,
			  struct arena *arena)
{
	for (size_t i = 0; i < adapter->n_addresses; i++) {
		struct ipv4_prefix address;
		if (!ipv4_prefix_parse(adapter->addresses[i], &address))
			continue;
		out->addresses = arena_make_room(arena, out->addresses, out->n, room,
						 sizeof *out->addresses);
		out->addresses[out->n++] = address.address;
	}
}

bool options_list_doubtful(struct what_if *w, const struct options *servers, size_t n,
			   struct arena *arena, struct doubtful *out)
{
	size_t room = 0;

	*out = (struct doubtful){ .n = 0 };
	for (size_t i = 0; i < n; i++) {
		struct site_server seen;
		if (!what_if_view(w, servers[i].server, &seen, arena))
			return false;
		for (size_t k = 0; k < seen.n_adapters; k++) {
			if (is_bad(&seen.adapters[k]))
				add_addresses(out, seen.adapters[k].facts, &room, arena);
		}
	}
	if (out->n > 1)
		qsort(out->addresses, out->n, sizeof *out->addresses, compare_addresses);
	return true;
}
