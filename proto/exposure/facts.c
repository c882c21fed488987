#include "proto/exposure/facts.h"

#include <string.h>

#include "proto/base/text.h"
#include "proto/exposure/advisory.h"

enum verdict exposure_decide(const struct exposure_case *facts)
{
	if (!facts->has_mta)
		return VERDICT_NOT_APPLICABLE;
	if (facts->failing)
		return VERDICT_FAILING;
	if (facts->era == ERA_BEFORE)
		return VERDICT_NOT_APPLICABLE;
	if (facts->era == ERA_FIXED && !facts->clustered)
		return VERDICT_PROTECTED;
	switch (facts->adapters) {
	case ADAPTERS_CUT:
		return VERDICT_EXPOSED;
	case ADAPTERS_RISKY:
		return VERDICT_AT_RISK;
	case ADAPTERS_GOOD:
	case ADAPTERS_FEWER_THAN_TWO:
		break;
	}
	return VERDICT_CLEAR;
}

bool verdict_is_harmful(enum verdict verdict)
{
	return verdict <= VERDICT_AT_RISK;
}

/* The verdicts of all cases that the facts allow, as a set. */
static unsigned possible_verdicts(const struct exposure_facts *facts)
{
	unsigned verdicts = 0;

	for (unsigned i = 0; i < 2 * 2 * 3 * 2 * 4; i++) {
		struct exposure_case one = {
			.has_mta = i % 2,
			.failing = i / 2 % 2,
			.era = (enum exposure_era)(i / 4 % 3),
			.clustered = i / 12 % 2,
			.adapters = (enum exposure_adapters)(i / 24),
		};
		if ((facts->has_mta & FACT_IS(one.has_mta)) &&
		    (facts->failing & FACT_IS(one.failing)) && (facts->era & FACT_IS(one.era)) &&
		    (facts->clustered & FACT_IS(one.clustered)) &&
		    (facts->adapters & FACT_IS(one.adapters)))
			verdicts |= FACT_IS(exposure_decide(&one));
	}
	return verdicts;
}

static bool is_single(unsigned set)
{
	return (set & (set - 1)) == 0;
}

/* One verdict for a set of verdicts (EXPOSURE: missing facts). */
static enum verdict combine(unsigned verdicts)
{
	unsigned harmful = verdicts & (FACT_IS(VERDICT_FAILING) | FACT_IS(VERDICT_EXPOSED) |
				       FACT_IS(VERDICT_AT_RISK));
	enum verdict mildest = VERDICT_NOT_APPLICABLE;

	while (!(verdicts & FACT_IS(mildest)))
		mildest--;
	if (is_single(verdicts) || harmful == verdicts)
		return mildest;
	return harmful ? VERDICT_UNKNOWN : VERDICT_CLEAR;
}

/* Can this member of `*facts` change the verdict, for some value of each of the others? */
static bool matters(const struct exposure_facts *facts, const unsigned *member)
{
	size_t offset = (size_t)((const char *)member - (const char *)facts);

	if (is_single(*member))
		return false;
	for (unsigned i = 0; i < 2 * 2 * 3 * 2 * 4; i++) {
		struct exposure_facts narrowed = {
			.has_mta = facts->has_mta & FACT_IS(i % 2),
			.failing = facts->failing & FACT_IS(i / 2 % 2),
			.era = facts->era & FACT_IS(i / 4 % 3),
			.clustered = facts->clustered & FACT_IS(i / 12 % 2),
			.adapters = facts->adapters & FACT_IS(i / 24),
		};
		memcpy((char *)&narrowed + offset, member, sizeof *member);
		if (!is_single(possible_verdicts(&narrowed)))
			return true;
	}
	return false;
}

enum verdict exposure_judge(const struct exposure_facts *facts, struct exposure_missing *missing)
{
	if (missing) {
		*missing = (struct exposure_missing){
			.has_mta = matters(facts, &facts->has_mta),
			.failing = matters(facts, &facts->failing),
			.era = matters(facts, &facts->era),
			.clustered = matters(facts, &facts->clustered),
			.adapters = matters(facts, &facts->adapters),
		};
	}
	return combine(possible_verdicts(facts));
}

static bool parse_normalized(const char *text, struct version *out)
{
	struct version version;
	if (!version_parse(text, &version))
		return false;
	*out = advisory_normalize(version);
	return true;
}

bool exposure_mta_version(const struct report *report, struct version *out)
{
	const struct report_file *file = report_find_file(report, ADVISORY_MTA_FILE);
	return file && file->state == FILE_STATE_VERSIONED && parse_normalized(file->version, out);
}

bool exposure_registry_build(const struct report *report, struct version *out)
{
	return parse_normalized(report->exchange.build, out);
}

unsigned exposure_has_mta(const struct report *report)
{
	struct version version;
	bool file_tells = exposure_mta_version(report, &version);
	bool is55 = file_tells && advisory_is_exchange55(&version);

	if (report->exchange.installed == TRISTATE_NO ||
	    report->mta.service == SERVICE_STATE_NOT_INSTALLED)
		return FACT_IS(false);
	if (file_tells && !is55)
		return FACT_IS(false);
	if (report->exchange.version) {
		is55 = text_equal(report->exchange.version, "5.5") ||
		       text_has_prefix(report->exchange.version, "5.5.");
		if (!is55)
			return FACT_IS(false);
	} else if (!file_tells && exposure_registry_build(report, &version)) {
		is55 = advisory_is_exchange55(&version);
		if (!is55)
			return FACT_IS(false);
	}
	return report->exchange.installed == TRISTATE_YES && is55 ? FACT_IS(true) : FACT_EITHER;
}

bool exposure_needs_service_pack(const struct report *report)
{
	struct version build;

	if (exposure_mta_version(report, &build) || exposure_registry_build(report, &build))
		return version_compare(&build, &advisory_q285350.needs) < 0;
	return report->exchange.service_pack != REPORT_ABSENT && report->exchange.service_pack < 4;
}

static unsigned era(const struct report *report)
{
	struct version version;

	if (!exposure_mta_version(report, &version)) {
		bool build_speaks = exposure_registry_build(report, &version);
		return FACT_IS(ERA_WINDOW) | FACT_IS(ERA_FIXED) |
		       (build_speaks ? 0 : FACT_IS(ERA_BEFORE));
	}
	if (version_compare(&version, &advisory_q285350.fault_since) < 0)
		return FACT_IS(ERA_BEFORE);
	if (version_compare(&version, &advisory_q285350.fixed_in) < 0)
		return FACT_IS(ERA_WINDOW);
	return FACT_IS(ERA_FIXED);
}

bool exposure_log_was_read(const struct report *report)
{
	return report->mta.known && !report_find_problem(report, "mta.events");
}

const struct report_start *exposure_last_start(const struct report *report)
{
	const struct report_start *start = &report->mta.last_start;
	const struct report_start *failure = &report->mta.last_failure;

	if (!exposure_log_was_read(report))
		return NULL;
	/* A start that tells nothing is not over, or leaves the telling to last_failure. */
	if (failure->present && start->outcome != START_OUTCOME_STARTED && start->n_events == 0)
		return failure;
	return start->present ? start : NULL;
}

const struct report_event *exposure_find_event(const struct report_start *start, int64_t id)
{
	for (size_t i = 0; i < start->n_events; i++) {
		if (start->events[i].id == id)
			return &start->events[i];
	}
	return NULL;
}

bool exposure_is_11004(const struct report_start *start)
{
	if (start->outcome == START_OUTCOME_STARTED)
		return false;
	for (size_t i = 0; i < start->n_events; i++) {
		if (start->events[i].id == ADVISORY_EVENT_LISTEN_FAILED &&
		    start->events[i].nt_error == ADVISORY_NT_ERROR_NO_DATA)
			return true;
	}
	return false;
}

static unsigned failing(const struct report *report)
{
	const struct report_start *start = exposure_last_start(report);

	if (report->mta.service == SERVICE_STATE_RUNNING)
		return FACT_IS(false);
	if (!exposure_log_was_read(report))
		return FACT_EITHER;
	if (!start || !exposure_is_11004(start))
		return FACT_IS(false);
	return report->mta.service == SERVICE_STATE_UNKNOWN ? FACT_EITHER : FACT_IS(true);
}

static unsigned clustered(const struct report *report)
{
	switch (report->exchange.clustered) {
	case TRISTATE_YES:
		return FACT_IS(true);
	case TRISTATE_NO:
		return FACT_IS(false);
	case TRISTATE_UNKNOWN:
		break;
	}
	return FACT_EITHER;
}

unsigned exposure_adapters_as(const struct site_server *server, const enum adapter_state *states)
{
	enum exposure_adapters worst = ADAPTERS_GOOD;
	size_t active = 0;
	bool unjudged = false;

	if (!server->report->adapters_known) {
		return FACT_IS(ADAPTERS_FEWER_THAN_TWO) | FACT_IS(ADAPTERS_GOOD) |
		       FACT_IS(ADAPTERS_RISKY) | FACT_IS(ADAPTERS_CUT);
	}
	for (size_t i = 0; i < server->n_adapters; i++) {
		enum adapter_state state = states ? states[i] : server->adapters[i].state;
		if (state == ADAPTER_INACTIVE)
			continue;
		active++;
		unjudged |= state == ADAPTER_UNJUDGED;
		if (state == ADAPTER_ISOLATED)
			worst = ADAPTERS_CUT;
		else if (state >= ADAPTER_BORROWED && worst < ADAPTERS_RISKY)
			worst = ADAPTERS_RISKY;
	}
	if (active < 2)
		return FACT_IS(ADAPTERS_FEWER_THAN_TWO);
	if (!unjudged)
		return FACT_IS(worst);
	/* Good, partial or isolated: none of it makes the others better. */
	return FACT_IS(worst) | FACT_IS(worst > ADAPTERS_RISKY ? worst : ADAPTERS_RISKY) |
	       FACT_IS(ADAPTERS_CUT);
}

void exposure_facts_of(const struct site_server *server, struct exposure_facts *out)
{
	*out = (struct exposure_facts){
		.has_mta = exposure_has_mta(server->report),
		.failing = failing(server->report),
		.era = era(server->report),
		.clustered = clustered(server->report),
		.adapters = exposure_adapters_as(server, NULL),
	};
}
