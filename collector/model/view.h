/*
 * A view: what queries show of one server. Immutable once made and counted: whoever needs it beyond
 * the current callback takes a reference. The fleet publishes a view only when the store has
 * committed what it says, so nothing is ever shown that a crash could take back.
 *
 * Each server has one in memory, a single block of some hundred bytes: the report itself and
 * the adapters as they were judged are not in it, but come from fleet_add_detail().
 *
 * The loop's thread only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/model/record_report.h"
#include "collector/model/snapshot.h"
#include "proto/base/buffer.h"
#include "proto/exposure/exposure.h"
#include "proto/site/site.h"

/* A clock that is off by more gets a note: times in events and logs cannot be compared any more. */
#define VIEW_MAX_SKEW_S INT64_C(60)

struct view {
	const char *key;          /* short host name in lower case; identifies the server */
	const char *server;       /* short host name as it was reported */
	const char *organization; /* NULL or empty where the report names none; so with `site` */
	const char *site;
	const char *exchange_server; /* the name that peers know it by; never NULL */
	const char *os;              /* NULL where it is not known; so with the next two */
	const char *build;           /* of Emsmta.exe, else of Exchange */
	const char *mta;             /* the state of the service */
	const char *agent_version;   /* of the agent that made the report, NULL likewise */
	const char *agent_platform;
	const char *renamed_to;    /* the name that a silent one probably has now, or NULL */
	const char *findings_json; /* verdict_json_write_findings() of the assessment */
	const char *drift;         /* drift_write(), or NULL (collector/model/drift.h) */
	enum verdict verdict;
	bool not_monitored; /* it should be there and has never reported; `verdict` is unknown */
	uint8_t adapters;   /* the states of its adapters: view_adapter_states() */
	bool silent;        /* the verdict is that of its last fresh moment */
	bool outdated;      /* view_is_outdated() of its agent */
	bool drifted;       /* it has a mark of drift */
	int64_t since_ms;   /* since when the verdict has stood */
	int64_t reported_at_ms; /* time of the latest report */
	int64_t interval_s;
	int64_t clock_skew_s; /* snapshot_clock_skew_s() of that report */
	uint64_t body_hash;   /* of that report */
	unsigned references;  /* private */
	char texts[];         /* private */
};

/*
 * Is an agent of that version older than this collector? One that tells no version, or none that
 * can be compared, counts as older.
 */
bool view_is_outdated(const char *agent_version);

struct view *view_ref(struct view *view);
void view_unref(struct view *view); /* NULL is allowed */

/* The fleet's conclusions about a server. */
struct view_verdict {
	enum verdict verdict;
	bool silent;
	uint8_t adapters;
	int64_t since_ms;
	const char *findings_json;
	const char *renamed_to; /* NULL: no other name is known */
	const char *drift;      /* NULL: none */
};

/* The states that adapters of the server have, a bit (1 << enum adapter_state) each. */
uint8_t view_adapter_states(const struct site_server *server);

/*
 * The state of the next adapter that has one, of adapters as view_add_adapters() wrote them; `*at`
 * is where they begin, then behind that adapter. False: there are no more.
 */
bool view_next_adapter_state(const char **at, enum adapter_state *out);

/* Reads the states from adapters as view_add_adapters() or view_add_reach() wrote them. */
uint8_t view_stored_adapter_states(const char *adapters_json);

/* Adds the states of adapters alone, an array: [{"id", "state"}]. */
void view_add_reach(const struct site_server *server, struct buffer *out);

/* Makes a view of a server by its latest report; one reference. Copies all it needs. */
struct view *view_make(const struct snapshot *latest, const struct view_verdict *verdict);

/* Makes a view of a server of which only the inventory knows. */
struct view *view_make_expected(const struct record_expected *expected);

/* Makes a view of a server at a moment whose report is not at hand; the names may be NULL. */
struct view_names {
	const char *key;
	const char *server;
	const char *organization;
	const char *site;
	const char *exchange_server;
};
struct view *view_make_then(const struct view_names *names, const struct view_verdict *verdict);

/* A copy of a view with another verdict. */
struct view *view_renew(const struct view *view, const struct view_verdict *verdict);

/* A copy of a view whose server is silent: the verdict stays. `renamed_to` as above. */
struct view *view_renew_silent(const struct view *view, const char *renamed_to);

/* Is everything that they show the same, but for `now_ms`? */
bool view_shows_the_same(const struct view *a, const struct view *b);

/* Are verdict and findings of them the same, and whose they are? */
bool view_finds_the_same(const struct view *a, const struct view *b);

/* Is what view_add_verdict() makes of them the same? */
bool view_says_the_same(const struct view *a, const struct view *b);

/* A number that changes with what it shows. */
uint64_t view_tag(const struct view *view);

/*
 * Adds the object of verdict_json_write(), with "drift" where there is some; of a server that is not
 * monitored that is its verdict. This is what the store keeps.
 */
void view_add_verdict(const struct view *view, struct buffer *out);

/*
 * Adds the server object, without its closing brace, for whoever adds members: the members of verdict_json_write() and
 *   "exchange_server", "since", "reported_at", "interval_s", "os", "build" (of Emsmta.exe, else of
 *   Exchange), "mta" (state of the service), each null where it is not known,
 *   "restart": "yes", "no" or "cannot_tell" (collector/model/restart.h),
 *   "age_s": seconds from the report's time to `now_ms`,
 *   "clock_skew_s": how far its clock is ahead of the collector's, null where it is not known,
 *   "renamed_to": the name under which a silent one probably reports now, else null,
 *   "drift": its marks of drift (collector/model/drift_marks.h), [] where it has none,
 *   "notes": what is odd about it and decides nothing: [{"code": "clock_wrong", "text"}].
 */
void view_add_open(const struct view *view, int64_t now_ms, struct buffer *out);

/*
 * Adds adapters as they were judged, an array:
 *   [{"id", "state", "link_down", "paths": [{"peer", "grade", "proven", "for_s", "error",
 *     "falls_short", "conclusive", "borrowed"}]}], with null for what is not known.
 */
void view_add_adapters(const struct site_server *server, struct buffer *out);

/*
 * Out of an object that verdict_json_write() or view_add_verdict() made: the findings, as of
 * verdict_json_write_findings(), and the drift, or NULL; free() both.
 */
void view_read_stored(const char *verdict_json, char **findings, char **drift);
