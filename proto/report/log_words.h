/* How far an event log reaches, for people. */
#pragma once

#include "proto/base/arena.h"
#include "proto/report/report.h"

/*
 * "C:\...\AppEvent.Evt: records: 1204, from 2026-10-01 to 2026-11-22; no failed start of the MTA
 * since 2026-10-01, where the log begins". With `none_failed` false the last part is left out.
 * NULL: the report does not tell of the log.
 */
const char *report_log_words(const struct report_log *log, bool none_failed, struct arena *arena);

/* Was the log read to its end, and tells it of no start that failed? */
bool report_none_failed(const struct report *report);
