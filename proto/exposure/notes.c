#include "proto/exposure/advisory.h"
#include "proto/exposure/internal.h"

#define NAME_NOT_FOUND "a server's name was not found"
#define NAMES_REMEDY   "Give each server a full name in DNS or HOSTS"
#define BINDING_REMEDY "Bind the adapter of the site's network first"

static void note_name_lookups(struct exposure_context *x, struct reason_list *list)
{
	for (size_t i = 0; i < x->server->n_adapters; i++) {
		const struct site_adapter *adapter = &x->server->adapters[i];
		if (adapter->state == ADAPTER_INACTIVE)
			continue;
		for (size_t j = 0; j < adapter->facts->n_lookups; j++) {
			const struct report_lookup *lookup = &adapter->facts->lookups[j];
			if (lookup->reverse_error != ADVISORY_NT_ERROR_NO_DATA &&
			    lookup->forward_error != ADVISORY_NT_ERROR_NO_DATA)
				continue;
			struct reason *reason = reason_add(
				x, list, "name_lookup_11004",
				"Looking up %s of adapter %s gives error 11004, the error that the "
				"MTA names (Q303156, Q279537): give the address a name in DNS or "
				"HOSTS.",
				lookup->address ? lookup->address : "an address",
				adapter->facts->id);
			reason_text(reason, "adapter", adapter->facts->id);
			reason_text(reason, "address", lookup->address);
			reason_text(reason, "name", lookup->name);
		}
	}
}

static bool reaches_a_peer(const struct site_adapter *adapter)
{
	for (size_t i = 0; i < adapter->n_paths; i++) {
		if (adapter->paths[i].grade >= GRADE_EPM)
			return true;
	}
	return false;
}

static void note_inbound(struct exposure_context *x, struct reason_list *list)
{
	for (size_t i = 0; i < x->server->n_adapters; i++) {
		const struct site_adapter *adapter = &x->server->adapters[i];
		if (adapter->state == ADAPTER_INACTIVE || !reaches_a_peer(adapter))
			continue;
		if (adapter->n_inbound_failed == 0)
			continue;
		struct reason *reason = reason_add(x, list, "inbound_blocked",
						   "Adapter %s reaches other servers, but none of "
						   "them reaches it: RPC between "
						   "MTAs needs both ways.",
						   exposure_short_label(x, adapter->facts));
		reason_text(reason, "adapter", adapter->facts->id);
		reason_number(reason, "failed", (int64_t)adapter->n_inbound_failed);
	}
}

/* Faults of a failed start that look like ours, each with the event that shows it. */
static const struct sibling {
	const char *article;
	const char *what;
	const char *remedy;
	int16_t event;
	int16_t nt_error;  /* REPORT_ABSENT: any */
	bool after_listen; /* only beside 9321 */
} siblings[] = {
	{ "Q180795", "another program has the MTA's static RPC port", "Free it, or set another",
	  ADVISORY_EVENT_LISTEN_FAILED, ADVISORY_NT_ERROR_ENDPOINT, false },
	{ "Q279415", "beside 9321: the adapters' binding order", BINDING_REMEDY,
	  ADVISORY_EVENT_PERFMON, REPORT_ABSENT, true },
	{ "Q279537", NAME_NOT_FOUND, NAMES_REMEDY, ADVISORY_EVENT_BIND_FAILED,
	  ADVISORY_NT_ERROR_UNAVAILABLE, false },
	{ "Q279537", NAME_NOT_FOUND, NAMES_REMEDY, ADVISORY_EVENT_BACK_FAILED,
	  ADVISORY_NT_ERROR_UNAVAILABLE, false },
	{ "Q280449", "the MTA could not bind to another's over RPC", BINDING_REMEDY,
	  ADVISORY_EVENT_BIND_FAILED, REPORT_ABSENT, false },
};

static const struct report_event *find_sibling(const struct report_start *start,
					       const struct sibling *sibling)
{
	if (sibling->after_listen && !exposure_find_event(start, ADVISORY_EVENT_LISTEN_FAILED))
		return NULL;
	for (size_t i = 0; i < start->n_events; i++) {
		const struct report_event *event = &start->events[i];
		if (event->id == sibling->event &&
		    (sibling->nt_error == REPORT_ABSENT || event->nt_error == sibling->nt_error))
			return event;
	}
	return NULL;
}

/* Events beside the failed start that belong to other articles. */
static void note_other_articles(struct exposure_context *x, struct reason_list *list)
{
	const struct report_start *start = exposure_last_start(x->report);
	if (!start || start->outcome == START_OUTCOME_STARTED)
		return;

	const char *not_ours = exposure_is_11004(start) ? "" : "This is not error 11004. ";
	for (size_t i = 0; i < sizeof siblings / sizeof *siblings; i++) {
		const struct sibling *s = &siblings[i];
		const struct report_event *event = find_sibling(start, s);
		if (!event)
			continue;
		struct reason *reason =
			reason_add(x, list, "other_article", "%sEvent %d: %s (%s). %s.", not_ours,
				   (int)s->event, s->what, s->article, s->remedy);
		reason_text(reason, "article", s->article);
		reason_number(reason, "event", s->event);
		if (event->nt_error != REPORT_ABSENT)
			reason_number(reason, "nt_error", event->nt_error);
		reason_text(reason, "remedy", s->remedy);
	}
}

static const char *why_not_running(const struct exposure_context *x)
{
	if (x->report->mta.start_type == START_TYPE_DISABLED)
		return " The service is disabled.";
	if (exposure_fact_is(x->facts.clustered, true))
		return " On the passive node of a cluster that is normal.";
	return "";
}

static void note_not_running(struct exposure_context *x, struct reason_list *list)
{
	enum service_state service = x->report->mta.service;
	const struct report_start *start = exposure_last_start(x->report);
	bool failed = start && start->outcome != START_OUTCOME_STARTED;

	if (service == SERVICE_STATE_RUNNING || service == SERVICE_STATE_UNKNOWN || failed ||
	    !exposure_log_was_read(x->report))
		return;
	struct reason *reason =
		reason_add(x, list, "mta_not_running", "The MTA is not running (%s).%s",
			   service_state_name(service), why_not_running(x));
	reason_text(reason, "service", service_state_name(service));
	reason_text(reason, "start_type", start_type_name(x->report->mta.start_type));
}

/*
 * Since when the adapter has been in trouble, by the server's clock: since the last of the paths
 * that make it so went down. TIMESTAMP_NONE where a path does not tell.
 */
static int64_t trouble_since(const struct exposure_context *x, const struct site_adapter *adapter)
{
	int64_t since_ms = TIMESTAMP_NONE;
	bool isolated = adapter->state == ADAPTER_ISOLATED;

	for (size_t i = 0; i < adapter->n_paths; i++) {
		const struct site_path *path = &adapter->paths[i];
		if (!path->falls_short)
			continue;
		if (path->for_s == REPORT_ABSENT)
			return TIMESTAMP_NONE;
		int64_t from_ms = x->report->collected_at_ms - path->for_s * 1000;
		bool decides = isolated ? from_ms > since_ms : from_ms < since_ms;
		if (since_ms == TIMESTAMP_NONE || decides)
			since_ms = from_ms;
	}
	return since_ms;
}

static void note_started_like_this(struct exposure_context *x, struct reason_list *list)
{
	const struct report_start *start = exposure_last_start(x->report);

	if (!start || start->outcome != START_OUTCOME_STARTED || start->at_ms == TIMESTAMP_NONE)
		return;
	for (size_t i = 0; i < x->server->n_adapters; i++) {
		const struct site_adapter *adapter = &x->server->adapters[i];
		int64_t since_ms = trouble_since(x, adapter);
		if (adapter->state < ADAPTER_PARTIAL || since_ms == TIMESTAMP_NONE ||
		    start->at_ms <= since_ms)
			continue;
		char *at = arena_alloc(x->arena, TIMESTAMP_TEXT_SIZE);
		struct reason *reason = reason_add(
			x, list, "started_in_this_state",
			"The MTA last started at %s, when adapter %s was already like this: it did "
			"start once so.",
			timestamp_format(start->at_ms, at), adapter->facts->id);
		reason_text(reason, "adapter", adapter->facts->id);
		reason_text(reason, "at", at);
		reason_number(reason, "event", ADVISORY_EVENT_STARTED);
	}
}

static void note_without_dhcp(struct exposure_context *x, struct reason_list *list)
{
	for (size_t i = 0; i < x->server->n_adapters; i++) {
		const struct report_adapter *adapter = x->server->adapters[i].facts;
		const char *address = exposure_without_dhcp(x, adapter);
		if (!address || adapter->enabled == TRISTATE_NO)
			continue;
		struct reason *reason = reason_add(x, list, "no_dhcp_answer",
						   "Adapter %s holds %s: " NO_DHCP_ANSWER
						   ". See to its cable and to "
						   "the DHCP server, or give it an address.",
						   adapter->id, address);
		reason_text(reason, "adapter", adapter->id);
		reason_text(reason, "address", address);
	}
}

void exposure_add_notes(struct exposure_context *x, struct reason_list *list)
{
	if (exposure_fact_is(x->facts.has_mta, false))
		return;
	if (x->server->n_active >= 2) {
		note_name_lookups(x, list);
		note_inbound(x, list);
		note_started_like_this(x, list);
	}
	note_without_dhcp(x, list);
	note_other_articles(x, list);
	note_not_running(x, list);
}
