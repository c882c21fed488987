#include "proto/base/casefold.h"
#include "proto/base/count.h"
#include "proto/base/text.h"
#include "proto/exposure/advisory.h"
#include "proto/exposure/internal.h"
#include "proto/report/probe_words.h"

/* How many paths a sentence names; the evidence lists all. */
#define NAMED_PATHS 3

static bool has_mta_for_all_we_know(const struct exposure_context *x)
{
	return !exposure_fact_is(x->facts.has_mta, false);
}

/* "EXCH2: none (timeout), proven mta" for the evidence. */
static const char *path_label(struct exposure_context *x, const struct site_path *path)
{
	const char *grade = grade_name(path->grade);
	const char *error = probe_error_words(path->error);
	const char *proven = grade_name(path->proven);

	const char *const parts[] = {
		path->peer,
		": ",
		grade ? grade : "not probed",
		error ? " (" : "",
		error ? error : "",
		error ? ")" : "",
		proven ? ", proven " : "",
		proven ? proven : "",
	};

	return arena_join(x->arena, parts, COUNT(parts));
}

typedef bool path_filter(const struct site_path *path);

static bool is_short(const struct site_path *path)
{
	return path->falls_short;
}

static bool is_borrowed(const struct site_path *path)
{
	return path->borrowed && path->conclusive;
}

static bool is_probed(const struct site_path *path)
{
	return path->grade != GRADE_UNKNOWN;
}

/* Evidence: the adapter, its addresses, and those of its paths that `filter` takes. */
static void add_adapter_evidence(struct exposure_context *x, struct reason *reason,
				 const struct site_adapter *adapter, path_filter *filter)
{
	const char **paths = arena_alloc_array(x->arena, adapter->n_paths, sizeof *paths);
	size_t n = 0;

	for (size_t i = 0; i < adapter->n_paths; i++) {
		if (filter(&adapter->paths[i]))
			paths[n++] = path_label(x, &adapter->paths[i]);
	}
	reason_text(reason, "adapter", adapter->facts->id);
	reason_text(reason, "description", adapter->facts->description);
	reason_text(reason, "link", link_state_name(adapter->facts->link));
	reason_list_of(reason, "addresses", adapter->facts->addresses, adapter->facts->n_addresses);
	reason_list_of(reason, "peers", paths, n);
}

/* "EXCH2 (no route), EXCH3 (...) and 4 more" */
static const char *name_paths(struct exposure_context *x, const struct site_adapter *adapter,
			      path_filter *filter)
{
	const char *text = "";
	size_t n = 0;

	for (size_t i = 0; i < adapter->n_paths; i++) {
		const struct site_path *path = &adapter->paths[i];
		if (!filter(path))
			continue;
		if (n < NAMED_PATHS)
			text = arena_printf(x->arena, "%s%s%s (%s)", text, n ? ", " : "",
					    path->peer, probe_words(path->grade, path->error));
		n++;
	}
	if (n > NAMED_PATHS)
		text = arena_printf(x->arena, "%s and %zu more", text, n - NAMED_PATHS);
	return text;
}

static const char *hint_of_route(struct exposure_context *x, const struct site_adapter *adapter)
{
	/* without an address from DHCP there is none to be expected */
	return exposure_lacks_route(adapter) && !exposure_without_dhcp(x, adapter->facts)
		       ? arena_printf(x->arena,
				      " No route: check the gateway of %s, and the routes.",
				      adapter->facts->id)
		       : "";
}

static void add_isolated(struct exposure_context *x, struct reason_list *list,
			 const struct site_adapter *adapter)
{
	const char *label = exposure_short_label(x, adapter->facts);
	struct reason *reason;

	if (adapter->link_down_isolates) {
		reason = reason_add(x, list, "adapter_isolated",
				    "Adapter %s is cut off: its link is down, and it still holds "
				    "its address.",
				    label);
		add_adapter_evidence(x, reason, adapter, is_probed);
		reason = reason_add(x, list, "adapter_link_down",
				    "The link of adapter %s is down, and no probe left through "
				    "it.",
				    label);
		reason_text(reason, "adapter", adapter->facts->id);
		return;
	}
	reason = reason_add(x, list, "adapter_isolated",
			    "Adapter %s reaches no server of the site over RPC. It got so far: "
			    "%s.%s",
			    label, name_paths(x, adapter, is_short), hint_of_route(x, adapter));
	add_adapter_evidence(x, reason, adapter, is_short);
}

static void add_partial(struct exposure_context *x, struct reason_list *list,
			const struct site_adapter *adapter)
{
	struct reason *reason = reason_add(
		x, list, "adapter_partial",
		"Adapter %s reaches only a part of the site over RPC. Others get further on: "
		"%s.%s",
		exposure_short_label(x, adapter->facts), name_paths(x, adapter, is_short),
		hint_of_route(x, adapter));
	add_adapter_evidence(x, reason, adapter, is_short);
}

static void add_borrowed(struct exposure_context *x, struct reason_list *list,
			 const struct site_adapter *adapter)
{
	struct reason *reason = reason_add(
		x, list, "adapter_borrowed",
		"Adapter %s reaches the site only through another adapter. Its address is routed, "
		"its own wire leads to another network.",
		exposure_short_label(x, adapter->facts));
	add_adapter_evidence(x, reason, adapter, is_borrowed);
}

/* "C, D and this server", of those that hold an address. */
static const char *name_holders(struct exposure_context *x, const struct site_void *target)
{
	const struct site_holders *holders = &target->holders;
	size_t n = holders->n < SITE_NAMED_HOLDERS ? holders->n : SITE_NAMED_HOLDERS;
	const char *text = "";

	for (size_t i = 0; i < n; i++) {
		const char *name = site_holder_name(holders->first[i]);
		bool last = i + 1 == holders->n;
		text = arena_printf(x->arena, "%s%s%s", text,
				    i == 0 ? ""
				    : last ? " and "
					   : ", ",
				    casefold_equal(name, x->server->name) ? "this server" : name);
	}
	return holders->n > n ? arena_printf(x->arena, "%s and others", text) : text;
}

/* Targets that more than one server holds, or the server itself, tell nothing of the adapter. */
static void add_unjudged_for_holders(struct exposure_context *x, struct reason_list *list,
				     const struct site_adapter *adapter)
{
	const char **held = arena_alloc_array(x->arena, adapter->n_voids, sizeof *held);
	const char *all = "";

	for (size_t i = 0; i < adapter->n_voids; i++) {
		const struct site_void *target = &adapter->voids[i];
		char *address = arena_alloc(x->arena, IPV4_TEXT_SIZE);
		held[i] = arena_printf(x->arena, "%s is held by %s",
				       ipv4_format(target->address, address),
				       name_holders(x, target));
		if (i < NAMED_PATHS)
			all = arena_printf(x->arena, "%s%s%s", all, i ? "; " : "", held[i]);
	}
	struct reason *reason =
		reason_add(x, list, "adapter_unjudged",
			   "Adapter %s cannot be judged: %s%s. Probes of such an address tell "
			   "nothing: give every adapter an address of its own, and decommission "
			   "servers that are gone.",
			   exposure_short_label(x, adapter->facts), all,
			   adapter->n_voids > NAMED_PATHS ? " and so on" : "");
	add_adapter_evidence(x, reason, adapter, is_probed);
	reason_list_of(reason, "held", held, adapter->n_voids);
}

static void add_unjudged(struct exposure_context *x, struct reason_list *list,
			 const struct site_adapter *adapter)
{
	if (adapter->n_voids > 0) {
		add_unjudged_for_holders(x, list, adapter);
		return;
	}
	struct reason *reason = reason_add(
		x, list, "adapter_unjudged",
		"Adapter %s cannot be judged: no server of the site that is proven alive was "
		"probed through it.",
		exposure_short_label(x, adapter->facts));
	add_adapter_evidence(x, reason, adapter, is_probed);
}

/* Why no adapter at all can be judged by its probes. */
static void add_no_peer(struct exposure_context *x, struct reason_list *list)
{
	if (x->server->has_peer) {
		reason_add(x, list, "no_live_peer",
			   "No other server of the site was proven to answer RPC at the time of "
			   "the probes, so they say nothing about the adapters.");
	} else {
		reason_add(x, list, "no_peer_in_site",
			   "No other server of this site is known, so there is nothing to probe.");
	}
}

static void add_adapter_reason(struct exposure_context *x, struct reason_list *list,
			       const struct site_adapter *adapter)
{
	if (adapter->state == ADAPTER_ISOLATED)
		add_isolated(x, list, adapter);
	else if (adapter->state == ADAPTER_PARTIAL)
		add_partial(x, list, adapter);
	else if (adapter->state == ADAPTER_BORROWED)
		add_borrowed(x, list, adapter);
	else if (x->server->has_conclusive_peer || adapter->n_voids > 0)
		add_unjudged(x, list, adapter);
}

/* The worst first: it decides. */
static void add_adapter_reasons(struct exposure_context *x, struct reason_list *list)
{
	const struct site_server *server = x->server;

	for (int state = ADAPTER_ISOLATED; state >= ADAPTER_UNJUDGED; state--) {
		for (size_t i = 0; i < server->n_adapters; i++) {
			if ((int)server->adapters[i].state == state)
				add_adapter_reason(x, list, &server->adapters[i]);
		}
	}
	if (!server->has_conclusive_peer && exposure_count_adapters(server, ADAPTER_UNJUDGED) > 0)
		add_no_peer(x, list);
	if (exposure_count_adapters(server, ADAPTER_GOOD) == server->n_active)
		reason_add(x, list, "all_adapters_reach",
			   "Every active adapter reaches the site's servers over RPC.");
}

static void add_failure(struct exposure_context *x, struct reason_list *list)
{
	const struct report_start *start = exposure_last_start(x->report);
	const struct report_event *event = exposure_find_event(start, ADVISORY_EVENT_LISTEN_FAILED);
	bool fatal = exposure_find_event(start, ADVISORY_EVENT_INIT_FATAL) != NULL;
	int64_t at_ms = start->at_ms != TIMESTAMP_NONE ? start->at_ms : event->at_ms;
	char *at = arena_alloc(x->arena, TIMESTAMP_TEXT_SIZE);
	struct reason *reason = reason_add(
		x, list, "mta_11004",
		"The MTA is not running: its last start failed with event 9321, NT Error 11004%s.",
		fatal ? ", and event 9266" : "");

	reason_number(reason, "event", ADVISORY_EVENT_LISTEN_FAILED);
	reason_number(reason, "nt_error", ADVISORY_NT_ERROR_NO_DATA);
	if (fatal)
		reason_number(reason, "further_event", ADVISORY_EVENT_INIT_FATAL);
	if (at_ms != TIMESTAMP_NONE)
		reason_text(reason, "at", timestamp_format(at_ms, at));
	reason_text(reason, "text", event->text);
}

static const char *version_text(struct exposure_context *x, const struct version *version)
{
	return version_format(version, arena_alloc(x->arena, VERSION_TEXT_SIZE));
}

static void add_file_evidence(struct exposure_context *x, struct reason *reason,
			      const struct version *version)
{
	reason_text(reason, "file", ADVISORY_MTA_FILE);
	reason_text(reason, "version", version_text(x, version));
	reason_text(reason, "required", version_text(x, &advisory_q285350.fixed_in));
}

/* Versioned files of the set that are older than the fix, "X400om.dll 5.5.2653.12". */
static size_t list_older_files(struct exposure_context *x, const char **out)
{
	size_t n = 0;

	for (size_t i = 0; i < advisory_q285350.n_files; i++) {
		const struct advisory_file *wanted = &advisory_q285350.files[i];
		const struct report_file *file = report_find_file(x->report, wanted->name);
		struct version version;
		if (!wanted->versioned || !file || file->state != FILE_STATE_VERSIONED ||
		    !version_parse(file->version, &version))
			continue;
		version = advisory_normalize(version);
		if (version_compare(&version, &advisory_q285350.fixed_in) < 0)
			out[n++] = arena_printf(x->arena, "%s %s", wanted->name, file->version);
	}
	return n;
}

static void add_fixed(struct exposure_context *x, struct reason_list *list,
		      const struct version *version)
{
	const char **older = arena_alloc_array(x->arena, advisory_q285350.n_files, sizeof *older);
	size_t n_older = list_older_files(x, older);
	struct reason *reason = reason_add(
		x, list, "hotfix_present",
		"The fix is in: Emsmta.exe is at %s. Article Q285350 asks for 5.5.2654.54 or "
		"later.",
		version_text(x, version));

	add_file_evidence(x, reason, version);
	if (n_older == 0)
		return;
	reason = reason_add(x, list, "hotfix_mixed",
			    "Emsmta.exe holds the fix, but %zu other file%s of the set %s older: "
			    "complete the set.",
			    n_older, n_older == 1 ? "" : "s", n_older == 1 ? "is" : "are");
	reason_list_of(reason, "files", older, n_older);
}

static void add_before_the_fault(struct exposure_context *x, struct reason_list *list,
				 const struct version *version)
{
	bool warn = x->server->n_active >= 2 &&
		    exposure_count_adapters(x->server, ADAPTER_ISOLATED) > 0;
	struct reason *reason = reason_add(
		x, list, "before_the_fault",
		"Emsmta.exe %s is older than the fault, which came with 5.5.2651.75.%s",
		version_text(x, version),
		warn ? " Warning: an adapter is isolated, so the upgrade to Service Pack 4 would "
		       "expose this server."
		     : "");
	reason_text(reason, "file", ADVISORY_MTA_FILE);
	reason_text(reason, "version", version_text(x, version));
	if (warn)
		reason_text(reason, "warning", "adapter_isolated");
}

static void add_build_reasons(struct exposure_context *x, struct reason_list *list)
{
	struct version version;

	if (!exposure_mta_version(x->report, &version))
		return;
	if (exposure_fact_is(x->facts.era, ERA_BEFORE)) {
		add_before_the_fault(x, list, &version);
	} else if (exposure_fact_is(x->facts.era, ERA_FIXED)) {
		add_fixed(x, list, &version);
	} else {
		struct reason *reason = reason_add(
			x, list, "hotfix_missing",
			"The fix of article Q285350 is missing: Emsmta.exe is at %s, and "
			"5.5.2654.54 or later is needed.",
			version_text(x, &version));
		add_file_evidence(x, reason, &version);
	}
}

static void add_cluster(struct exposure_context *x, struct reason_list *list)
{
	if (!exposure_fact_is(x->facts.clustered, true))
		return;
	reason_add(
		x, list, "cluster_by_design",
		"On a cluster this is by design: the fix does not lift it, only adapters that all "
		"reach the site's servers do.");
}

static void add_running_exposed(struct exposure_context *x, struct reason_list *list)
{
	reason_add(x, list, "mta_may_fail_at_next_start",
		   "The MTA is running now; it will fail at its next start.");
}

static void add_despite_fix(struct exposure_context *x, struct reason_list *list)
{
	reason_add(x, list, "mta_failing_despite_fix",
		   "The fix is in, yet the last start failed: the failure may be older than the "
		   "fix. Start the MTA.");
}

static void add_single_homed(struct exposure_context *x, struct reason_list *list)
{
	reason_add(x, list, "single_homed",
		   "%s adapter is active. The article speaks of servers with two or more.",
		   x->server->n_active == 1 ? "Only one" : "No");
}

/* The build decides, or all that is clear without it is not what the adapters show. */
static bool build_leads(const struct exposure_context *x)
{
	const unsigned trouble = FACT_IS(ADAPTERS_RISKY) | FACT_IS(ADAPTERS_CUT);

	return x->verdict == VERDICT_PROTECTED || x->verdict == VERDICT_NOT_APPLICABLE ||
	       (x->verdict == VERDICT_CLEAR && (x->facts.adapters & trouble) != 0);
}

static void add_build_and_adapters(struct exposure_context *x, struct reason_list *list)
{
	bool leads = build_leads(x);

	if (leads)
		add_build_reasons(x, list);
	if (x->server->n_active >= 2)
		add_adapter_reasons(x, list);
	else if (x->report->adapters_known)
		add_single_homed(x, list);
	if (x->verdict == VERDICT_EXPOSED && x->report->mta.service == SERVICE_STATE_RUNNING)
		add_running_exposed(x, list);
	if (!leads)
		add_build_reasons(x, list);
}

void exposure_add_reasons(struct exposure_context *x, struct reason_list *list)
{
	if (!has_mta_for_all_we_know(x)) {
		reason_add(x, list, "no_exchange_mta",
			   "No Exchange 5.5 MTA is installed on this server.");
		return;
	}
	if (x->verdict == VERDICT_UNKNOWN)
		exposure_add_missing(x, list);
	if (x->verdict == VERDICT_FAILING)
		add_failure(x, list);
	if (x->verdict == VERDICT_FAILING && exposure_fact_is(x->facts.era, ERA_FIXED) &&
	    exposure_fact_is(x->facts.clustered, false))
		add_despite_fix(x, list);
	add_build_and_adapters(x, list);
	add_cluster(x, list);
	if (x->verdict != VERDICT_UNKNOWN)
		exposure_add_missing(x, list);
}
