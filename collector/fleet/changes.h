/*
 * Change sets from inside the fleet, and those whose report is not durable yet; what their users
 * see of them is in collector/fleet/fleet.h.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "collector/fleet/fleet.h"

struct fleet_server;

/* Changes in flight are found by who reported: there may be thousands while the disk is slow. */
#define FLIGHTS_N_LISTS 256

/* Change sets with a report that is on its way to the store. */
struct flights {
	struct changes *lists[FLIGHTS_N_LISTS]; /* by agent and epoch */
	size_t n;
	uint64_t last_id; /* of a change set */
};

/* `snapshot` and `body`: of the report that it stores, or NULL. */
struct changes *fleet_changes_new(struct fleet *fleet, struct snapshot *snapshot, const char *body,
				  size_t size);

/*
 * Takes the reference `view`: it is what the server looks like from now on. `adapters_json`, which
 * is copied, is to be stored; NULL: what is stored of them stays.
 */
void fleet_changes_add(struct changes *changes, struct fleet_server *server, struct view *view,
		       const char *adapters_json);

/* Takes back what the change set says of a server. */
void fleet_changes_forget(struct changes *changes, struct fleet_server *server);

/* Makes the rows; nothing is added afterwards. `latest`: its report is the latest of its server. */
void fleet_changes_close(struct changes *changes, bool latest);

/*
 * Closes a change set that came about and hands it over; frees one that failed. Gives the status.
 */
enum status fleet_changes_hand_over(struct changes *changes, bool latest, enum status status,
				    struct changes **out);

/* The report of the same identity that is on its way to the store, or NULL. */
struct snapshot *fleet_changes_find(const struct fleet *fleet, const struct report *as);

/*
 * `last`, or the highest sequence on its way of the agent and epoch of a report, if that is more.
 */
int64_t fleet_changes_last_sequence(const struct fleet *fleet, const struct report *of,
				    int64_t last);

/* The latest report of a server until a moment, among those on their way to the store, or NULL. */
struct snapshot *fleet_changes_find_until(const struct fleet *fleet, const char *key,
					  int64_t until_ms);
