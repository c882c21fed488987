/*
 * The facts that the exposure rule's six questions ask for, and the verdict they give: once with
 * every fact known, once with some of them missing. proto/exposure/exposure.c turns it into an
 * assessment.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "proto/base/version.h"
#include "proto/exposure/exposure.h"
#include "proto/site/site.h"

/* Where a build of Emsmta.exe stands in the history of the fault. */
enum exposure_era { ERA_BEFORE, ERA_WINDOW, ERA_FIXED };

/* The active adapters taken together, mildest first. */
enum exposure_adapters { ADAPTERS_FEWER_THAN_TWO, ADAPTERS_GOOD, ADAPTERS_RISKY, ADAPTERS_CUT };

/* Every fact known. */
struct exposure_case {
	bool has_mta; /* an Exchange 5.5 with an MTA service */
	bool failing;
	enum exposure_era era;
	bool clustered;
	enum exposure_adapters adapters;
};

enum verdict exposure_decide(const struct exposure_case *facts);

/* A fact as the set of values that it may have: bit n stands for value n. */
#define FACT_IS(value) (1U << (unsigned)(value))
#define FACT_EITHER    (FACT_IS(false) | FACT_IS(true))

struct exposure_facts {
	unsigned has_mta;
	unsigned failing;
	unsigned era;
	unsigned clustered;
	unsigned adapters;
};

/* The missing facts: those that have more than one possible value and could change the verdict. */
struct exposure_missing {
	bool has_mta;
	bool failing;
	bool era;
	bool clustered;
	bool adapters;
};

/* The facts as a report and the view of its site tell them. */
void exposure_facts_of(const struct site_server *server, struct exposure_facts *out);

/* The adapters' part of the facts if they were in these states, one each; NULL: as they are. */
unsigned exposure_adapters_as(const struct site_server *server, const enum adapter_state *states);

/* The verdict by the rule on missing facts; `missing` may be NULL. */
enum verdict exposure_judge(const struct exposure_facts *facts, struct exposure_missing *missing);

bool verdict_is_harmful(enum verdict verdict);

/* Whether there is an Exchange 5.5 with an MTA service, as a fact of the set above. */
unsigned exposure_has_mta(const struct report *report);

/* Does the fix need the service pack first? By Emsmta.exe, else by what the registry tells. */
bool exposure_needs_service_pack(const struct report *report);

/* The version of Emsmta.exe as the rule compares it; false if it is not known. */
bool exposure_mta_version(const struct report *report, struct version *out);

/* The build that the registry tells, as the rule compares it; false if it is not known. */
bool exposure_registry_build(const struct report *report, struct version *out);

/*
 * The start of the MTA that counts: the last one of the log, or the last failure where the report
 * tells no other. NULL where the log was not read or holds none.
 */
const struct report_start *exposure_last_start(const struct report *report);

/* Could the event log be read? */
bool exposure_log_was_read(const struct report *report);

/* The event of that id in a start, or NULL. */
const struct report_event *exposure_find_event(const struct report_start *start, int64_t id);

/* Did this start fail with the fault's signature: event 9321 with NT Error 11004? */
bool exposure_is_11004(const struct report_start *start);
