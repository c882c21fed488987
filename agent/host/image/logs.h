/*
 * The Application log of a directory DIR that stands for a server's disk (agent/host/image/root.h).
 *
 * Which files are it:
 *   1. the one where the registry says that it lies (EventLog\Application, File), if it tells of
 *      the source that is asked about;
 *   2. or else all of these together that do: that file, DIR/NAME.evt, and AppEvent.Evt in
 *      system32\config below any folder of a drive (C:\WINNT, C:\WINNT.SBS ...);
 *   3. or else, of these, the ones that are not the System or the Security log.
 * Several files are read as one log: in the order of their records, those that occur in two of them
 * once. Numbers begin anew where a log was cleared when it was saved; then the times tell the
 * order.
 *
 * Event logs of later systems (.evtx) and exports of the Event Viewer as text cannot be read. They
 * are a gap where they tell of the source, or where nothing else does.
 */
#pragma once

#include <stdint.h>

#include "agent/host/host.h"
#include "proto/base/arena.h"
#include "proto/base/status.h"

#define IMAGE_MAX_LOGS 64 /* files that are looked into */

/*
 * As host_read_events(). `registered` is the Windows path that the registry tells, NULL: none.
 *
 * STATUS_NOT_FOUND  there is no Application log
 */
enum status image_logs_read(const char *dir, const char *registered,
			    const struct host_question *question, struct arena *arena,
			    struct host_answer *out, struct os_error *error);

/* Changes where one of the files changes that are looked into, or there are other ones. */
uint64_t image_logs_mark(const char *dir, const char *registered, struct arena *scratch);
