/*
 * Reports that are not yet with the collector, on disk: DIR/spool holds one file a report, and
 * DIR/rejected the last ones that the collector refused, to look at.
 *
 * A file is a line of head (format, SHA-256 of all that follows, both clocks at collection) and the
 * body, exactly as it is sent. Files are written whole or not at all; one that is
 * damaged all the same is skipped with a message and removed. Bounded: when there are more than
 * SPOOL_MAX_REPORTS or SPOOL_MAX_BYTES the oldest go, and are counted.
 *
 * How old a report is: by the monotonic clock, if it is of this process, or if the wall's clock
 * agrees with it; else (the machine was started again, its clock was set) by the wall's clock,
 * which is then the best that is known.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "agent/moment.h"
#include "proto/arena.h"
#include "proto/report.h"
#include "proto/status.h"

#define SPOOL_MAX_REPORTS  288      /* a day at the default interval */
#define SPOOL_MAX_BYTES    16777216 /* 16 MiB */
#define SPOOL_MAX_REJECTED 16

struct spool;

/*
 * Opens the spool below `dir`, makes the folders, and looks through what is there.
 *
 * STATUS_DENIED, STATUS_FULL, STATUS_SYSTEM ...  it cannot be used; logged
 */
enum status spool_open(struct spool **out, const char *dir);
void spool_close(struct spool *spool);

size_t spool_count(const struct spool *spool);

/* Reports that were dropped since it was opened, because there was no room or they were damaged. */
size_t spool_dropped(const struct spool *spool);

/*
 * Keeps a report that was collected at `at`. It is on the disk when this returns. A failure is
 * logged; the report is then not kept.
 */
enum status spool_put(struct spool *spool, const char *body, const struct moment *at);

/*
 * The newest report that is left, to be looked at until the next call; `*body` is to be passed to
 * free(). Its age by `now`.
 *
 * STATUS_NOT_FOUND  none is left
 */
enum status spool_get_newest(struct spool *spool, const struct moment *now, char **body,
			     int64_t *age_ms);

/* The newest one is with the collector: removes it. */
void spool_remove_newest(struct spool *spool);

/* The collector refused the newest one: puts it aside, so that it blocks nothing. */
void spool_reject_newest(struct spool *spool);
