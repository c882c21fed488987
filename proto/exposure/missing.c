#include "proto/exposure/advisory.h"
#include "proto/exposure/internal.h"

#define MAX_FACTS 8 /* beside the adapters */

/* A fact that is missing, and how to get it. */
struct gap {
	const char *fact;
	const char *how;
};

struct gaps {
	struct gap *items;
	size_t n;
};

static void add_gap(struct gaps *gaps, const char *fact, const char *how)
{
	gaps->items[gaps->n++] = (struct gap){ fact, how };
}

static const char *how_to_judge(const struct exposure_context *x,
				const struct site_adapter *adapter)
{
	if (adapter->n_voids > 0)
		return "give every adapter an address of its own";
	if (!x->server->has_peer)
		return "install the agent on another server of the site, or name one to this agent "
		       "(--peer)";
	return "see that other servers of the site run, report and answer RPC on port 135";
}

static void name_adapters(struct exposure_context *x, struct gaps *gaps)
{
	if (!x->report->adapters_known) {
		add_gap(gaps, "adapters", "run the agent on the server itself");
		return;
	}
	for (size_t i = 0; i < x->server->n_adapters; i++) {
		const struct site_adapter *adapter = &x->server->adapters[i];
		if (adapter->state == ADAPTER_UNJUDGED)
			add_gap(gaps, arena_printf(x->arena, "adapters/%s", adapter->facts->id),
				how_to_judge(x, adapter));
	}
}

static void name_failing(struct exposure_context *x, struct gaps *gaps)
{
	if (x->report->mta.service == SERVICE_STATE_UNKNOWN)
		add_gap(gaps, "mta.service",
			"let the agent ask for the service MSExchangeMTA, or name its state");
	if (!exposure_log_was_read(x->report))
		add_gap(gaps, "mta.events",
			"let the agent read this machine's whole Application log, or start the "
			"MTA");
}

static void find_gaps(struct exposure_context *x, struct gaps *gaps)
{
	if (x->missing.has_mta)
		add_gap(gaps,
			x->report->exchange.installed == TRISTATE_UNKNOWN ? "exchange.installed"
									  : "exchange.version",
			"let the agent read the registry's services and setup of Exchange");
	if (x->missing.era)
		add_gap(gaps, "files/" ADVISORY_MTA_FILE,
			"let the agent read " ADVISORY_MTA_FILE " in Exchange's folder bin");
	if (x->missing.clustered)
		add_gap(gaps, "exchange.clustered",
			"let the agent read the registry's services and setup of Exchange");
	if (x->missing.adapters)
		name_adapters(x, gaps);
	if (x->missing.failing)
		name_failing(x, gaps);
}

static const char *name_gaps(struct exposure_context *x, const struct gaps *gaps,
			     const char **facts)
{
	const char *text = "";

	for (size_t i = 0; i < gaps->n; i++) {
		facts[i] = gaps->items[i].fact;
		text = arena_printf(x->arena, "%s%s%s", text, i ? ", " : "", facts[i]);
	}
	return text;
}

/* Each way once, and why the fact could not be read, where the report says it. */
static const char *tell_ways(struct exposure_context *x, const struct gaps *gaps)
{
	const char *text = "";

	for (size_t i = 0; i < gaps->n; i++) {
		const struct gap *gap = &gaps->items[i];
		const struct report_problem *problem = report_find_problem(x->report, gap->fact);
		bool told = i > 0 && gap->how == gaps->items[i - 1].how;
		if (!told)
			text = arena_printf(x->arena, "%s%s%s", text, i ? "; " : "", gap->how);
		if (problem && problem->message)
			text = arena_printf(x->arena, "%s (%s)", text, problem->message);
	}
	return text;
}

void exposure_add_missing(struct exposure_context *x, struct reason_list *list)
{
	size_t most = x->server->n_adapters + MAX_FACTS;
	const char **facts = arena_alloc_array(x->arena, most, sizeof *facts);
	struct gaps gaps = { .items = arena_alloc_array(x->arena, most, sizeof *gaps.items) };

	find_gaps(x, &gaps);
	if (gaps.n == 0)
		return;
	struct reason *reason =
		reason_add(x, list, "facts_missing", "Not known: %s.%s To know it: %s.",
			   name_gaps(x, &gaps, facts),
			   x->verdict == VERDICT_UNKNOWN ? " The verdict depends on it." : "",
			   tell_ways(x, &gaps));
	reason_list_of(reason, "facts", facts, gaps.n);
}
