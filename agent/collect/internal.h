/* Shared by the collecting files, and included by nothing else. */
#pragma once

#include <stdbool.h>

#include "agent/collect/collect.h"
#include "agent/collect/mta_starts.h"
#include "agent/collect/name_lookup.h"
#include "agent/host/host.h"
#include "agent/platform/hash.h"
#include "proto/base/version.h"

#define COLLECT_N_FILES 12 /* of the advisory */

/* Facts of a file, valid while its place, size and time stay the same. */
struct collect_file {
	char *path; /* NULL: nothing yet */
	size_t size;
	int64_t modified_ms;
	enum file_state state;
	struct version version;
	char sha256[HASH_SHA256_TEXT_SIZE];
};

struct collect {
	struct host *host;
	struct name_lookup *names;
	struct collect_file files[COLLECT_N_FILES];
};

/* The report that is being collected. */
struct collecting {
	struct collect *kept;
	struct host *host;
	struct arena *arena;
	struct report *report;
	const char *run_directory; /* of the MTA's own files; NULL: not told */
	const char *running_build; /* as the newest startup event tells it; NULL: not told */
	uint32_t registry_build;   /* NewestBuild; 0: not told */
};

/* Notes why `fact` is absent. */
void collect_problem(struct collecting *c, const char *fact, const struct os_error *error);

/* Notes that the registry's value for `fact` is there, but is not what is `wanted`. */
void collect_misfit(struct collecting *c, const char *fact, const char *key, const char *name,
		    const char *wanted);

/* A text value; NULL where it is not there, is empty or (with a problem for `fact`) unreadable. */
const char *collect_text(struct collecting *c, const char *fact, const char *key, const char *name);

/* A number; false where it is not there or (with a problem for `fact`) unreadable. */
bool collect_number(struct collecting *c, const char *fact, const char *key, const char *name,
		    uint32_t *out);

/* Is Exchange with an MTA installed, what, where, in which site? Fills exchange but the version. */
void collect_exchange(struct collecting *c);

/* The service and its events. */
void collect_mta(struct collecting *c);

/* The events and the log that they are from; needs the names of the host and mta.service. */
void collect_events(struct collecting *c);

/* The twelve files; frees what is kept of them. */
void collect_files(struct collecting *c);
void collect_forget_files(struct collect *collect);

/* Version and service pack, from what all the others have found. */
void collect_version(struct collecting *c);
