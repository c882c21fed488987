/*
 * Since when has each row had its grade? The rule of proto/site/site.h asks for it (`for_s`) to
 * tell a path that is really cut from a peer that just restarts.
 *
 * A row is an adapter, a peer (none: a self-probe) and an address. In the first cycle that sees a
 * row at a grade its for_s is 0; after that it grows by the time between the cycles, for as long
 * as every cycle sees the same grade. A cycle that is missed, for one row or (a gap longer than the
 * caller allows) for all, begins anew.
 *
 * Time is the monotonic clock's: setting the wall clock changes nothing. Over a restart of the
 * agent both clocks must agree on the gap (agent/host/moment.h); where they do not, because the
 * machine was started again or its clock was set meanwhile, everything begins anew. So for_s may be
 * shorter than the truth, never longer.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "agent/host/host.h"
#include "agent/host/moment.h"
#include "proto/base/status.h"
#include "proto/report/report.h"

#define GRADE_HISTORY_MAX_ROWS  (REPORT_MAX_PROBES + REPORT_MAX_ADAPTERS * HOST_MAX_ADDRESSES)
#define GRADE_HISTORY_MAX_BYTES 4194304 /* of the file: 4 MiB */

struct grade_history;

struct grade_history *grade_history_new(void);
void grade_history_free(struct grade_history *history);

/*
 * Takes the file of an earlier process, as the cycle before the first one.
 *
 * STATUS_NOT_FOUND  there is none
 * STATUS_MALFORMED  it is damaged: as if there were none
 * others            it cannot be read: the same
 */
enum status grade_history_load(struct grade_history *history, const char *path);

/*
 * A cycle begins. The last one counts as the one before it only if it began at most `max_gap_ms`
 * ago.
 */
void grade_history_begin(struct grade_history *history, const struct moment *now,
			 int64_t max_gap_ms);

/* Notes the grade of a row in this cycle. Returns its for_s. `peer` NULL: a self-probe. */
int64_t grade_history_note(struct grade_history *history, const char *adapter, const char *peer,
			   const char *to, enum grade grade);

/* Saves what this cycle noted. Failures as of files_replace(). */
enum status grade_history_save(const struct grade_history *history, const char *path);
