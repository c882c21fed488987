/*
 * Streams of reports in a SQLite store, written without its thread; every call asserts that it went
 * well.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "collector/store/sqlite/internal.h"
#include "tests/unit/collector/store/store_fixture.h"

/* A text that is long enough that a second one is stored as a delta of the first. */
extern const char rig_same[256];

/* A connection of the writer's, without its thread. */
struct rig {
	struct fixture fixture;
	struct store_db db;
	char error[STORE_ERROR_SIZE];
	int64_t latest_ms; /* of the server "a" */
};

/* A store in a directory of its own, and its end. */
void rig_set_up(struct rig *rig);
void rig_tear_down(struct rig *rig);

/* Opens what lies in the directory, and brings it up to date. */
void rig_open(struct rig *rig);

/* The number that a query gives, and a change. */
int64_t rig_number(struct rig *rig, const char *query);
void rig_execute(struct rig *rig, const char *sql);

/* Stores a report of the agent "id" under a name. */
void rig_put(struct rig *rig, const char *key, const char *epoch, int64_t sequence, int64_t at_ms,
	     const char *body);

/* What is kept of so many reports, and of so many days before a retention's `now_ms`. */
struct store_limits rig_keep(size_t reports, size_t days);

/* Drops what goes of the server "a", the first one; how much that was. */
size_t rig_retain(struct rig *rig, const struct store_retention *retention, size_t budget);

/* Whatever goes: a delta never loses its base, nor a server its latest report. */
void rig_check_bases(struct rig *rig);
