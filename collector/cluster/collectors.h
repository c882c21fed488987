/*
 * What a look at the collectors that share a database means (collector/store/seat.h).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "collector/store/seat.h"
#include "proto/base/arena.h"

/* A collector that has not beaten for so long is not counted on. */
#define COLLECTORS_SILENT_MS (INT64_C(10) * 1000)

/* Further apart, times that one of them wrote mislead where another one reads them. */
#define COLLECTORS_CLOCKS_APART_MS (INT64_C(5) * 1000)

/* NULL: there is none of that node. */
const struct record_collector *collectors_find(const struct store_look *look, const char *node);

/* Does it run, as far as its last beat tells? */
bool collectors_runs(const struct store_look *look, const struct record_collector *collector);
bool collectors_stands_by(const struct store_look *look, const struct record_collector *collector);

/* Whose the lease is, and who runs; NULL: nobody. */
const struct record_collector *collectors_judge(const struct store_look *look);

/* The names of those that do not run and had not ended, parted by ", "; NULL: none. In `arena`. */
const char *collectors_away(const struct store_look *look, struct arena *arena);

/*
 * How many seconds each that runs is ahead of the database's clock, parted by ", ", where their clocks
 * are more than COLLECTORS_CLOCKS_APART_MS apart; else NULL. In `arena`.
 */
const char *collectors_clocks_apart(const struct store_look *look, struct arena *arena);

/* How far its clock is ahead of the database's; as good as a beat is quick. */
int64_t collectors_clock_ahead_ms(const struct record_collector *collector);

/* The names of the settings that two have not alike, parted by ", "; "": none. In `arena`. */
const char *collectors_differ(const struct record_collector *a, const struct record_collector *b,
			      struct arena *arena);

/*
 * May it be asked to judge, or be forgotten?
 *
 * STATUS_NOT_FOUND  there is none of that node
 * STATUS_CONFLICT   it does not stand by; it runs still
 */
enum status collectors_may_judge(const struct store_look *look, const char *node);
enum status collectors_may_be_forgotten(const struct store_look *look, const char *node);
