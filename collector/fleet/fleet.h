/*
 * The fleet: every server in memory with what its site needs of its latest report and what is shown
 * of it, grouped into sites. It is a cache of the store, rebuilt from it at start and after a
 * failed commit; whole reports are read from the store one by one when they are needed.
 *
 * A report costs what it changes: its own server is judged, and those of its site that see
 * something else because of it (proto/site/index.h). All others stay as they are.
 *
 * It decides, and nothing it decides is seen before it is durable:
 *
 *   snapshot_read() ─► fleet_take() ─► store_submit(changes) ─► done ─► fleet_publish(), answer
 *
 *   fleet_find_earlier(fleet, snapshot, &earlier, error)   asks the store where that is unknown
 *   fleet_take(fleet, snapshot, &earlier, body, size, now, &changes, &taken, error)
 *   store_submit(store, change of `changes`; done = on_committed, user = changes)
 *   on_committed, STATUS_OK:  fleet_publish(fleet, changes); tell who listens of changes->views;
 *                             changes_free(changes); answer with fleet_find()'s verdict and
 *                             fleet_add_peers()'s peers
 *   on_committed, else:       changes_free(changes); answer 503; rebuild once store_pending() is 0
 *                             (collector/store/store.h says how)
 *   store_submit refuses:     changes_free(changes), answer 503, and rebuild likewise, for the
 *                             fleet is now ahead of the store
 *
 * The same with fleet_advance(), which is to be called when fleet_next_expiry() has come: reports
 * cease to be fresh without anything arriving, and their servers become silent.
 *
 * What it says of a silent server is a function of the reports alone, whatever the order in which
 * they arrived: the verdict of its last fresh moment, from the reports collected until then. A
 * report that comes late, from an agent's spool, is counted where it belongs.
 * Two things are not followed back: a machine that has moved to another site no longer counts for
 * the moments it was in the old one, and a server that turns up at another site is noticed by those
 * who had taken it for a peer with the next report of their own site.
 *
 * Time is a parameter everywhere; where it runs backwards, because the system's clock was set, it
 * stands still here until it has caught up with the latest report. The loop's thread only, but for
 * fleet_read().
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/fleet/name_index.h"
#include "collector/model/record_identity.h"
#include "collector/model/record_report.h"
#include "collector/model/snapshot.h"
#include "collector/model/view.h"
#include "collector/store/store.h"
#include "proto/base/arena.h"
#include "proto/base/status.h"

#define FLEET_ERROR_SIZE STORE_ERROR_SIZE

/*
 * Verdicts of silent servers that one call judges again because of a late report, and after how many
 * reports of the past that this took it judges no further one, read ahead or not: each takes those of
 * its site that are not the latest ones any more. What is left is due at once (fleet_next_expiry), so
 * that no call takes long.
 */
#define FLEET_MAX_SILENT_JUDGED 32
#define FLEET_MAX_READ_AGAIN    64

/* Servers that one fleet_load() or fleet_advance() makes silent, for the same reason. */
#define FLEET_MAX_EXPIRED 64

/* The fleet is behind when a server should have fallen silent this long ago. */
#define FLEET_MAX_LAG_MS 5000

struct fleet;

/*
 * What one call changed: rows for the store, and the views that become visible with them. Owns all
 * of it. A change set is published or freed unpublished, in the order in which they were made.
 */
struct changes {
	struct record_report *report;        /* NULL: no report to store */
	const struct record_server *servers; /* whose stored state changes, the report aside */
	size_t n_servers;
	const struct record_removal *removal; /* NULL: no server is removed */
	const struct record_audit *audit;     /* the caller's to set; NULL: none */
	struct view **views;                  /* of every server that looks different now */
	size_t n_views;
	struct record_event *events; /* for the history of servers */
	size_t n_events;

	/* Private. */
	struct fleet *fleet;
	struct snapshot *snapshot; /* of `report` */
	uint64_t id;
	struct changes_detail *details; /* one per view */
	size_t room;                    /* of both */
	size_t events_room;
	struct changes **link; /* NULL: it is not in flight */
	struct changes *next;
	struct arena arena;
};

/* Facts about a view that the store needs beside it. */
struct changes_detail {
	bool says_something_new;   /* else its text is stored already */
	const char *adapters_json; /* NULL: what is stored of them stays */
};

/* NULL is allowed. */
void changes_free(struct changes *changes);

/* The change that stores them; `done` and `user` are the caller's to set. */
struct store_change changes_for_store(const struct changes *changes);

/* How a report was taken. */
enum fleet_taken {
	FLEET_TAKEN_LATEST,   /* it is the latest of its server now */
	FLEET_TAKEN_OLDER,    /* stored; the server's latest stays */
	FLEET_TAKEN_REPEATED, /* known already; nothing to store */
};

/* Reads from `store` (store_reader()), which must outlive the fleet. */
struct fleet *fleet_new(const struct store_connection *store);
void fleet_free(struct fleet *fleet);

/*
 * Reads everything from the store into a fleet of its own, judged at `now_ms`. `*changes` is what
 * time has changed since the store was written; until it is published the servers in it are shown
 * as they were stored. Any thread whose `store` it is: for many servers it takes seconds. Once
 * `*stop` it ends with STATUS_REFUSED; NULL: nobody stops it.
 *
 * On failure `error` says why.
 */
enum status fleet_read(const struct store_connection *store, int64_t now_ms,
		       const atomic_bool *stop, struct fleet **out, struct changes **changes,
		       char error[FLEET_ERROR_SIZE]);

/*
 * Forgets everything and becomes what was read, with its changes; `read` is no more. Change sets
 * that were made before must have been freed.
 */
void fleet_become(struct fleet *fleet, struct fleet *read, struct changes *changes);

/*
 * Both at once, from the fleet's own store. On failure what was published stays visible.
 */
enum status fleet_load(struct fleet *fleet, int64_t now_ms, struct changes **changes,
		       char error[FLEET_ERROR_SIZE]);

/* Did a report of the same agent, epoch and sequence come before? */
struct fleet_earlier {
	enum {
		FLEET_EARLIER_UNKNOWN, /* store_read_body_hash() tells */
		FLEET_EARLIER_NONE,
		FLEET_EARLIER_FOUND,
	} is;
	uint64_t body_hash; /* of its body */
};

/*
 * What is certain in memory: of nearly all reports, for an agent counts up. Failures are those of
 * reading the store, and change nothing.
 */
enum status fleet_find_earlier(const struct fleet *fleet, const struct snapshot *snapshot,
			       struct fleet_earlier *out, char error[FLEET_ERROR_SIZE]);

/*
 * Takes a report: borrows `snapshot` (the fleet takes its own references) and `body`, the text it
 * was read from, which is copied into the changes. `now_ms` is when it was received.
 * On success `*changes` is to be submitted, also for a repetition (it has no rows then, and its
 * commit tells that the first copy is durable). `earlier` is known.
 *
 * STATUS_CONFLICT  the same agent, epoch and sequence came before with another body: 409
 * STATUS_SYSTEM    the store could not be read: 503, and the fleet is to be rebuilt
 */
enum status fleet_take(struct fleet *fleet, struct snapshot *snapshot,
		       const struct fleet_earlier *earlier, const char *body, size_t size,
		       int64_t now_ms, struct changes **changes, enum fleet_taken *taken,
		       char error[FLEET_ERROR_SIZE]);

/*
 * Removes a server that somebody has decommissioned: nothing is shown of it any more, and it proves
 * nothing. What was collected before the removal does not bring it back; a report from afterwards
 * does, for then the machine lives, and fleet_find_removal() still tells that it had been removed.
 *
 * STATUS_NOT_FOUND  there is no such server
 * STATUS_SYSTEM     the store could not be read: the fleet is to be rebuilt
 */
enum status fleet_remove(struct fleet *fleet, const struct record_removal *removal, int64_t now_ms,
			 struct changes **changes, char error[FLEET_ERROR_SIZE]);

/*
 * The last removal of a server of that name, or NULL; borrowed until control returns to the loop.
 */
const struct record_removal *fleet_find_removal(const struct fleet *fleet, const char *host_name);

/* When the next report ceases to be fresh; INT64_MAX: never. May lie in the past. */
int64_t fleet_next_expiry(const struct fleet *fleet);

/* The time of the latest report of all; 0 where there is none. */
int64_t fleet_newest_ms(const struct fleet *fleet);

/*
 * Has much time gone by unseen, since the collector stood still or the clock was set? Then there
 * may be more to do than one call should: fleet_advance() is to be called until it has caught up,
 * and fleet_take() not before.
 */
bool fleet_is_behind(const struct fleet *fleet, int64_t now_ms);

/*
 * Does what time has brought until `now_ms`, or a part of it; fleet_next_expiry() tells whether
 * more is due. `*changes` is NULL where nothing changed.
 *
 * STATUS_SYSTEM  the store could not be read: the fleet is to be rebuilt
 */
enum status fleet_advance(struct fleet *fleet, int64_t now_ms, struct changes **changes,
			  char error[FLEET_ERROR_SIZE]);

/*
 * What fleet_take() and fleet_advance() would have to read of the past, for a late report has silent
 * servers judged again: read before, off the loop, they need not wait for it. What is missing, could
 * not be read, or is not right any more, they read themselves.
 *
 *   fleet_ahead_of_...()  on the loop; NULL: there is nothing to read
 *   fleet_ahead_read()    on the store's thread
 *   fleet_ahead_use()     on the loop; then take or advance
 *   fleet_ahead_free()    on the loop; NULL is allowed
 */
struct fleet_ahead;

/* Does taking this report mean to look into the past? */
bool fleet_ahead_is_due(const struct fleet *fleet, const struct snapshot *snapshot, int64_t now_ms);

struct fleet_ahead *fleet_ahead_of_report(struct fleet *fleet, const struct snapshot *snapshot,
					  int64_t now_ms);
/* Of silent servers that are to be judged again because of reports that were taken. */
struct fleet_ahead *fleet_ahead_of_marked(struct fleet *fleet);

void fleet_ahead_read(struct fleet_ahead *ahead, const struct store_connection *reader);
void fleet_ahead_use(struct fleet_ahead *ahead);
void fleet_ahead_free(struct fleet_ahead *ahead);

/* Makes the views of committed changes visible. `changes` stays the caller's to free. */
void fleet_publish(struct fleet *fleet, const struct changes *changes);

/*
 * What is published of one server, by which lists choose and order: small enough to look through a
 * hundred thousand at once, while views lie anywhere in memory.
 */
struct fleet_row {
	const char *key;
	struct view *view;
	int64_t since_ms;
	int64_t reported_at_ms; /* TIMESTAMP_NONE: never */
	uint64_t build;         /* grows with the version; UINT64_MAX: none is known */
	uint32_t site;          /* fleet_place() */
	uint32_t name;          /* its number in fleet_names() */
	uint8_t verdict;
	uint8_t adapters; /* as of its view */
	bool silent;
	bool outdated;
	bool drifted;
	bool not_monitored; /* never of a row of the fleet */
};

/* The row of a view, but for the numbers. */
struct fleet_row fleet_row_of(struct view *view);

/* How many of these rows, in the order of keys, have lower keys. */
size_t fleet_row_place(const struct fleet_row *rows, size_t n, const char *key);

/* All that is published, in the order of keys; borrowed until control returns to the loop. */
const struct fleet_row *fleet_rows(const struct fleet *fleet, size_t *n);

/* The names of all that is published. */
const struct name_index *fleet_names(const struct fleet *fleet);

/* How many servers are published, and their views: as fleet_rows(). */
size_t fleet_count(const struct fleet *fleet);
struct view *fleet_view(const struct fleet *fleet, size_t i);

/* Grows when a server is shown for the first time, or no longer. */
uint64_t fleet_membership(const struct fleet *fleet);

/* The sites by number, also those that no server is of any more; "" where a report names none. */
struct fleet_place {
	const char *organization;
	const char *site;
};
size_t fleet_count_sites(const struct fleet *fleet);
struct fleet_place fleet_place(const struct fleet *fleet, size_t i);

/* The published view of the server with that host name (its short form, without case), or NULL. */
struct view *fleet_find(const struct fleet *fleet, const char *host_name);

/*
 * Up to `most` silent servers that probably report under the name of the server `key` now: their
 * views have that name as `renamed_to`. Borrowed until control returns to the loop.
 */
size_t fleet_former_names(const struct fleet *fleet, const char *key, const struct view **out,
			  size_t most);

/*
 * Reads the latest report of the server of that view, and views its adapters: those of a silent
 * server with the states of its last fresh moment. The view has no report attached; it lies in
 * `arena`, `*latest` is a reference of the caller's, NULL on failure.
 *
 * STATUS_NOT_FOUND   it is not in the fleet any more
 * STATUS_SYSTEM ...  the store could not be read
 */
enum status fleet_read_judged(struct fleet *fleet, const struct view *view, struct arena *arena,
			      struct site_server *out, struct snapshot **latest,
			      char error[FLEET_ERROR_SIZE]);

/*
 * Adds everything known of the server of that view: the object of view_add_open() with more members,
 *   "adapters": as they were judged (view_add_adapters); those of a silent server at its last fresh
 *               moment,
 *   "facts", "files": what the verdict follows from (collector/model/server_facts.h),
 *   "imported": {"at", "by"} where somebody carried the latest report by hand, else null,
 *   "report": the latest report, with received_at and age_s: what `assess` reads.
 *
 * STATUS_SYSTEM ...  the store could not be read
 */
enum status fleet_add_detail(struct fleet *fleet, const struct view *view, int64_t now_ms,
			     struct buffer *out, char error[FLEET_ERROR_SIZE]);

/* A number that changes with what fleet_add_detail() adds. */
uint64_t fleet_detail_tag(const struct fleet *fleet, const struct view *view);

/*
 * Adds the peers that the server `key` is to probe next to an open array of JSON, none for an
 * unknown key.
 */
void fleet_add_peers(const struct fleet *fleet, const char *key, struct buffer *out);
