/*
 * Windows NT event logs as bytes: buffers as ReadEventLog gives them, and .evt files as they lie on
 * a (copied) disk. Both hold the same records (EVENTLOGRECORD), so one iterator reads both.
 *
 *   struct eventlog log;
 *   struct eventlog_event event;
 *   if (eventlog_open_file(&log, bytes, size) == STATUS_OK)
 *           while (eventlog_next(&log, "MSExchangeMTA", &arena, &event))
 *                   ...
 *   log.lost is now how many records could not be read
 *
 * The bytes are borrowed and must outlive the struct eventlog, which owns nothing itself. Nothing
 * here opens a file or calls the event log service. Records are foreign bytes: what does not hold
 * together is skipped up to the next record's signature and counted.
 *
 * A file is a ring: the oldest record lies at any place, and one record may run over the end of the
 * file and go on behind the header. The service writes the header's offsets only when it stops, so
 * a file taken from a running or dead server has a stale ("dirty") header; the end-of-file record,
 * which is always right, is found by its pattern then. Remains of overwritten records between that
 * record and the oldest one are no part of the log and are not given out.
 *
 * Formats: EVENTLOGRECORD, ELF_LOGFILE_HEADER and ELF_EOF_RECORD of the Windows SDK ("Event Log
 * File Format").
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/arena.h"
#include "proto/base/status.h"

/*
 * A larger .evt file is refused. Logs of the era have 512 KiB by default, some tens of MiB at most.
 */
#define EVENTLOG_MAX_FILE 67108864 /* 64 MiB */

/* The bits of an event id that name the message; above them are severity and facility. */
#define EVENTLOG_ID_MASK 0xFFFF

/* EVENTLOG_*_TYPE of winnt.h. */
enum eventlog_type {
	EVENTLOG_TYPE_SUCCESS = 0,
	EVENTLOG_TYPE_ERROR = 1,
	EVENTLOG_TYPE_WARNING = 2,
	EVENTLOG_TYPE_INFORMATION = 4,
	EVENTLOG_TYPE_AUDIT_SUCCESS = 8,
	EVENTLOG_TYPE_AUDIT_FAILURE = 16,
};

/* One record; its strings and their array are in the arena that was given. */
struct eventlog_event {
	uint32_t number;      /* of the record; rises from one to the next in a log */
	int64_t generated_ms; /* by the server's clock, as timestamp.h counts; whole seconds */
	uint32_t full_id;     /* as stored, with severity and facility: for FormatMessage */
	uint16_t id;          /* masked with EVENTLOG_ID_MASK */
	uint16_t type;        /* enum eventlog_type, or what else the record says */
	uint16_t category;
	const char *source; /* UTF-8, never NULL; compared without case: proto/base/text.h */
	const char *computer;
	const char **strings; /* insertion strings %1, %2 ... in UTF-8, none of them NULL */
	size_t n_strings;
};

struct eventlog {
	/* For the owner to read, complete once eventlog_next has returned false. */
	size_t lost; /* records that are damaged; told by record numbers where these are known */

	/* Private. */
	const uint8_t *bytes;
	size_t size;
	size_t first; /* the ring begins here; with `wraps` it goes on here behind its end */
	bool wraps;
	size_t at;            /* next record */
	size_t left;          /* bytes that are still to be walked through */
	size_t skipped;       /* of them, before `at`: bytes of damage since the last record */
	bool numbered;        /* `number` is that of the last record */
	uint32_t number;      /* record numbers begin with 1 */
	uint32_t next_number; /* of the record that would come after the last one; 0: not known */
	bool sorted;          /* no end-of-file record: numbers that do not rise are of remains */
};

/*
 * Begins with a buffer of whole records, as one call of ReadEventLogW filled it. They are given out
 * in the buffer's order: oldest first, or newest first if the caller read backwards. One struct
 * eventlog per buffer; `lost` is then of that buffer.
 */
void eventlog_open_records(struct eventlog *log, const void *bytes, size_t size);

/*
 * Begins with the whole content of an .evt file; its records are given out in record order, oldest
 * first. `*log` is written only on success. An empty log is a success without records.
 *
 * STATUS_UNSUPPORTED  it is no NT event log (an .evtx of later systems neither), or its version is
 *                     not 1.1
 * STATUS_TRUNCATED    not even the header is there
 * STATUS_LIMIT        it is larger than EVENTLOG_MAX_FILE
 */
enum status eventlog_open_file(struct eventlog *log, const void *bytes, size_t size);

/*
 * The next record whose source is `source`, without ASCII case; NULL: of any source. False when
 * there is none left; `*out` is then as it was. Records of other sources cost no memory (but for
 * the one that runs over the end of the file).
 *
 * UTF-16 that is invalid (a surrogate alone) becomes U+FFFD.
 */
bool eventlog_next(struct eventlog *log, const char *source, struct arena *arena,
		   struct eventlog_event *out);
