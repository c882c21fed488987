/*
 * The store: the truth that outlives the process. An engine keeps it, which store_open() is given
 * (collector/store/engine.h): sqlite/ in one SQLite database in the data directory, postgresql/ in
 * a database elsewhere. The interface has no word of SQL.
 *
 * Writing is asynchronous: store_submit() queues a change, which the loop hands over when it comes
 * round; a thread of the store commits whatever has gathered while the previous commit was under
 * way, and `done` runs on the loop once the change is durable (it survives a power cut) or has
 * failed. While changes come fast the loop rests in between (pace.h). Changes are committed in the
 * order of their submission, each whole or not at all.
 *
 * After a failed commit everything that was submitted before store_resume() fails too, for it was
 * worked out on top of what is lost. The owner's way back: wait until store_pending() is 0,
 * store_resume(), then read the fleet anew (fleet_read); tried again after a pause while it fails.
 *
 * Reading sees only what is committed. store_ask() has it done by another thread of the store, with
 * a connection of its own: pages, all servers, and whatever may take a while. What the loop's thread
 * reads itself holds it up: single rows by key, and all alerts at start and after a failure. An
 * engine whose database is across a network has that in memory, but for store_read_report_until(),
 * for which it waits half a second at most; what of that is foreseen is read by store_ask(), too
 * (fleet_ahead_read).
 *
 * Every call belongs to the loop's thread, but for store_read_...() where store_ask() runs them.
 * Errors are told in words: what was tried, on which file,
 * why it failed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "collector/model/record_alert.h"
#include "collector/model/record_identity.h"
#include "collector/model/record_remark.h"
#include "collector/model/record_report.h"
#include "collector/model/record_trend.h"
#include "collector/store/limits.h"
#include "collector/store/location.h"
#include "proto/base/arena.h"
#include "proto/base/status.h"

/* In the data directory: whoever holds it is the collector. */
#define STORE_LOCK "mtawatch.lock"

#define STORE_ERROR_SIZE 512

/* Rows of the audit log that are kept, the oldest dropped first. */
#define STORE_MAX_AUDIT 200000

/* Sessions of one token at a time; a further one ends the oldest. */
#define STORE_MAX_SESSIONS_PER_TOKEN 16

/* Alerts that are over, and deliveries in each state that is an end, that are kept. */
#define STORE_MAX_ALERTS     20000
#define STORE_MAX_DELIVERIES 1000

/*
 * Older than the first, of the trend of an area the last row of each day stays; than the second,
 * none.
 */
#define STORE_TREND_HOURLY_DAYS 60
#define STORE_TREND_DAYS        3660

/*
 * Changes that may wait for a commit, and bytes of their reports; past either store_submit()
 * refuses.
 */
#define STORE_MAX_PENDING       16384
#define STORE_MAX_PENDING_BYTES ((size_t)256 * 1024 * 1024)

/* Questions of each kind of store_ask() that may wait. */
#define STORE_MAX_ASKED 1024

struct store;
struct store_connection;

/* The lease under which a store is opened that others could open, too. */
struct store_claim {
	const char *token;
	int64_t epoch;
	int64_t last_commit; /* that was seen confirmed to whoever had it; 0: none */
};

/* Is there a store at `location`? True also where only opening it would tell. */
bool store_exists(const struct store_location *location);

/*
 * Could the store at `location`, which exists, be opened for reading at this moment? As
 * store_open(), or STATUS_NOT_FOUND; any thread.
 */
enum status store_reach(const struct store_location *location, char error[STORE_ERROR_SIZE]);

/*
 * Opens the store at `location` and brings its schema up to date. On success the collector's data
 * directory, which exists, is locked against a second one.
 *
 * STATUS_CONFLICT     another process holds the directory
 * STATUS_UNSUPPORTED  the database was written by a newer version
 * STATUS_MALFORMED    the file is no database, or a damaged one
 * STATUS_NOT_FOUND    the database has no store, which store_exists() does not see
 * STATUS_UNREACHABLE, STATUS_TIMED_OUT  the database is away
 * STATUS_DENIED, STATUS_FULL, STATUS_SYSTEM ...  with the system's reason in `error`
 */
enum status store_open(struct store **out, const struct store_location *location, uv_loop_t *loop,
		       char error[STORE_ERROR_SIZE]);

/*
 * The same in two steps. The first may take long, and any thread may make it; the second is the
 * loop's, and discards the store where it fails. Where `claim` is given the directory's lock is the
 * caller's (collector/store/seat.h); else it is taken, and with it the lease of a store that is
 * shared.
 */
enum status store_connect(struct store **out, const struct store_location *location,
			  const struct store_claim *claim, char error[STORE_ERROR_SIZE]);
enum status store_start(struct store *store, uv_loop_t *loop, char error[STORE_ERROR_SIZE]);
/* Ends one that was not started; any thread. NULL is allowed. */
void store_discard(struct store *store);

/*
 * Ends it: what was submitted is still committed and its `done` run, then `closed` is called, once,
 * from the loop, and the store is no more. Nothing may be submitted any longer.
 */
void store_close(struct store *store, void (*closed)(void *user), void *user);

/* From now on these limits hold, instead of STORE_LIMITS_DEFAULT. */
void store_set_limits(struct store *store, const struct store_limits *limits);
struct store_limits store_get_limits(const struct store *store);

/* One change: everything in it is committed together. The rows are borrowed until `done` runs. */
struct store_change {
	const struct record_report *report; /* NULL: none */
	const struct record_server *servers;
	size_t n_servers;
	const struct record_event *events;
	size_t n_events;
	/* Alerts, new or in the place of those with their ids; and ids of some that go. */
	const struct record_alert *const *alerts;
	size_t n_alerts;
	const int64_t *dropped_alerts;
	size_t n_dropped_alerts;

	/*
	 * Notifications that are to go out, and one that has, or has not, or is to be tried again.
	 */
	const struct record_delivery *const *deliveries;
	size_t n_deliveries;
	const struct record_delivery *delivery; /* its body stays */

	/* What hooks are to be notified of in summaries, in the place of what was. */
	const struct record_summary *const *summaries;
	size_t n_summaries;

	const struct record_silence *silence; /* NULL: none; likewise the next two */
	const int64_t *dropped_silence;
	const struct record_hook *hook;
	/*
	 * 0, or the time: the oldest that are over go, STORE_MAX_ALERTS stay; silences over, too.
	 */
	int64_t trim_alerts_ms;

	/*
	 * Rows of the trend; a moment for which they are there is replaced. 0, or the time: rows go
	 * that are too old then, and of the days that became so in the last two the finer ones.
	 */
	const struct record_trend *trends;
	size_t n_trends;
	int64_t trim_trends_ms;

	/* A server that is taken out of the fleet: its row goes, its reports stay for a while. */
	const struct record_removal *removal;

	/*
	 * Servers that there should be: in the place of all that were expected before, or added to
	 * them, or taken from them (only the keys count).
	 */
	enum { STORE_EXPECT_ADD, STORE_EXPECT_REPLACE, STORE_EXPECT_DROP } expect;
	const struct record_expected *expected;
	size_t n_expected;

	/* The owner and the note of a server or a site, in the place of what was; NULL: none. */
	const struct record_remark *remark;

	/*
	 * A bookmark, in the place of the person's one of that name; and one that goes, by person
	 * and name. Those of a token go with it.
	 */
	const struct record_bookmark *bookmark;
	const struct record_bookmark *dropped_bookmark;

	/*
	 * An identity that is new: nothing happens where its kind and name are taken. Or one that
	 * goes, by its kind and name: a token takes its sessions along. At most one of the two.
	 */
	const struct record_identity *add_identity;
	const struct record_identity *drop_identity;

	/*
	 * Of a store that is shared: the collector that is to judge, and one that is no more; by
	 * their nodes.
	 */
	const char *hand_over_to;
	const char *forget_collector;

	/* A line of the audit log; left out where the identity was taken, or not there. */
	const struct record_audit *audit;

	/*
	 * Runs once, on the loop. STATUS_OK: it is durable. Anything else: nothing of it is stored,
	 * or, where a connection was lost, nobody knows, and `error` says why; borrowed for the
	 * call. STATUS_FENCED: another collector has taken over, and this one stores no more.
	 * STATUS_INVALID: the database does not take what this very change says, whatever is tried.
	 */
	void (*done)(void *user, enum status status, const char *error);
	void *user;
};

/*
 * Queues a change; the struct itself is copied. A change without rows is allowed: its `done` tells
 * that all that was submitted before it is durable.
 *
 * STATUS_FULL  STORE_MAX_PENDING wait already: the answer is 503, `done` does not run
 */
enum status store_submit(struct store *store, const struct store_change *change);

/* Changes whose `done` has not run yet. */
size_t store_pending(const struct store *store);

/*
 * Commits that were confirmed, and were gone when the store was read again: a database that took
 * the place of another lacked them.
 */
int64_t store_lost_commits(const struct store *store);

/* The last one that the database confirmed, by its number in the feed; 0: it has none. */
int64_t store_last_commit(const struct store *store);

/* The last time that some were gone; the store knows it from run to run. `n_commits` 0: never. */
struct store_loss {
	int64_t n_commits;
	int64_t at_ms;
};

struct store_loss store_last_loss(const struct store *store);

/*
 * Does the database confirm commits that no other server has, although that is required
 * (struct store_location)? Nothing is to be promised to anybody then: a change that somebody waits
 * for fails, even if it is stored; the collector's own are kept as well as can be.
 */
bool store_is_asynchronous(const struct store *store);

/* Why that is so: "the database has ...". */
#define STORE_ASYNCHRONOUS                                                                         \
	"no synchronous standby to wait for (synchronous_standby_names is empty), which "          \
	"require-synchronous demands"

/*
 * Is the store still there, under its name? Anything but STATUS_OK: it was removed, replaced or
 * mounted over, or its database is away or another collector's, and no change is stored; `error`
 * says what helps. Cheap.
 */
enum status store_look(struct store *store, char error[STORE_ERROR_SIZE]);

/*
 * Accepts changes again after a failed commit, if the store is in its place and can be written, and
 * connects to it again where it has to. It does not wait for another program's lock, and never
 * accepts again where the database is damaged (STATUS_MALFORMED): that needs `check` and `restore`.
 *
 * The store's thread tries that, which may take as long as a database does not answer; then `done`
 * runs on the loop, once, never from this call. With anything but STATUS_OK it stays as it was, and
 * `error` says why. What is submitted meanwhile fails like what failed before. Nothing may be
 * pending, nor another of these under way; after store_close() it is STATUS_REFUSED.
 */
typedef void store_resumed(void *user, enum status status, const char *error);
void store_resume(struct store *store, store_resumed *done, void *user);

/* What the loop's thread reads from. */
const struct store_connection *store_reader(const struct store *store);

/*
 * Runs `read` on the reading thread, and then `done` on the loop: once, never from this call, with
 * what `read` returned. `read` may call store_read_...() with its reader, and touches nothing that
 * the loop does meanwhile: it puts copies where `user` leads to. Look-ups go before the pages that
 * wait; answers of one kind come in the order of the questions. Each sees what was committed before
 * it was asked.
 *
 * After store_close() what is not being read yet is refused: `done` gets STATUS_REFUSED, and "".
 *
 * STATUS_FULL  STORE_MAX_ASKED of that kind wait already: neither runs
 */
enum store_question {
	STORE_PAGE,    /* of any length */
	STORE_LOOK_UP, /* of single rows, for which reports, agents or hooks wait */
	STORE_QUESTIONS
};
typedef enum status store_asked(const struct store_connection *reader, void *user,
				char error[STORE_ERROR_SIZE]);
typedef void store_answered(void *user, enum status status, const char *error);
enum status store_ask(struct store *store, enum store_question kind, store_asked *read,
		      store_answered *done, void *user);

/* Questions whose `done` has not run yet. */
size_t store_asking(const struct store *store);

/*
 * Every server with its latest report, in order of keys. The rows are borrowed for the call. `each`
 * reads nothing from the store itself, and may stop it by returning anything but STATUS_OK, which is
 * then the result. Where the loop's thread reads what an engine has in memory the texts of the
 * verdicts are empty.
 */
typedef enum status store_each_server(void *user, const struct record_server *server,
				      const struct record_report *latest);
enum status store_read_servers(const struct store_connection *reader, store_each_server *each,
			       void *user, char error[STORE_ERROR_SIZE]);

/*
 * One server with its latest report, in `arena`; likewise.
 *
 * STATUS_NOT_FOUND  there is none of that key
 */
enum status store_read_server(const struct store_connection *reader, const char *key,
			      struct arena *arena, struct record_server *out,
			      struct record_report *latest, char error[STORE_ERROR_SIZE]);

/* Every server that was removed, also those that have come back since. */
typedef enum status store_each_removal(void *user, const struct record_removal *removal);
enum status store_read_removals(const struct store_connection *reader, store_each_removal *each,
				void *user, char error[STORE_ERROR_SIZE]);

/*
 * The latest that the system's clock has said while a collector ran, but for a minute; 0: unknown.
 */
enum status store_read_latest_time(const struct store_connection *reader, int64_t *out,
				   char error[STORE_ERROR_SIZE]);

/*
 * Every server that there should be, in the order of keys; and a number that grows with every
 * change to them, whoever makes it; the loop's thread may see another program's some seconds later.
 */
typedef enum status store_each_expected(void *user, const struct record_expected *expected);
enum status store_read_expected(const struct store_connection *reader, store_each_expected *each,
				void *user, char error[STORE_ERROR_SIZE]);
enum status store_read_expected_version(const struct store_connection *reader, int64_t *out,
					char error[STORE_ERROR_SIZE]);

/* The list that the last STORE_EXPECT_REPLACE took the place of; empty where there was none. */
enum status store_read_former_expected(const struct store_connection *reader,
				       store_each_expected *each, void *user,
				       char error[STORE_ERROR_SIZE]);

/*
 * Alerts that are not over or whose end is not told; every silence; every hook that is known; what
 * hooks are owed in summaries; and the largest id of alerts, silences and deliveries.
 */
typedef enum status store_each_alert(void *user, const struct record_alert *alert);
enum status store_read_open_alerts(const struct store_connection *reader, store_each_alert *each,
				   void *user, char error[STORE_ERROR_SIZE]);
typedef enum status store_each_silence(void *user, const struct record_silence *silence);
enum status store_read_silences(const struct store_connection *reader, store_each_silence *each,
				void *user, char error[STORE_ERROR_SIZE]);
typedef enum status store_each_hook(void *user, const struct record_hook *hook);
enum status store_read_hooks(const struct store_connection *reader, store_each_hook *each,
			     void *user, char error[STORE_ERROR_SIZE]);
typedef enum status store_each_summary(void *user, const struct record_summary *summary);
enum status store_read_summaries(const struct store_connection *reader, store_each_summary *each,
				 void *user, char error[STORE_ERROR_SIZE]);
enum status store_read_last_alert_id(const struct store_connection *reader, int64_t *out,
				     char error[STORE_ERROR_SIZE]);

/* Equal ones the latest first. */
enum store_alert_order {
	STORE_ALERTS_WORST, /* as conditions.def has them */
	STORE_ALERTS_NEWEST,
	STORE_ALERTS_SERVER, /* by name, without case */
	STORE_ALERTS_SITE,   /* likewise "SITE/ORGANIZATION" */
};

/* The place behind an alert in an order, whether it is still there or not. */
struct store_alert_place {
	const char *name; /* its condition, server, or "SITE/ORGANIZATION"; "": the beginning */
	int64_t before;   /* its id; INT64_MAX: from the first of that name on */
};

/* The alerts in a state, from that place on. */
enum status store_read_alerts(const struct store_connection *reader, enum record_alert_state state,
			      enum store_alert_order order, const struct store_alert_place *from,
			      store_each_alert *each, void *user, char error[STORE_ERROR_SIZE]);

/* STATUS_NOT_FOUND: there is no such alert. `each` runs once at most. */
enum status store_read_alert(const struct store_connection *reader, int64_t id,
			     store_each_alert *each, void *user, char error[STORE_ERROR_SIZE]);

/* The deliveries in a state, likewise, without their bodies. */
typedef enum status store_each_delivery(void *user, const struct record_delivery *delivery);
enum status store_read_deliveries(const struct store_connection *reader,
				  enum record_delivery_state state, int64_t before,
				  store_each_delivery *each, void *user,
				  char error[STORE_ERROR_SIZE]);

/* One delivery with its body, in `arena`. STATUS_NOT_FOUND: there is none of that id. */
enum status store_read_delivery(const struct store_connection *reader, int64_t id,
				struct arena *arena, struct record_delivery *out,
				char error[STORE_ERROR_SIZE]);

/*
 * The latest report of a server whose time is not after `until_ms`; in `arena`.
 *
 * STATUS_NOT_FOUND  it has none
 */
enum status store_read_report_until(const struct store_connection *reader, const char *key,
				    int64_t until_ms, struct arena *arena,
				    struct record_report *out, char error[STORE_ERROR_SIZE]);

/*
 * The hash of the body that was stored under this identity, to tell a repetition from a conflict.
 *
 * STATUS_NOT_FOUND  there is no such report
 */
enum status store_read_body_hash(const struct store_connection *reader, const char *agent_id,
				 const char *epoch, int64_t sequence, uint64_t *out,
				 char error[STORE_ERROR_SIZE]);

/*
 * The highest sequence that is stored of one agent and epoch.
 *
 * STATUS_NOT_FOUND  there is no report of them
 */
enum status store_read_last_sequence(const struct store_connection *reader, const char *agent_id,
				     const char *epoch, int64_t *out, char error[STORE_ERROR_SIZE]);

/*
 * One identity by kind and name; in `arena`. STATUS_NOT_FOUND: there is none.
 */
enum status store_read_identity(const struct store_connection *reader, enum record_kind kind,
				const char *name, struct arena *arena, struct record_identity *out,
				char error[STORE_ERROR_SIZE]);

/*
 * Identities of a kind in order of their names, the first `limit` behind the name `after` ("": from
 * the beginning). Borrowed for the call; `each` as above.
 */
typedef enum status store_each_identity(void *user, const struct record_identity *identity);
enum status store_read_identities(const struct store_connection *reader, enum record_kind kind,
				  const char *after, size_t limit, store_each_identity *each,
				  void *user, char error[STORE_ERROR_SIZE]);

/*
 * Lines of the audit log: `limit` at most, upwards from behind the id `after`, or downwards from
 * before the id `before`. Borrowed for the call.
 */
typedef enum status store_each_audit(void *user, const struct record_audit *audit);
enum status store_read_audit_after(const struct store_connection *reader, int64_t after,
				   size_t limit, store_each_audit *each, void *user,
				   char error[STORE_ERROR_SIZE]);
enum status store_read_audit_before(const struct store_connection *reader, int64_t before,
				    size_t limit, store_each_audit *each, void *user,
				    char error[STORE_ERROR_SIZE]);

/* The id of the newest line of the audit log; 0: there is none yet. */
enum status store_read_last_audit(const struct store_connection *reader, int64_t *out,
				  char error[STORE_ERROR_SIZE]);

/*
 * Other host names under which the agent of the server's latest report has reported, with the time
 * of the last such report that is found; `limit` at most. The rows are borrowed for the call.
 */
typedef enum status store_each_name(void *user, const char *key, int64_t at_ms);
enum status store_read_other_names(const struct store_connection *reader, const char *key,
				   size_t limit, store_each_name *each, void *user,
				   char error[STORE_ERROR_SIZE]);

/*
 * What changed about the server `key`, the latest first, from `since_ms` on and before `before`
 * (its time and its number; STORE_HISTORY_END: from the end). At most `limit` of them. None for a
 * key that nobody knows.
 */
struct store_history_place {
	int64_t at_ms;
	int64_t number;
};
#define STORE_HISTORY_END ((struct store_history_place){ INT64_MAX, INT64_MAX })

typedef enum status store_each_event(void *user, const struct record_event *event,
				     struct store_history_place place);
enum status store_read_history(const struct store_connection *reader, const char *key,
			       int64_t since_ms, struct store_history_place before, size_t limit,
			       store_each_event *each, void *user, char error[STORE_ERROR_SIZE]);

/* Every owner and note, in the order of subjects. */
typedef enum status store_each_remark(void *user, const struct record_remark *remark);
enum status store_read_remarks(const struct store_connection *reader, store_each_remark *each,
			       void *user, char error[STORE_ERROR_SIZE]);

/* The bookmarks of a person, or NULL: everybody's, in the order of persons and names. */
typedef enum status store_each_bookmark(void *user, const struct record_bookmark *bookmark);
enum status store_read_bookmarks(const struct store_connection *reader, const char *person,
				 store_each_bookmark *each, void *user,
				 char error[STORE_ERROR_SIZE]);

/*
 * What changed about every server whose key is behind `after` and not behind `last`, in the order
 * of keys, of each the oldest first. The details are there of verdicts, silence and places; of
 * other changes "{}" stands for them.
 */
enum status store_read_histories(const struct store_connection *reader, const char *after,
				 const char *last, store_each_event *each, void *user,
				 char error[STORE_ERROR_SIZE]);

/*
 * Rows of the trend of an area in the order of their times, from the one on that holds at
 * `since_ms`; and of each area the last one, in the order of areas.
 */
typedef enum status store_each_trend(void *user, const struct record_trend *trend);
enum status store_read_trend(const struct store_connection *reader, const char *area,
			     int64_t since_ms, store_each_trend *each, void *user,
			     char error[STORE_ERROR_SIZE]);
enum status store_read_last_trends(const struct store_connection *reader, store_each_trend *each,
				   void *user, char error[STORE_ERROR_SIZE]);
