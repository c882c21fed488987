/*
 * The prober: how far does each adapter get on each address of each peer? Runs many dialogs
 * (proto/rpc/dialog.h) at once over sockets that never block, and watches the time for them.
 *
 * A probe never goes past binding and asking the endpoint mapper, and it is gentle: at most
 * PROBE_MAX_SOCKETS at once, a new connection every PROBE_PACE_MS. (Those that are due within
 * PROBE_GATHER_MS begin together: to wake up costs more than to begin.) Probes beyond that wait,
 * and their time counts from their own start. What goes beyond the budget of connections waits
 * likewise; of a probe that has begun no more tries are made then.
 *
 * Two clocks watch a probe. The limit spans all its tries; PROBE_TRIES of them are made while it
 * lasts. A try that hears nothing for limit / PROBE_TRIES is cut, and the next begins; one that is
 * being answered, however slowly, may take all that is left of the limit. After a try that failed
 * at once there is a pause of limit / PROBE_PAUSE_PARTS from its start, so that the three do not
 * all fall into one moment of a peer that restarts. With the default limit of 10 s a try waits
 * 3.3 s: longer than the 3.1 s that a LAN needs to say that a host is not there.
 *
 * The result is the best that any try reached; a try that was cut keeps the grade it had. Of tries
 * that reached the same the last tells why, but silence never replaces a plainer word.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/host/host.h"
#include "agent/probe/budget.h"
#include "proto/base/status.h"
#include "proto/report/report.h"

#define PROBE_MAX_SOCKETS 128 /* at once */
#define PROBE_PACE_MS     3   /* between two connections that begin a try, on average */
#define PROBE_GATHER_MS   12
#define PROBE_MAX_BURST   8 /* that may begin together where the clock is coarse */
#define PROBE_TRIES       3
#define PROBE_CONNECTIONS 2 /* of a try: to the endpoint mapper, and to the MTA */
#define PROBE_PAUSE_PARTS 10

#define PROBE_DEFAULT_LIMIT_MS 10000
#define PROBE_MIN_LIMIT_MS     1000
#define PROBE_MAX_LIMIT_MS     60000

struct probe_settings {
	uint32_t limit_ms;
	bool (*stopped)(void);            /* asked several times a second; true abandons the run */
	struct connection_budget *budget; /* NULL: nobody counts */
};

/* A probe from an address of this machine to an address of a peer. */
struct probe_job {
	const char *adapter; /* for the caller; borrowed */
	const char *peer;    /* for the caller; NULL: a self-probe */
	uint32_t from;
	uint32_t to;

	/* Results. */
	enum grade grade;       /* GRADE_UNKNOWN until it is done */
	enum probe_error error; /* PROBE_OK at GRADE_MTA only */
	uint32_t ms;            /* from its start to its end, all tries and pauses */
	uint32_t attempts;
	uint32_t n_connections; /* that its tries began */
};

/*
 * Runs all jobs to their end.
 *
 * STATUS_OK       every job has its result
 * STATUS_TIMED_OUT  it was stopped: jobs that are not done have GRADE_UNKNOWN
 * STATUS_SYSTEM   the system would not watch the sockets: the same
 */
enum status probe_run(struct host *host, struct probe_job *jobs, size_t n,
		      const struct probe_settings *settings);
