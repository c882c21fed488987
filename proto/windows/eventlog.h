/*
 * Windows NT event logs as bytes: buffers as ReadEventLog gives them, and .evt files as they lie on
 * a (copied) disk. Both hold the same records (EVENTLOGRECORD), so one iterator reads both.
 *
 *   struct eventlog_filter filter = { .source = "MSExchangeMTA" };
 *   struct eventlog log;
 *   struct eventlog_event event;
 *   if (eventlog_open_file(&log, bytes, size) == STATUS_OK)
 *           while (eventlog_next(&log, &filter, &arena, &event))
 *                   ...
 *   log.lost is now how many records could not be read
 *
 * The bytes are borrowed and must outlive the struct eventlog, which owns nothing itself. Nothing
 * here opens a file or calls the event log service. Records are foreign bytes: what does not hold
 * together is skipped up to the next record's signature and counted.
 *
 * A file is a ring: the oldest record lies at any place, and one record may run over the end of the
 * file and go on behind the header. The service writes the header's offsets only when it stops, so
 * a file taken from a running or dead server has a stale ("dirty") header; the end-of-file record
 * of the highest next record number, which is always right, is found by its pattern then. Remains
 * of overwritten records between that record and the oldest one are no part of the log and are not
 * given out. A file that does not hold what its header or its records tell of is read as far as it
 * goes, and `gap` says so.
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

/* Bytes of a computer's name with its NUL; what is longer is cut. */
#define EVENTLOG_MAX_COMPUTER 128

/* EVENTLOG_*_TYPE of winnt.h. */
enum eventlog_type {
	EVENTLOG_TYPE_SUCCESS = 0,
	EVENTLOG_TYPE_ERROR = 1,
	EVENTLOG_TYPE_WARNING = 2,
	EVENTLOG_TYPE_INFORMATION = 4,
	EVENTLOG_TYPE_AUDIT_SUCCESS = 8,
	EVENTLOG_TYPE_AUDIT_FAILURE = 16,
};

/* A record; its strings and their array are in the arena that was given. */
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

/* Why the newest records of a file may be missing. */
enum eventlog_gap {
	EVENTLOG_WHOLE,       /* none are: it was read to its end */
	EVENTLOG_PAST_FILE,   /* the header points behind the end of the file */
	EVENTLOG_NO_END,      /* there is no end-of-file record */
	EVENTLOG_RECORDS_GONE /* header or records tell of more than what stands before the end */
};

/* The records that are asked for. */
struct eventlog_filter {
	const char *source; /* without ASCII case; NULL: any */
	/*
	 * The names of one machine, short or with a domain: only the short name counts, without
	 * ASCII case, and one that was cut to 15 characters (NetBIOS) is the same as the whole one.
	 */
	const char *const *computers;
	size_t n_computers; /* 0: records of any machine */
	uint32_t after;     /* records up to this number are passed over, and counted nowhere */
};

struct eventlog {
	enum eventlog_gap gap; /* of a file; told when it is opened */

	/* For the owner to read, complete once eventlog_next has returned false. */
	size_t lost;    /* records that are damaged; told by record numbers where these are known */
	size_t records; /* sound ones, of whatever source and machine */
	size_t own;     /* of them, written by the machine that the filter names */
	size_t of_source; /* own ones of the source that the filter names */
	size_t foreign;   /* records of the source that were left out: of other machines */
	char other[EVENTLOG_MAX_COMPUTER]; /* the last one of these; "": none */
	uint32_t oldest_number;            /* of the first sound record; 0: there is none */
	uint32_t newest_number;            /* of the last one */
	int64_t oldest_ms;                 /* when they were generated; TIMESTAMP_NONE: none was */
	int64_t newest_ms;

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
 * The next record that the filter lets through. False when there is none left; `*out` is then as it
 * was. Other records cost no memory (but for the one that runs over the end of the file).
 *
 * UTF-16 that is invalid (a surrogate alone) becomes U+FFFD.
 */
bool eventlog_next(struct eventlog *log, const struct eventlog_filter *filter, struct arena *arena,
		   struct eventlog_event *out);

/* When record `number` of a log that was just opened was generated; TIMESTAMP_NONE: not there. */
int64_t eventlog_time_of(const struct eventlog *log, uint32_t number);
