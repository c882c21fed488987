#include "collector/plans/plan.h"

#include <stdlib.h>
#include <string.h>

#include "collector/plans/options.h"

/* Work (what_if_work()) after which the search for the smallest set gives up: a second or two. */
#define MAX_EXACT_WORK 200000

/* The same of a plan that mends one server after the other. */
#define MAX_GREEDY_WORK 600000

/* Changes of an option: adapters, service pack, fix, start. */
#define MAX_OPTION (OPTIONS_MAX_ADAPTERS + 3)

static const char *const preferences[] = {
	[PLAN_FIX_FIRST] = "fix", [PLAN_ADAPTERS_FIRST] = "adapters"
};

const char *plan_preference_name(enum plan_preference preference)
{
	return preferences[preference];
}

bool plan_preference_from_name(const char *name, enum plan_preference *out)
{
	for (int i = 0; i < 2; i++) {
		if (strcmp(name, preferences[i]) == 0) {
			*out = (enum plan_preference)i;
			return true;
		}
	}
	return false;
}

/* A step of some server that is to be put in order. */
struct sequence {
	const struct option *option;
	size_t done; /* of its changes */
};

struct planning {
	struct what_if *w;
	const struct site_facts *facts;
	struct arena *arena;
	struct options *servers; /* to be mended, worst first */
	size_t n;
	enum verdict *before; /* of all servers */
	size_t work_end;
	bool unread;  /* a report could not be read */
	bool gave_up; /* before it had tried to mend everybody */

	/* The search. */
	const struct option **chosen;
	struct change *all;         /* what is chosen as one list */
	struct sequence *sequences; /* and as one of each server */
	struct option_cost *least;  /* of this server and those behind it */
	bool found;
	struct option_cost best_cost;
	const struct change **order; /* of the best; what was put until now */
	size_t n_order;
	const struct change **best;
	size_t n_best;
};

static bool is_spent(const struct planning *p)
{
	return what_if_work(p->w) > p->work_end;
}

/* How bad a verdict is: those that are well are alike. */
static int rank(enum verdict verdict)
{
	return verdict >= VERDICT_CLEAR ? VERDICT_CLEAR : (int)verdict;
}

static bool is_well(const struct planning *p, size_t server)
{
	return what_if_verdict(p->w, server) >= VERDICT_CLEAR;
}

/* Did the last push make a server worse, `but` one? SIZE_MAX: any. */
static bool made_worse(const struct planning *p, size_t but)
{
	for (size_t i = 0; i < what_if_count_touched(p->w); i++) {
		size_t server = what_if_touched(p->w, i);
		if (server != but &&
		    rank(what_if_verdict(p->w, server)) < rank(what_if_touched_before(p->w, i)))
			return true;
	}
	return false;
}

/* False: a change is refused here, or nothing more can be read; then nothing is put. */
static bool push(struct planning *p, const struct change *changes, size_t n)
{
	struct what_if_error error;
	enum status status = what_if_push(p->w, changes, n, &error);

	p->unread |= status == STATUS_SYSTEM;
	return status == STATUS_OK;
}

/* Puts changes one by one; false: one makes another server worse, and nothing is put. */
static bool push_singly(struct planning *p, const struct option *option, size_t server)
{
	for (size_t i = 0; i < option->n; i++) {
		bool put = push(p, &option->changes[i], 1);
		if (put && !made_worse(p, server))
			continue;
		for (size_t k = 0; k < i + put; k++)
			what_if_pop(p->w);
		return false;
	}
	return true;
}

static void pop(struct planning *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		what_if_pop(p->w);
}

/* Servers. */

static int compare_servers(const void *a, const void *b, const struct planning *p)
{
	const struct options *x = a;
	const struct options *y = b;
	int worse = (int)p->before[x->server] - (int)p->before[y->server];

	return worse ? worse : (x->server > y->server) - (x->server < y->server);
}

static bool is_to_mend(const struct planning *p, size_t server)
{
	return p->facts->servers[server].fresh && p->before[server] <= VERDICT_AT_RISK;
}

/* Is there a way to mend it that makes nobody else worse, as things are? */
static bool can_be_mended(struct planning *p, const struct options *server)
{
	for (size_t i = 0; i < server->n; i++) {
		if (server->list[i].n == 0 || !push_singly(p, &server->list[i], server->server))
			continue;
		bool well = is_well(p, server->server);
		pop(p, server->list[i].n);
		if (well)
			return true;
	}
	return false;
}

static void sort_servers(struct planning *p)
{
	for (size_t i = 1; i < p->n; i++) {
		struct options one = p->servers[i];
		size_t at = i;
		for (; at > 0 && compare_servers(&one, &p->servers[at - 1], p) < 0; at--)
			p->servers[at] = p->servers[at - 1];
		p->servers[at] = one;
	}
}

/* Those that are to be mended. Returns whether every way to mend each is among its options. */
static bool list_servers(struct planning *p, enum plan_preference preference)
{
	struct doubtful doubtful;
	bool complete = true;

	p->servers = arena_alloc_array(p->arena, p->facts->n, sizeof *p->servers);
	for (size_t i = 0; i < p->facts->n; i++) {
		if (is_to_mend(p, i))
			p->servers[p->n++].server = i;
	}
	p->unread = !options_list_doubtful(p->w, p->servers, p->n, p->arena, &doubtful);
	for (size_t i = 0; i < p->n && !p->unread; i++) {
		p->unread = !options_make(p->w, p->facts, preference, &doubtful, p->arena,
					  &p->servers[i]);
		complete &= p->servers[i].complete;
	}
	sort_servers(p);
	return complete;
}

/* One after the other. */

/* Mends a server on top of what is put. The cheapest way first. */
static bool mend(struct planning *p, const struct options *server)
{
	for (size_t i = 0; i < server->n && !is_spent(p); i++) {
		const struct option *option = &server->list[i];
		if (option->n == 0 || !push_singly(p, option, server->server))
			continue;
		if (is_well(p, server->server)) {
			for (size_t k = 0; k < option->n; k++)
				p->order[p->n_order++] = &option->changes[k];
			p->best_cost = option_cost_add(p->best_cost, option->cost);
			return true;
		}
		pop(p, option->n);
	}
	return false;
}

/* Until nothing more can be mended; what is put stays. Are all of them well then? */
static bool mend_all(struct planning *p)
{
	bool progress = true;
	bool all = false;

	p->best_cost = (struct option_cost){ 0, 0, 0 };
	p->n_order = 0;
	while (progress && !all && !is_spent(p)) {
		progress = false;
		all = true;
		for (size_t i = 0; i < p->n; i++) {
			if (is_well(p, p->servers[i].server))
				continue;
			bool mended = mend(p, &p->servers[i]);
			progress |= mended;
			all &= mended;
		}
	}
	return all;
}

static void keep_order(struct planning *p)
{
	p->n_best = p->n_order;
	if (p->n_order > 0)
		memcpy(p->best, p->order, p->n_order * sizeof(struct change *));
}

static void plan_greedily(struct planning *p)
{
	p->work_end = what_if_work(p->w) + MAX_GREEDY_WORK;
	p->found = mend_all(p);
	p->gave_up = is_spent(p);
	keep_order(p);
	pop(p, p->n_order);
	p->n_order = 0;
}

/* The smallest set. */

static bool order_rest(struct planning *p);

/* The next change of one server, and then the rest. */
static bool order_next(struct planning *p, size_t i)
{
	struct sequence *next = &p->sequences[i];
	const struct change *change = &next->option->changes[next->done];

	if (!push(p, change, 1))
		return false;
	p->order[p->n_order++] = change;
	next->done++;
	bool ordered = !made_worse(p, p->servers[i].server) && order_rest(p);
	next->done--;
	what_if_pop(p->w);
	if (!ordered)
		p->n_order--;
	return ordered;
}

/*
 * Puts what is left of the sequences into an order in which no step makes another server worse: one
 * server as far as possible before the next. Leaves it in `order`.
 */
static bool order_rest(struct planning *p)
{
	bool all = true;

	for (size_t i = 0; i < p->n && !is_spent(p); i++) {
		if (p->sequences[i].done == p->sequences[i].option->n)
			continue;
		all = false;
		if (order_next(p, i))
			return true;
	}
	return all;
}

static bool order_chosen(struct planning *p)
{
	for (size_t i = 0; i < p->n; i++)
		p->sequences[i] = (struct sequence){ .option = p->chosen[i] };
	p->n_order = 0;
	return order_rest(p);
}

/* Puts all that is chosen. Are the servers well, and is nobody worse than before? */
static bool is_enough(struct planning *p)
{
	struct change *all = p->all;
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++) {
		if (p->chosen[i]->n > 0)
			memcpy(all + n, p->chosen[i]->changes, p->chosen[i]->n * sizeof *all);
		n += p->chosen[i]->n;
	}
	if (!push(p, all, n))
		return false;
	bool enough = !made_worse(p, SIZE_MAX);
	for (size_t i = 0; enough && i < p->n; i++)
		enough = is_well(p, p->servers[i].server);
	what_if_pop(p->w);
	return enough;
}

static void try_chosen(struct planning *p, struct option_cost cost)
{
	if (!is_enough(p) || !order_chosen(p))
		return;
	p->found = true;
	p->best_cost = cost;
	keep_order(p);
}

/* Chooses for the server `i` and those behind it; branches that cannot be cheaper are left out. */
static void search(struct planning *p, size_t i, struct option_cost cost)
{
	if (i == p->n) {
		try_chosen(p, cost);
		return;
	}
	for (size_t k = 0; k < p->servers[i].n && !is_spent(p); k++) {
		const struct option *option = &p->servers[i].list[k];
		struct option_cost with = option_cost_add(cost, option->cost);
		struct option_cost least = option_cost_add(with, p->least[i + 1]);
		if (p->found && option_cost_compare(least, p->best_cost) >= 0)
			return; /* those behind it cost no less */
		p->chosen[i] = option;
		search(p, i + 1, with);
	}
}

static bool plan_exactly(struct planning *p)
{
	p->least = arena_alloc_array(p->arena, p->n + 1, sizeof *p->least);
	p->chosen = arena_alloc_array(p->arena, p->n, sizeof(struct option *));
	p->all = arena_alloc_array(p->arena, p->n * MAX_OPTION, sizeof *p->all);
	p->sequences = arena_alloc_array(p->arena, p->n, sizeof *p->sequences);
	for (size_t i = p->n; i-- > 0;)
		p->least[i] = option_cost_add(p->least[i + 1], p->servers[i].list[0].cost);
	p->work_end = what_if_work(p->w) + MAX_EXACT_WORK;
	search(p, 0, (struct option_cost){ 0, 0, 0 });
	return p->found && !is_spent(p);
}

/* The result. */

static size_t server_of(const struct planning *p, const struct change *change)
{
	return what_if_find(p->w, change->server);
}

static void note_step(struct planning *p, struct plan_step *step)
{
	size_t n = what_if_count_touched(p->w);

	step->after = what_if_verdict(p->w, step->server);
	step->others = arena_alloc_array(p->arena, n, sizeof *step->others);
	for (size_t i = 0; i < n; i++) {
		size_t server = what_if_touched(p->w, i);
		struct plan_effect effect = { server, what_if_touched_before(p->w, i),
					      what_if_verdict(p->w, server) };
		if (server != step->server && effect.before != effect.after)
			step->others[step->n_others++] = effect;
	}
}

static const char *why_left(const struct planning *p, size_t server)
{
	if (!p->facts->servers[server].fresh)
		return "It is silent, so nobody knows what it is like now: have it report first.";
	if (what_if_verdict(p->w, server) == VERDICT_UNKNOWN)
		return "Facts are missing: see what they are, and have them told first.";
	if (p->gave_up)
		return "The plan ended before it: make these changes, and ask again.";
	return "None of the changes that a plan knows would make it well without making another "
	       "server worse: see its remedy.";
}

static void list_left(struct planning *p, struct plan *out)
{
	out->left = arena_alloc_array(p->arena, p->facts->n, sizeof *out->left);
	for (size_t i = 0; i < p->facts->n; i++) {
		if (!is_well(p, i))
			out->left[out->n_left++] =
				(struct plan_left){ i, what_if_verdict(p->w, i), why_left(p, i) };
	}
}

/* Makes the steps once more, in their order, to see what each brings. */
static void tell(struct planning *p, struct plan *out)
{
	out->steps = arena_alloc_array(p->arena, p->n_best, sizeof *out->steps);
	for (size_t i = 0; i < p->n_best; i++) {
		struct plan_step *step = &out->steps[out->n_steps];
		*step = (struct plan_step){ .change = *p->best[i],
					    .server = server_of(p, p->best[i]) };
		step->before = what_if_verdict(p->w, step->server);
		if (!push(p, p->best[i], 1))
			break;
		note_step(p, step);
		out->n_steps++;
		out->n_changes += step->change.action != CHANGE_START_MTA;
	}
	list_left(p, out);
	pop(p, out->n_steps);
}

static void drop_hopeless(struct planning *p)
{
	size_t n = 0;

	p->work_end = what_if_work(p->w) + MAX_GREEDY_WORK;
	for (size_t i = 0; i < p->n; i++) {
		if (can_be_mended(p, &p->servers[i]))
			p->servers[n++] = p->servers[i];
	}
	p->n = n;
}

bool plan_make(struct what_if *w, const struct site_facts *facts, enum plan_preference preference,
	       struct arena *arena, struct plan *out)
{
	struct planning p = { .w = w, .facts = facts, .arena = arena };

	*out = (struct plan){ .exact = false };
	p.before = arena_alloc_array(arena, facts->n, sizeof *p.before);
	for (size_t i = 0; i < facts->n; i++)
		p.before[i] = what_if_verdict(w, i);
	bool complete = list_servers(&p, preference);
	p.order = arena_alloc_array(arena, p.n * MAX_OPTION, sizeof(struct change *));
	p.best = arena_alloc_array(arena, p.n * MAX_OPTION, sizeof(struct change *));
	if (p.n <= PLAN_MAX_EXACT)
		drop_hopeless(&p);
	plan_greedily(&p);
	if (p.n <= PLAN_MAX_EXACT)
		out->exact = plan_exactly(&p) && complete;
	tell(&p, out);
	return !p.unread;
}
