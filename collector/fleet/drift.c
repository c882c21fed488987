/*
 * The drift of servers (collector/model/drift.h): followed from report to report, looked at when a
 * server is judged. Declared in collector/fleet/internal.h.
 */
#include <stdlib.h>

#include "collector/fleet/internal.h"
#include "collector/model/drift.h"

static void keep(struct fleet_server *server, const struct drift *drift)
{
	free(server->drift);
	server->drift = drift_write(drift);
}

/* Does a report that says what the one before did undo nothing? Peers are followed by themselves. */
static bool is_of_peers(const struct drift *drift)
{
	for (size_t i = 0; i < drift->n; i++) {
		if (drift->entries[i].kind != DRIFT_LOST_PEERS)
			return false;
	}
	return drift->n > 0;
}

void fleet_drift_follow_report(struct fleet_server *server, const struct report *before,
			       const struct snapshot *latest)
{
	struct drift drift;
	struct arena arena;

	arena_init(&arena);
	drift_read(server->drift, &arena, &drift);
	size_t n = drift.n;
	drift_age(&drift, latest->at_ms);
	if (before || drift.n < n || !is_of_peers(&drift)) {
		drift_follow_report(&drift, before ? before : &latest->report, &latest->report,
				    latest->at_ms);
		keep(server, &drift);
	}
	arena_deinit(&arena);
}

void fleet_drift_follow_peers(struct fleet_server *server, const struct site_member *before,
			      const struct site_member *after)
{
	struct drift drift;
	struct arena arena;

	if (!server->drift && !drift_may_have_lost_peers(after))
		return;
	arena_init(&arena);
	drift_read(server->drift, &arena, &drift);
	drift_follow_peers(&drift, before, after);
	keep(server, &drift);
	arena_deinit(&arena);
}

const char *fleet_drift_look(struct fleet_server *server, const struct site_server *seen,
			     struct arena *arena)
{
	struct drift drift;

	if (!server->drift)
		return NULL;
	drift_read(server->drift, arena, &drift);
	if (drift_look(&drift, seen))
		keep(server, &drift);
	return server->drift;
}
