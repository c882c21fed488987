/*
 * Asks the store, off the loop, whether reports came before whose agents may have sent them
 * already: those that repeat what was not confirmed, or come late out of a spool; of the latter it
 * reads, too, what the site had reported then. One question is under way at a time, and all that
 * gather meanwhile are in the next one.
 *
 * The reports of one identity are answered in the order of their asking, and none finds less than
 * was taken before it: whoever takes one at once (fleet_find_earlier()) asks recall_is_asked()
 * first. The loop's thread only.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "collector/fleet/fleet.h"
#include "collector/store/store.h"

struct recall;

/* Both outlive it; `now_ms` is the time of the pipeline. */
struct recall *recall_new(struct store *store, struct fleet *fleet, int64_t (*now_ms)(void));

/* After the store is closed: then nobody waits any more. NULL is allowed. */
void recall_free(struct recall *recall);

/*
 * Runs `done` once, perhaps from this call: with STATUS_OK and `earlier`, which is known then, or
 * with what went wrong in reading. Keeps a reference of the snapshot meanwhile.
 */
typedef void recall_done(void *user, enum status status, const struct fleet_earlier *earlier,
			 const char *error);
void recall_ask(struct recall *recall, struct snapshot *snapshot, recall_done *done, void *user);

/* Is the store being asked for a report of that identity? */
bool recall_is_asked(const struct recall *recall, const struct snapshot *snapshot);
