#include "proto/exposure/advisory.h"
#include "proto/exposure/internal.h"

/* A cluster on one network is not supported (KB 258750). */
#define AS_HEARTBEAT                                                                               \
	" to the site's servers, so that they answer through it. It may carry the cluster's "      \
	"heartbeat and must not be disabled for this."

#define MAX_OPTIONS 3 /* start; disable or connect; install */

/* The changed facts as an option goes on, and its steps. */
struct plan {
	struct exposure_facts facts;
	struct remedy_option *option;
};

/* A new option, from the facts of now with the failed start taken as history. */
static struct plan plan_begin(struct exposure_context *x, struct remedy *remedy)
{
	struct plan plan = { .facts = x->facts, .option = &remedy->options[remedy->n_options++] };
	size_t most = x->server->n_adapters + 3;

	plan.facts.failing = FACT_IS(false);
	plan.option->steps = arena_alloc_array(x->arena, most, sizeof *plan.option->steps);
	return plan;
}

static struct remedy_step *plan_step(struct plan *plan, enum remedy_action action, const char *text)
{
	struct remedy_step *step = &plan->option->steps[plan->option->n_steps++];
	*step = (struct remedy_step){
		.action = action,
		.verdict_after = exposure_judge(&plan->facts, NULL),
		.text = text,
	};
	return step;
}

static void plan_end(struct exposure_context *x, struct plan *plan)
{
	if (x->verdict == VERDICT_FAILING)
		plan_step(plan, REMEDY_START_MTA,
			  "Start the service Microsoft Exchange Message Transfer Agent "
			  "(MSExchangeMTA).");
}

/* Active, and not good. */
static bool needs_mending(const struct site_adapter *adapter)
{
	return adapter->state > ADAPTER_GOOD;
}

/* A step for each adapter that is not good, which is in `state` from then on. */
static void offer_for_adapters(struct exposure_context *x, struct remedy *remedy,
			       enum remedy_action action, enum adapter_state state,
			       const char *verb)
{
	const struct site_server *server = x->server;
	enum adapter_state *states =
		arena_alloc_array(x->arena, server->n_adapters, sizeof *states);
	struct plan plan = plan_begin(x, remedy);

	for (size_t i = 0; i < server->n_adapters; i++)
		states[i] = server->adapters[i].state;
	for (size_t i = 0; i < server->n_adapters; i++) {
		const struct report_adapter *adapter = server->adapters[i].facts;
		if (!needs_mending(&server->adapters[i]))
			continue;
		states[i] = state;
		plan.facts.adapters = exposure_adapters_as(server, states);
		const char *label = exposure_adapter_label(x, adapter);
		const char *text =
			arena_printf(x->arena, "%s adapter %s%s", verb, label,
				     action == REMEDY_CONNECT_ADAPTER ? AS_HEARTBEAT : ".");
		plan_step(&plan, action, text)->adapter = adapter->id;
	}
	plan_end(x, &plan);
}

/* No adapter can be spared, and `why`: what would have to work instead. */
static void list_missing_paths(struct exposure_context *x, struct remedy *remedy, const char *why)
{
	const struct site_server *server = x->server;
	size_t most = 0;

	for (size_t i = 0; i < server->n_adapters; i++)
		most += server->adapters[i].n_paths;
	remedy->text = why;
	remedy->missing_paths = arena_alloc_array(x->arena, most, sizeof *remedy->missing_paths);
	for (size_t i = 0; i < server->n_adapters; i++) {
		const struct site_adapter *adapter = &server->adapters[i];
		for (size_t j = 0; needs_mending(adapter) && j < adapter->n_paths; j++) {
			const struct site_path *path = &adapter->paths[j];
			if (path->conclusive && !path->falls_short && !path->borrowed)
				continue;
			remedy->missing_paths[remedy->n_missing_paths++] = (struct missing_path){
				.adapter = adapter->facts->id,
				.peer = path->peer,
				.grade = path->grade,
				.error = path->error,
				.proven = path->proven,
			};
		}
	}
}

static void offer_fix(struct exposure_context *x, struct remedy *remedy)
{
	struct plan plan = plan_begin(x, remedy);

	if (exposure_needs_service_pack(x->report)) {
		plan.facts.era = FACT_IS(ERA_WINDOW);
		plan_step(&plan, REMEDY_INSTALL_SERVICE_PACK,
			  "Install Exchange Server 5.5 Service Pack 4, which the fix needs.");
	}
	plan.facts.era = FACT_IS(ERA_FIXED);
	plan_step(&plan, REMEDY_INSTALL_FIX,
		  "Bring Emsmta.exe and the other files of the set to 5.5.2654.54 or later (fix "
		  "Q285350, or roll-up Q283238 from 5.5.2654.89 on).");
	plan_end(x, &plan);
}

/* With the failed start as history, is there nothing left that would make the next one fail? */
static bool start_alone_may_do(const struct exposure_context *x)
{
	struct exposure_facts facts = x->facts;

	facts.failing = FACT_IS(false);
	return x->verdict == VERDICT_FAILING && exposure_judge(&facts, NULL) >= VERDICT_CLEAR;
}

static bool any_certain_trouble(const struct exposure_context *x)
{
	for (size_t i = 0; i < x->server->n_adapters; i++) {
		if (x->server->adapters[i].state >= ADAPTER_BORROWED)
			return true;
	}
	return false;
}

static bool wants_remedy(const struct exposure_context *x)
{
	if (verdict_is_harmful(x->verdict))
		return true;
	return x->verdict == VERDICT_UNKNOWN && x->server->n_active >= 2 && any_certain_trouble(x);
}

/* Two or more are active. */
static void offer_adapters(struct exposure_context *x, struct remedy *out)
{
	size_t good = exposure_count_adapters(x->server, ADAPTER_GOOD);

	if (x->server->n_active == good)
		return;
	if (!exposure_fact_is(x->facts.clustered, false)) {
		const char *may_be = x->report->exchange.clustered == TRISTATE_YES
					     ? "An adapter of a cluster"
					     : "It is not known whether this is a cluster, so an "
					       "adapter";
		const char *why = arena_printf(x->arena,
					       "%s may be its private network (the heartbeat) and "
					       "must not be disabled for this: make the missing "
					       "paths work.",
					       may_be);
		list_missing_paths(x, out, why);
		offer_for_adapters(x, out, REMEDY_CONNECT_ADAPTER, ADAPTER_GOOD,
				   "Connect the network of");
	} else if (good == 0) {
		list_missing_paths(x, out,
				   "No adapter is good, so disabling is no way out: make the "
				   "missing paths work, or the adapters' links.");
	} else {
		offer_for_adapters(x, out, REMEDY_DISABLE_ADAPTER, ADAPTER_INACTIVE, "Disable");
	}
}

/* Words for the first thing to check on the way from an adapter that is not good. */
static void advise(struct exposure_context *x, struct remedy *out)
{
	for (size_t i = 0; i < x->server->n_adapters; i++) {
		const struct site_adapter *adapter = &x->server->adapters[i];
		const char *bare = exposure_without_dhcp(x, adapter->facts);
		const char *advice = NULL;

		if (!needs_mending(adapter))
			continue;
		if (bare)
			advice = arena_printf(x->arena,
					      "%s of adapter %s: " NO_DHCP_ANSWER
					      "; see to its cable and to the DHCP server.",
					      bare, adapter->facts->id);
		else if (exposure_lacks_route(adapter))
			advice = arena_printf(x->arena,
					      "No route: check the gateway of adapter %s, and the "
					      "routes.",
					      adapter->facts->id);
		if (advice)
			out->text = out->text ? arena_printf(x->arena, "%s %s", out->text, advice)
					      : advice;
	}
}

void exposure_make_remedy(struct exposure_context *x, struct remedy *out)
{
	bool fix_helps = !exposure_fact_is(x->facts.era, ERA_FIXED) &&
			 !exposure_fact_is(x->facts.clustered, true);

	*out = (struct remedy){ 0 };
	if (!wants_remedy(x))
		return;
	out->options = arena_alloc_array(x->arena, MAX_OPTIONS, sizeof *out->options);
	if (start_alone_may_do(x)) {
		struct plan plan = plan_begin(x, out);
		plan_end(x, &plan);
	}
	if (x->server->n_active >= 2) {
		offer_adapters(x, out);
		advise(x, out);
	}
	if (fix_helps)
		offer_fix(x, out);
}
