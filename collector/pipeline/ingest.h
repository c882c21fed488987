/*
 * Reports come in: read, taken by the fleet, stored, published, answered. The answer is written
 * only when the report is durable.
 */
#pragma once

#include <stdint.h>

#include "collector/http/call.h"
#include "collector/pipeline/pipeline.h"

/* How old the facts of a report may be, in seconds: ten years. */
#define INGEST_MAX_AGE_S (INT64_C(10) * 366 * 86400)

/*
 * Answers `call` with what becomes of the report in its body, whose facts are `age_s` old. `refuse`
 * answers those that look as if two machines had one name, `key`.
 */
enum ingest_refusal {
	INGEST_WRONG_AGENT, /* of another agent, or in another's name, than the caller's */
	INGEST_CONFLICTING, /* its identity came before with another body */
};
typedef void ingest_refuse(struct call *call, const char *key, enum ingest_refusal why);
void ingest_report(struct pipeline *pipeline, struct call *call, int64_t age_s,
		   ingest_refuse *refuse);

/*
 * The same of a report that somebody carries from a machine without a network. Its time is that of
 * `assess`: received_at minus age_s where a collector exported it, else collected_at; one from the
 * future is refused. It is stored with the line `audit` of the log, which is completed and lives as
 * long as the call; and it never takes the place of a newer one.
 */
void ingest_import(struct pipeline *pipeline, struct call *call, struct record_audit *audit,
		   ingest_refuse *refuse);
