/*
 * Plans against every set of changes that there is, of random sites that are small enough for that.
 * The sites are rich in what makes one server's change another's: few addresses, second networks,
 * servers that only one other reaches.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "collector/plans/options.h"
#include "collector/plans/plan.h"
#include "proto/exposure/facts.h"
#include "tests/unit/proto/site/site_builder.h"

#define SITES       600
#define MAX_SERVERS 4
#define MAX_BAD     3 /* adapters of a server, where a site is still small enough */

struct play {
	struct builder b;
	struct site_facts facts;
	struct what_if *w;
	unsigned random;
};

static unsigned draw(struct play *p, unsigned n)
{
	p->random = p->random * 1103515245U + 12345U;
	return (p->random >> 16) % n;
}

static const char *const names[MAX_SERVERS] = { "M0", "M1", "M2", "M3" };
static const char *const keys[MAX_SERVERS] = { "m0", "m1", "m2", "m3" };
static const char *const ids[] = { "A", "B", "C" };

static void add_server(struct play *p, size_t number)
{
	static const char *const builds[] = { "5.5.2653.23", "5.5.2653.23", "5.5.2653.23",
					      "5.5.2651.96", "5.5.2654.54", "5.5.2650.24" };
	struct report *report = builder_server(&p->b, names[number], builds[draw(p, 6)]);
	size_t n = 1 + draw(p, 3);

	if (draw(p, 6) == 0)
		report->exchange.clustered = draw(p, 2) ? TRISTATE_YES : TRISTATE_UNKNOWN;
	if (draw(p, 6) == 0)
		builder_failed_start(&p->b, report, 11004);
	for (size_t i = 0; i < n; i++) {
		struct report_adapter *adapter =
			builder_adapter(&p->b, report, ids[i],
					arena_printf(&p->b.arena, "10.%zu.0.%u/24", i,
						     draw(p, 8) ? (unsigned)number + 1 : 9));
		if (draw(p, 12) == 0)
			adapter->link = LINK_DOWN;
	}
}

static const char *address_of(struct play *p, const struct report_adapter *adapter)
{
	const char *text = adapter->addresses[0];

	return arena_strndup(&p->b.arena, text, strcspn(text, "/"));
}

/* Rows from one adapter to one of another server's; mostly as far as this network gets. */
static void add_row(struct play *p, struct report *from, size_t adapter, const struct report *to,
		    size_t target)
{
	bool same = adapter == target || draw(p, 3) == 0;
	enum grade grade = same ? GRADE_MTA : GRADE_NONE;

	if (draw(p, 5) == 0)
		grade = (enum grade)draw(p, 5);
	struct report_probe *row = builder_probe(&p->b, from, ids[adapter], to->exchange.server,
						 address_of(p, &to->adapters[target]), grade);
	if (draw(p, 8) == 0)
		row->via = ids[draw(p, 3)];
	if (draw(p, 3) == 0)
		row->for_s = draw(p, 2) ? 600 : 0;
}

static void add_rows(struct play *p, struct report *from, const struct report *to)
{
	for (size_t i = 0; i < from->n_adapters && from->n_probes < 24; i++) {
		for (size_t k = 0; k < to->n_adapters; k++) {
			if (draw(p, 3) > 0)
				add_row(p, from, i, to, k);
		}
	}
}

static bool is_elsewhere(void *user, const char *name)
{
	(void)user;
	(void)name;
	return false;
}

static void make_facts(struct play *p)
{
	struct arena *arena = &p->b.arena;
	struct site_facts_server *servers = arena_alloc_array(arena, p->b.n, sizeof *servers);

	for (size_t i = 0; i < p->b.n; i++) {
		servers[i] = (struct site_facts_server){
			.key = keys[i],
			.name = names[i],
			.member = site_member_new(p->b.reports[i], p->b.entries[i].at_ms, arena),
			.report = p->b.reports[i],
			.fresh = true,
			.holds = true,
			.verdict = builder_assess(&p->b, i)->verdict,
		};
	}
	p->facts = (struct site_facts){ .organization = "ACME",
					.site = "HQ",
					.servers = servers,
					.n = p->b.n,
					.is_elsewhere = is_elsewhere };
}

static void begin(struct play *p, unsigned seed)
{
	*p = (struct play){ .random = seed * 2654435761U + 1 };
	builder_init(&p->b);
	size_t n = 2 + draw(p, MAX_SERVERS - 1);
	for (size_t i = 0; i < n; i++)
		add_server(p, i);
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < n; k++) {
			if (i != k && draw(p, 5) > 0)
				add_rows(p, p->b.reports[i], p->b.reports[k]);
		}
	}
	make_facts(p);
	p->w = what_if_new(&p->facts);
}

static void end(struct play *p)
{
	what_if_free(p->w);
	builder_deinit(&p->b);
}

/* Every set of changes. */

struct victim {
	size_t server;
	size_t bad[MAX_BAD];
	size_t n_bad;
	bool may_disable;
	bool may_fix;
	bool failing;
	bool needs_pack;
	const struct site_server *seen;
};

struct brute {
	struct play *p;
	enum plan_preference preference;
	struct victim victims[MAX_SERVERS];
	size_t n;
	struct change changes[64]; /* of what is tried */
	size_t n_changes;
	bool found;
	struct option_cost best;
	size_t tried;
};

static bool is_well(const struct brute *b, size_t server)
{
	return what_if_verdict(b->p->w, server) >= VERDICT_CLEAR;
}

static int badness(enum verdict verdict)
{
	return verdict > VERDICT_CLEAR ? VERDICT_CLEAR : (int)verdict;
}

static bool anybody_worse(const struct brute *b, size_t but)
{
	const struct what_if *w = b->p->w;

	for (size_t i = 0; i < what_if_count_touched(w); i++) {
		size_t server = what_if_touched(w, i);
		if (server != but &&
		    badness(what_if_verdict(w, server)) < badness(what_if_touched_before(w, i)))
			return true;
	}
	return false;
}

static bool push(const struct brute *b, const struct change *changes, size_t n)
{
	struct what_if_error error;
	return what_if_push(b->p->w, changes, n, &error) == STATUS_OK;
}

/* Is there an order of these, of one server in theirs, in which nobody else gets worse? */
static bool has_order(struct brute *b, unsigned left)
{
	bool ordered = left == 0;

	for (size_t i = 0; !ordered && i < b->n_changes; i++) {
		bool first = (left >> i & 1) != 0;
		for (size_t k = 0; k < i && first; k++)
			first = !(left >> k & 1) ||
				strcmp(b->changes[k].server, b->changes[i].server) != 0;
		if (!first || !push(b, &b->changes[i], 1))
			continue;
		ordered = !anybody_worse(b, what_if_find(b->p->w, b->changes[i].server)) &&
			  has_order(b, left & ~(1U << i));
		what_if_pop(b->p->w);
	}
	return ordered;
}

static struct option_cost cost_of(const struct brute *b)
{
	struct option_cost cost = { 0, 0, 0 };

	for (size_t i = 0; i < b->n_changes; i++) {
		enum change_action action = b->changes[i].action;
		bool fixes = action == CHANGE_INSTALL_FIX || action == CHANGE_INSTALL_SERVICE_PACK;
		if (action == CHANGE_START_MTA)
			continue;
		cost.changes++;
		cost.disfavoured += fixes != (b->preference == PLAN_FIX_FIRST);
		cost.connections += action == CHANGE_CONNECT_ADAPTER;
	}
	return cost;
}

static void try_set(struct brute *b)
{
	struct option_cost cost = cost_of(b);
	bool enough = true;

	b->tried++;
	if (b->found && option_cost_compare(cost, b->best) >= 0)
		return;
	if (!push(b, b->changes, b->n_changes))
		return;
	for (size_t i = 0; i < b->n; i++)
		enough &= is_well(b, b->victims[i].server);
	enough &= !anybody_worse(b, SIZE_MAX);
	what_if_pop(b->p->w);
	if (!enough || !has_order(b, (1U << b->n_changes) - 1))
		return;
	b->found = true;
	b->best = cost;
}

static void add(struct brute *b, const struct victim *v, enum change_action action,
		const char *adapter)
{
	b->changes[b->n_changes++] = (struct change){
		.action = action,
		.server = b->p->facts.servers[v->server].name,
		.adapter = adapter,
	};
}

static void try_from(struct brute *b, size_t i);

static void try_treatments(struct brute *b, size_t i, size_t k)
{
	const struct victim *v = &b->victims[i];
	size_t n = b->n_changes;

	if (k < v->n_bad) {
		const char *id = v->seen->adapters[v->bad[k]].id;
		try_treatments(b, i, k + 1);
		add(b, v, CHANGE_CONNECT_ADAPTER, id);
		try_treatments(b, i, k + 1);
		b->n_changes = n;
		if (v->may_disable) {
			add(b, v, CHANGE_DISABLE_ADAPTER, id);
			try_treatments(b, i, k + 1);
			b->n_changes = n;
		}
		return;
	}
	for (int fix = 0; fix <= v->may_fix; fix++) {
		if (fix && v->needs_pack)
			add(b, v, CHANGE_INSTALL_SERVICE_PACK, NULL);
		if (fix)
			add(b, v, CHANGE_INSTALL_FIX, NULL);
		if (v->failing)
			add(b, v, CHANGE_START_MTA, NULL);
		try_from(b, i + 1);
		b->n_changes = n;
	}
}

static void try_from(struct brute *b, size_t i)
{
	if (i == b->n)
		try_set(b);
	else
		try_treatments(b, i, 0);
}

/* False: it has too many adapters to try everything. */
static bool add_victim(struct brute *b, size_t server)
{
	struct victim *v = &b->victims[b->n];
	struct site_server *seen = arena_alloc(&b->p->b.arena, sizeof *seen);
	struct exposure_facts facts;
	bool good = false;

	assert_true(what_if_view(b->p->w, server, seen, &b->p->b.arena));
	exposure_facts_of(seen, &facts);
	*v = (struct victim){ .server = server, .seen = seen };
	for (size_t i = 0; i < seen->n_adapters; i++) {
		good |= seen->adapters[i].state == ADAPTER_GOOD;
		if (seen->adapters[i].state <= ADAPTER_GOOD)
			continue;
		if (v->n_bad == MAX_BAD)
			return false;
		v->bad[v->n_bad++] = i;
	}
	v->may_disable = good && facts.clustered == FACT_IS(false);
	v->may_fix = facts.era != FACT_IS(ERA_FIXED) && facts.clustered != FACT_IS(true);
	v->failing = what_if_verdict(b->p->w, server) == VERDICT_FAILING;
	v->needs_pack = exposure_needs_service_pack(seen->report);
	b->n++;
	return true;
}

/* Whom to mend: those for whom there is a way on their own. */
static bool find_victims(struct brute *b)
{
	for (size_t i = 0; i < b->p->facts.n; i++) {
		struct brute alone = { .p = b->p, .preference = b->preference };
		if (what_if_verdict(b->p->w, i) > VERDICT_AT_RISK)
			continue;
		if (!add_victim(&alone, i))
			return false;
		try_from(&alone, 0);
		if (alone.found)
			b->victims[b->n++] = alone.victims[0];
	}
	return true;
}

/* Each step of a plan, made again. */
static void check_steps(struct play *p, const struct plan *plan, unsigned seed)
{
	struct brute b = { .p = p };

	for (size_t i = 0; i < plan->n_steps; i++) {
		const struct plan_step *step = &plan->steps[i];
		assert_int_equal(step->before, what_if_verdict(p->w, step->server));
		assert_true(push(&b, &step->change, 1));
		assert_int_equal(step->after, what_if_verdict(p->w, step->server));
		if (anybody_worse(&b, step->server))
			fail_msg("site %u: step %zu makes another server worse", seed, i + 1);
	}
	for (size_t i = 0; i < p->facts.n; i++) {
		bool left = false;
		for (size_t k = 0; k < plan->n_left; k++)
			left |= plan->left[k].server == i;
		assert_int_equal(left, !is_well(&b, i));
	}
	for (size_t i = 0; i < plan->n_steps; i++)
		what_if_pop(p->w);
}

static struct option_cost cost_of_plan(const struct plan *plan, enum plan_preference preference)
{
	struct brute b = { .preference = preference };

	for (size_t i = 0; i < plan->n_steps; i++)
		b.changes[b.n_changes++] = plan->steps[i].change;
	return cost_of(&b);
}

/* A failing one may have to be started only, which is no change. */
static size_t count_running(const struct brute *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++)
		n += !b->victims[i].failing;
	return n;
}

struct seen {
	unsigned exact;
	unsigned harmed;
	unsigned cheaper_than_one_each; /* a change of one server mended another */
};

static void compare(struct play *p, unsigned seed, enum plan_preference preference,
		    struct seen *seen)
{
	struct brute b = { .p = p, .preference = preference };
	struct plan plan;

	assert_true(plan_make(p->w, &p->facts, preference, &p->b.arena, &plan));
	check_steps(p, &plan, seed);
	if (!find_victims(&b))
		return;
	try_from(&b, 0);
	assert_int_equal(plan.exact, b.found);
	if (!b.found)
		return;
	struct option_cost cost = cost_of_plan(&plan, preference);
	if (option_cost_compare(cost, b.best) != 0)
		fail_msg("site %u: the plan has %u changes (%u disfavoured, %u connections), and "
			 "%u (%u, %u) do",
			 seed, cost.changes, cost.disfavoured, cost.connections, b.best.changes,
			 b.best.disfavoured, b.best.connections);
	seen->exact++;
	seen->harmed += b.n > 0;
	seen->cheaper_than_one_each += cost.changes < count_running(&b);
}

static void a_plan_is_the_smallest_of_all_sets_that_do(void **state)
{
	struct seen seen = { 0 };
	(void)state;

	for (unsigned seed = 0; seed < SITES; seed++) {
		struct play p;
		begin(&p, seed);
		compare(&p, seed, PLAN_FIX_FIRST, &seen);
		compare(&p, seed, PLAN_ADAPTERS_FIRST, &seen);
		end(&p);
	}
	print_message("%u plans compared, %u of them with something to mend, %u with fewer "
		      "changes than servers\n",
		      seen.exact, seen.harmed, seen.cheaper_than_one_each);
	assert_true(seen.harmed > SITES);
	assert_true(seen.cheaper_than_one_each > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plan_is_the_smallest_of_all_sets_that_do),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
