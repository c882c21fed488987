/*
 * Reports come in: read, taken by the fleet, stored, published, answered. The answer is written
 * only when the report is durable.
 */
#pragma once

#include <stdint.h>

#include "collector/call.h"
#include "collector/pipeline.h"

/* How old the facts of a report may be, in seconds: ten years. */
#define INGEST_MAX_AGE_S (INT64_C(10) * 366 * 86400)

/*
 * Answers `call` with what becomes of the report in its body, whose facts are `age_s` old. One that
 * an agent makes of another agent or in another's name, `key`, `refuse_stranger` answers.
 */
typedef void ingest_stranger(struct call *call, const char *key);
void ingest_report(struct pipeline *pipeline, struct call *call, int64_t age_s,
		   ingest_stranger *refuse_stranger);

/*
 * The same of a report that somebody carries from a machine without a network. Its time is that of
 * `assess`: received_at minus age_s where a collector exported it, else collected_at; one from the
 * future is refused. It is stored with the line `audit` of the log, which is completed and lives as
 * long as the call; and it never takes the place of a newer one.
 */
void ingest_import(struct pipeline *pipeline, struct call *call, struct record_audit *audit);
