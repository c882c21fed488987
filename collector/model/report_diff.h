/*
 * What the history of a server tells: how one of its reports differs from the one before, in what
 * an administrator would ask for afterwards. Times, counters and probes are none of it: they differ
 * in every report. Pure.
 *
 * A kind and its detail, a JSON object:
 *   "adapters"   {"added": [adapter], "removed": [adapter], "changed": [{"before", "after"}]};
 *                an adapter is {"id", "description", "enabled", "link", "addresses"}
 *   "build"      {"before": {"version", "service_pack", "build"}, "after": {...}}: of Exchange
 *   "files"      {"changed": [{"name", "before": {"state", "version", "sha256"}, "after": {...}}]},
 *                null where the file was not looked for
 *   "mta"        {"before": "running", "after": "stopped"}: the state of the service
 *   "mta_start"  {"at", "outcome": "started" or "failed", "events": [{"id", "nt_error"}]}
 *   "place"      {"before": {"organization", "site", "server"}, "after": {...}}
 * The fleet adds what it concludes itself:
 *   "reported"   {}: its first report
 *   "reach"      {"adapters": [{"id", "state"}]}: all of them, as they were judged
 *   "verdict"    {"before", "after", "reasons": [code]}
 *   "silent"     {"silent": true or false}
 *   "drift"      {"began": [mark], "ended": [mark]}: marks of collector/model/drift_marks.h
 *   "removed"    {"by", "reason"}: somebody took it out of the fleet
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "proto/report/report.h"

/* Bytes of a detail; a longer one is told as {"too_long": true}. */
#define REPORT_DIFF_MAX_DETAIL 16384

/*
 * A number that is another one where a comparison would tell something, or the drift of a server
 * may be another one: so that only then the report before has to be read.
 */
uint64_t report_diff_fingerprint(const struct report *report);

/*
 * `each` gets every difference; the detail is borrowed for the call. A fact that one of them could
 * not read is no difference.
 */
typedef void report_diff_each(void *user, const char *kind, const char *detail);
void report_diff_compare(const struct report *before, const struct report *after,
			 report_diff_each *each, void *user);

/* The codes of reasons, as a JSON array, out of what verdict_json_write_findings() made; free(). */
char *report_diff_reasons(const char *findings_json);
