/*
 * Reports that are not yet with the collector, on disk: DIR/spool holds one file a report, and
 * DIR/rejected the last ones that the collector refused, to look at.
 *
 * Where the disk takes no report the newest one is kept in memory. Any thread: one puts reports in,
 * another one takes them out.
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

#include "agent/host/moment.h"
#include "proto/base/arena.h"
#include "proto/base/status.h"
#include "proto/report/report.h"

#define SPOOL_MAX_REPORTS  288      /* a day at the default interval */
#define SPOOL_MAX_BYTES    16777216 /* 16 MiB */
#define SPOOL_MAX_REJECTED 16

struct spool;

/* A report that was looked at. */
struct spooled {
	int64_t number; /* by which it is removed or rejected */
	char *body;     /* to be passed to free() */
	int64_t age_ms; /* since it was collected */
};

/*
 * Opens the spool below `dir`, makes the folders, and looks through what is there. A disk that
 * cannot be used is logged and done without.
 */
struct spool *spool_open(const char *dir);
void spool_close(struct spool *spool);

size_t spool_count(struct spool *spool);

/* Reports that were dropped since it was opened, because there was no room or they were damaged. */
size_t spool_dropped(struct spool *spool);

/*
 * Keeps a report that was collected at `at`. It is on the disk when this returns STATUS_OK; on a
 * failure, which is logged, it is only in memory, and only as long as no other follows.
 */
enum status spool_put(struct spool *spool, const char *body, const struct moment *at);

/*
 * The newest report that is left, its age by `now`.
 *
 * STATUS_NOT_FOUND  none is left
 */
enum status spool_get_newest(struct spool *spool, const struct moment *now, struct spooled *out);

/*
 * Removes a report that the collector has taken. If it has been dropped meanwhile, that is no
 * failure.
 */
void spool_remove(struct spool *spool, int64_t number);

/* The collector refused it: puts it aside, so that it blocks nothing. */
void spool_reject(struct spool *spool, int64_t number);
