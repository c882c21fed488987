#include "agent/probe/plan.h"

#include <string.h>

#include "proto/base/ipv4.h"
#include "proto/base/text.h"

/* The usable addresses of one adapter. */
struct own {
	const char *adapter;
	struct ipv4_prefix *addresses;
	size_t n;
	bool active;
};

static struct own own_of(const struct report_adapter *adapter, struct arena *arena)
{
	struct own own = { .adapter = adapter->id };

	own.addresses = arena_alloc_array(arena, adapter->n_addresses, sizeof *own.addresses);
	for (size_t i = 0; i < adapter->n_addresses; i++) {
		struct ipv4_prefix prefix;
		if (ipv4_prefix_parse(adapter->addresses[i], &prefix) &&
		    peers_usable_address(prefix.address))
			own.addresses[own.n++] = prefix;
	}
	own.active = own.n > 0 && adapter->enabled != TRISTATE_NO;
	return own;
}

static uint32_t source_for(const struct own *own, uint32_t to)
{
	for (size_t i = 0; i < own->n; i++) {
		if (ipv4_prefix_contains(&own->addresses[i], to))
			return own->addresses[i].address;
	}
	return own->addresses[0].address;
}

static bool is_own_address(const struct own *owns, size_t n, uint32_t address)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < owns[i].n; k++) {
			if (owns[i].addresses[k].address == address)
				return true;
		}
	}
	return false;
}

static bool is_own_name(const struct report *report, const char *name)
{
	return text_equal(name, report->host.name) || text_equal(name, report_server_name(report));
}

static void add_job(struct probe_plan *plan, const struct probe_job *job)
{
	if (plan->n == REPORT_MAX_PROBES)
		plan->left_out++;
	else
		plan->jobs[plan->n++] = *job;
}

static void add_self(struct probe_plan *plan, const struct own *own)
{
	for (size_t i = 0; i < own->n; i++) {
		uint32_t address = own->addresses[i].address;
		add_job(plan, &(struct probe_job){
				      .adapter = own->adapter, .from = address, .to = address });
	}
}

static void add_peer(struct probe_plan *plan, const struct own *owns, size_t n, size_t from,
		     const struct peer *peer)
{
	for (size_t i = 0; i < peer->n_addresses; i++) {
		uint32_t to = peer->addresses[i];
		if (is_own_address(owns, n, to))
			continue;
		add_job(plan, &(struct probe_job){ .adapter = owns[from].adapter,
						   .peer = peer->name,
						   .from = source_for(&owns[from], to),
						   .to = to });
	}
}

void probe_plan_make(struct probe_plan *out, const struct report *report, const struct peers *peers,
		     struct arena *arena)
{
	size_t n = report->n_adapters;
	struct own *owns = arena_alloc_array(arena, n, sizeof *owns);

	*out = (struct probe_plan){ 0 };
	out->jobs = arena_alloc_array(arena, REPORT_MAX_PROBES, sizeof *out->jobs);
	for (size_t i = 0; i < n; i++) {
		owns[i] = own_of(&report->adapters[i], arena);
		if (owns[i].active)
			add_self(out, &owns[i]);
	}
	out->n_self = out->n;
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; owns[i].active && k < peers->n; k++) {
			if (!is_own_name(report, peers->list[k].name))
				add_peer(out, owns, n, i, &peers->list[k]);
		}
	}
}

/* The routes that were asked for, so that each target is asked for once. */
struct routes {
	struct host *host;
	struct arena *arena;
	struct {
		uint32_t to;
		const char *via;
	} * list;
	size_t n;
	struct report *report;
	bool failed; /* and that was told */
};

/* Once: what fails for one target fails for all. */
static void note_failure(struct routes *routes, const struct os_error *error)
{
	if (!routes->failed)
		report_add_problem(routes->report, routes->arena, "probes.via", error->code,
				   error->text);
	routes->failed = true;
}

static const char *route_to(struct routes *routes, uint32_t to)
{
	struct os_error error; /* a system that has no such question is no trouble: no `via` */
	const char *via = NULL;

	for (size_t i = 0; i < routes->n; i++) {
		if (routes->list[i].to == to)
			return routes->list[i].via;
	}
	enum status status = host_route(routes->host, to, routes->arena, &via, &error);
	if (status != STATUS_OK)
		via = NULL;
	if (status == STATUS_SYSTEM || status == STATUS_LIMIT)
		note_failure(routes, &error);
	routes->list[routes->n].to = to;
	routes->list[routes->n++].via = via;
	return via;
}

static struct report_probe row_of(const struct probe_job *job, struct grade_history *history,
				  struct arena *arena)
{
	struct report_probe row = {
		.adapter = job->adapter,
		.peer = job->peer,
		.from = job->peer ? ipv4_text(job->from, arena) : NULL,
		.to = ipv4_text(job->to, arena),
		.grade = job->grade,
		.error = job->error,
		.ms = job->ms,
		.attempts = job->attempts,
	};
	row.for_s = grade_history_note(history, job->adapter, job->peer, row.to, job->grade);
	return row;
}

void probe_plan_write(const struct probe_plan *plan, struct host *host,
		      struct grade_history *history, struct report *report, struct arena *arena)
{
	struct routes routes = { .host = host, .arena = arena, .report = report };
	size_t n_peer = plan->n - plan->n_self;

	routes.list = arena_alloc_array(arena, n_peer, sizeof *routes.list);
	report->self_probes = arena_alloc_array(arena, plan->n_self, sizeof *report->self_probes);
	report->probes = arena_alloc_array(arena, n_peer, sizeof *report->probes);
	for (size_t i = 0; i < plan->n; i++) {
		struct report_probe row = row_of(&plan->jobs[i], history, arena);
		if (!row.peer) {
			report->self_probes[report->n_self_probes++] = row;
			continue;
		}
		row.via = route_to(&routes, plan->jobs[i].to);
		report->probes[report->n_probes++] = row;
	}
}
