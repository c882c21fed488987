/*
 * A snapshot: one report as the collector knows it, that is, read, and with the time that counts.
 * Immutable once made, and counted, since the fleet, the views and changes on their way to the
 * store hold it at the same time.
 *
 * References are counted on the loop's thread only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/arena.h"
#include "proto/base/status.h"
#include "proto/report/json.h"
#include "proto/report/report.h"

struct snapshot {
	struct report report; /* with received_at_ms and age_s where a collector received it */
	int64_t at_ms;        /* time of the report */
	const char *key;      /* who reports: server_key() of its host name */
	uint64_t body_hash;   /* hash_bytes() of its text: tells a repetition from a conflict */
	bool stands; /* it came from an agent that enrolled long ago (collector/pipeline/sender.h) */
	bool is_own; /* it came from the agent that it names, which reports of no other server */
	const char *imported_by; /* who carried it; NULL: its agent sent it */
	struct arena arena;      /* private */
	unsigned references;     /* private */
};

/*
 * Reads `body`, received at `received_at_ms` when its facts were `age_s` old: its time is the
 * difference. On success `*out` has one reference; on failure the status and `error` are those of
 * report_json_read().
 */
enum status snapshot_read(const char *body, size_t size, int64_t received_at_ms, int64_t age_s,
			  struct snapshot **out, struct json_error *error);

/*
 * Reads a report from a file: its time is received_at minus age_s where a collector exported it,
 * else collected_at.
 */
enum status snapshot_read_file(const char *body, size_t size, struct snapshot **out,
			       struct json_error *error);

/* Notes who carried it, unless that is NULL. */
void snapshot_set_importer(struct snapshot *snapshot, const char *who);

/*
 * How far the clock of the machine is ahead of the collector's that received the report, in whole
 * seconds; SNAPSHOT_SKEW_UNKNOWN where none did, since its time is then that of the machine.
 */
#define SNAPSHOT_SKEW_UNKNOWN INT64_MIN
int64_t snapshot_clock_skew_s(const struct snapshot *snapshot);

/* Another reference to it, for another holder. */
struct snapshot *snapshot_ref(struct snapshot *snapshot);

/* Gives a reference back; the last one frees it. NULL is allowed. */
void snapshot_unref(struct snapshot *snapshot);

/* Is `a` the later one of two reports of one machine? By time, then by sequence in one epoch. */
bool snapshot_is_later(const struct snapshot *a, const struct snapshot *b);

/*
 * The moment at which a server is judged whose latest report is this one: `now_ms` while the report
 * is fresh; afterwards, when the server is silent, the last moment at which it was.
 */
int64_t snapshot_judged_at(const struct snapshot *snapshot, int64_t now_ms);

/*
 * Order of sites: by organization and site, without case; zero means the same site. A machine whose
 * report names neither is a site of its own.
 */
int snapshot_compare_sites(const struct snapshot *a, const struct snapshot *b);
