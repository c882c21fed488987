/*
 * A snapshot: one report as the collector knows it, that is, read, and with the time that counts,
 * the moment of receipt minus its age. Immutable once made, and counted, since the fleet, the views
 * and changes on their way to the store hold it at the same time.
 *
 * References are counted on the loop's thread only.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "proto/arena.h"
#include "proto/report.h"
#include "proto/report_json.h"
#include "proto/status.h"

#define SNAPSHOT_KEY_SIZE (REPORT_MAX_STRING + 1)

struct snapshot {
	struct report report; /* with received_at_ms and age_s, as an export carries them */
	int64_t at_ms;        /* time of the report */
	const char *key;      /* who reports: the short host name in lower case */
	uint64_t body_hash;   /* of the text it was read from: tells a repetition from a conflict */
	struct arena arena;   /* private */
	unsigned references;  /* private */
};

/*
 * Reads `body`, received at `received_at_ms` when its facts were `age_s` old. On success `*out` has
 * one reference; on failure the status and `error` are those of report_json_read().
 */
enum status snapshot_read(const char *body, size_t size, int64_t received_at_ms, int64_t age_s,
			  struct snapshot **out, struct report_json_error *error);

/* Another reference to it, for another holder. */
struct snapshot *snapshot_ref(struct snapshot *snapshot);

/* Gives a reference back; the last one frees it. NULL is allowed. */
void snapshot_unref(struct snapshot *snapshot);

/* The key of a host name: up to its first dot, ASCII letters in lower case. Returns `key`. */
char *snapshot_key(const char *host_name, char key[SNAPSHOT_KEY_SIZE]);

/* The hash that `body_hash` is (FNV-1a, 64 bit): the same in every version, for it is stored. */
uint64_t snapshot_hash(const char *bytes, size_t size);
