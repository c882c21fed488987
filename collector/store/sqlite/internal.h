/*
 * Inside the SQLite store: its connections and what is done on them. Only the files here include
 * this.
 *
 * Each connection is used by one thread: the writer's, the checkpointer's, the loop's reader, and
 * that of the thread which reads for the loop. Codes of SQLite become words and a status here, in
 * store_db_fail(), and go no further.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

#include "collector/model/record_alert.h"
#include "collector/model/record_identity.h"
#include "collector/model/record_report.h"
#include "collector/store/admin.h"
#include "collector/store/check.h"
#include "collector/store/clocks.h"
#include "collector/store/columns.h"
#include "collector/store/keep.h"
#include "collector/store/pack.h"
#include "collector/store/sqlite/engine.h"
#include "collector/store/sqlite/place.h"
#include "collector/store/sqlite/writer_cache.h"
#include "collector/store/store.h"
#include "proto/base/buffer.h"
#include "proto/base/status.h"

/* How long a connection waits for another's lock: longer than any checkpoint takes. */
#define STORE_BUSY_MS 10000

enum store_statement {
	STORE_BEGIN,
	STORE_COMMIT,
	STORE_ROLLBACK,
	STORE_FIND_HOST,
	STORE_ADD_HOST,
	STORE_LAST_HOST,
	STORE_HOST_KEY,
	STORE_SET_BASE,
	STORE_SET_LATEST,
	STORE_DROP_LATEST,
	STORE_FIND_STREAM,
	STORE_ADD_STREAM,
	STORE_LIST_STREAMS,
	STORE_DROP_STREAM,
	STORE_READ_BASE,
	STORE_INSERT_REPORT,
	STORE_READ_HOST,
	STORE_COUNT_REPORTS,
	STORE_WALK_STREAM,
	STORE_HAS_DELTA,
	STORE_DROP_REPORT,
	STORE_OLD_HISTORY,
	STORE_DROP_HISTORY,
	STORE_NEXT_HOST,
	STORE_READ_CLOCK,
	STORE_SAVE_CLOCKS,
	STORE_PAGE_COUNT,
	STORE_FREE_COUNT,
	STORE_PAGE_SIZE,
	STORE_ADD_HISTORY,
	STORE_LIST_HISTORY,
	STORE_LIST_HISTORIES,
	STORE_PUT_SERVER,
	STORE_TAKE_ROOM,
	STORE_LIST_SERVERS,
	STORE_GET_SERVER,
	STORE_DROP_SERVER,
	STORE_PUT_REMOVAL,
	STORE_LIST_REMOVALS,
	STORE_PUT_EXPECTED,
	STORE_DROP_EXPECTED,
	STORE_CLEAR_EXPECTED,
	STORE_CLEAR_FORMER,
	STORE_KEEP_FORMER,
	STORE_LIST_FORMER,
	STORE_MARK_EXPECTED,
	STORE_EXPECTED_VERSION,
	STORE_LIST_EXPECTED,
	STORE_REPORT_UNTIL,
	STORE_OTHER_NAMES,
	STORE_BODY_HASH,
	STORE_LAST_SEQUENCE,
	STORE_HOST_BEHIND,
	STORE_LIST_REPORTS,
	STORE_ONE_REPORT,
	STORE_ADD_IDENTITY,
	STORE_DROP_IDENTITY,
	STORE_DROP_SESSIONS,
	STORE_TRIM_SESSIONS,
	STORE_ONE_IDENTITY,
	STORE_LIST_IDENTITIES,
	STORE_ADD_AUDIT,
	STORE_DROP_AUDIT,
	STORE_AUDIT_AFTER,
	STORE_AUDIT_BEFORE,
	STORE_LAST_AUDIT,
	STORE_CLEAR_LAST_AUDIT,
	STORE_SET_LAST_AUDIT,
	STORE_CHANGE_ALERT,
	STORE_PUT_ALERT,
	STORE_DROP_ALERT,
	STORE_TRIM_ALERTS,
	STORE_OPEN_ALERTS,
	STORE_ALERTS_OF_CONDITION,
	STORE_ALERTS_BY_ID,
	STORE_ALERTS_BY_SERVER,
	STORE_ALERTS_BY_SITE,
	STORE_ONE_ALERT,
	STORE_ADD_DELIVERY,
	STORE_PUT_DELIVERY,
	STORE_TRIM_DELIVERIES,
	STORE_TRIM_SILENCES,
	STORE_LIST_DELIVERIES,
	STORE_ONE_DELIVERY,
	STORE_ADD_SILENCE,
	STORE_DROP_SILENCE,
	STORE_LIST_SILENCES,
	STORE_PUT_HOOK,
	STORE_LIST_HOOKS,
	STORE_PUT_SUMMARY,
	STORE_LIST_SUMMARIES,
	STORE_PUT_TREND,
	STORE_THIN_TRENDS,
	STORE_DROP_TRENDS,
	STORE_LIST_TREND,
	STORE_LAST_TRENDS,
	STORE_PUT_REMARK,
	STORE_LIST_REMARKS,
	STORE_PUT_BOOKMARK,
	STORE_DROP_BOOKMARK,
	STORE_DROP_BOOKMARKS,
	STORE_LIST_BOOKMARKS,
	STORE_LAST_ALERT_ID,
	STORE_STATEMENT_COUNT,
};

/* How far the sweep over all servers is; zeroed before the first chunk. */
struct store_sweep {
	int64_t host_id; /* the last one that was looked at; 0: it begins with the first */
	int64_t round;   /* over all of them */
};

struct store_checkpointer;

/* One connection with its prepared statements, made when first used. */
struct store_db {
	sqlite3 *handle;
	char *path;
	sqlite3_stmt *statements[STORE_STATEMENT_COUNT];
	struct store_packer packer;
	struct writer_cache cache;               /* the writer's */
	struct store_sweep sweep;                /* likewise */
	struct store_clocks clocks;              /* likewise */
	struct store_checkpointer *checkpointer; /* likewise; NULL: it has none */
	struct store_place place;                /* likewise */
	int log_pages;      /* in the write-ahead log, at the last commit of this connection */
	int64_t n_hosts;    /* the largest number of a server so far: about how many there are */
	struct buffer base; /* texts of reports, while they are packed or unpacked */
	struct buffer text;
};

/* Opens `path`, making it where it does not exist, as a connection of the house settings. */
enum status store_db_open(struct store_db *db, const char *path, char error[STORE_ERROR_SIZE]);

/*
 * Opens a database that exists, to look at it only: a backup, or the store beside a collector.
 *
 * STATUS_MALFORMED  no database, an empty one, or another program's
 */
enum status store_db_open_to_read(struct store_db *db, const char *path,
				  char error[STORE_ERROR_SIZE]);

/* Legal on a zeroed or closed one. */
void store_db_close(struct store_db *db);

/*
 * The words for what has just failed, "could not WHAT in 'FILE': why", and its status:
 * STATUS_FULL, STATUS_DENIED, STATUS_MALFORMED (damaged, or no database), STATUS_TIMED_OUT
 * (locked), else STATUS_SYSTEM.
 */
enum status store_db_fail(const struct store_db *db, const char *what,
			  char error[STORE_ERROR_SIZE]);

/* The statement, ready for its parameters; NULL where it cannot be prepared. */
sqlite3_stmt *store_db_statement(struct store_db *db, enum store_statement which);

/* A parameter of a statement. A text is borrowed until the step; a NULL one is allowed. */
struct store_parameter {
	bool is_text;
	const char *text;
	int64_t number;
};
#define STORE_TEXT(value)   ((struct store_parameter){ .is_text = true, .text = (value) })
#define STORE_NUMBER(value) ((struct store_parameter){ .number = (int64_t)(value) })

/*
 * Prepares a statement and binds all of its parameters, in their order. NULL: it could not be done,
 * which whoever runs the statement reports.
 */
sqlite3_stmt *store_db_bound(struct store_db *db, enum store_statement which,
			     const struct store_parameter *parameters, size_t n);
#define STORE_BOUND(db, which, ...)                                                                \
	store_db_bound(db, which, (const struct store_parameter[]){ __VA_ARGS__ },                 \
		       sizeof((const struct store_parameter[]){ __VA_ARGS__ }) /                   \
			       sizeof(struct store_parameter))

/* The same, and runs it: for one that returns no rows. */
#define STORE_RUN(db, which, what, error, ...)                                                     \
	store_db_run(db, STORE_BOUND(db, which, __VA_ARGS__), what, error)

/* Makes a statement ready for its next use; NULL is allowed. */
void store_db_done(sqlite3_stmt *statement);

/* Runs a statement that returns no rows, and makes it ready for its next use. */
enum status store_db_run(struct store_db *db, sqlite3_stmt *statement, const char *what,
			 char error[STORE_ERROR_SIZE]);

/*
 * Is the file empty or ours, and of a version that we know? Changes nothing.
 * (schema.c)
 *
 * STATUS_MALFORMED    no database, or another program's
 * STATUS_UNSUPPORTED  written by a newer version
 */
enum status store_db_check_owner(struct store_db *db, char error[STORE_ERROR_SIZE]);

/* Has nothing been made in it yet? */
bool store_db_is_empty(struct store_db *db);

/* Brings the schema up to date (schema.c). */
enum status store_db_migrate(struct store_db *db, char error[STORE_ERROR_SIZE]);

/* Is the schema of this version already? Changes nothing. STATUS_CONFLICT: it is an older one. */
enum status store_db_is_current(struct store_db *db, char error[STORE_ERROR_SIZE]);

/*
 * Commits changes together (write.c). On failure nothing of them is stored.
 * `changes` is an array of pointers. What old reports go with it `limits` say; NULL: none.
 */
enum status store_db_commit(struct store_db *db, const struct store_change *const *changes,
			    size_t n, const struct store_limits *limits,
			    char error[STORE_ERROR_SIZE]);

/* The row of a server. Numbers of reports are 0 where there is none. */
struct store_host {
	int64_t id;
	int64_t base_id;   /* what the next delta is based on */
	int64_t latest_id; /* the server stands on it */
	int64_t stream_id; /* whose last report that is as long as the row is not changed; or 0 */
};

/* The number of the latest report of a server, of its row `h`. */
#define STORE_LATEST_ID                                                                            \
	"coalesce(h.latest_id, (SELECT l.id FROM report l WHERE l.stream_id = h.stream_id ORDER "  \
	"BY l.sequence DESC LIMIT 1))"

/* Reads the row of the server `key`, which gets one where it has none (report.c). */
enum status store_db_host(struct store_db *db, const char *key, struct store_host *out,
			  char error[STORE_ERROR_SIZE]);

/* Sees how many servers there are; the writer's, once (report.c). */
enum status store_db_count_hosts(struct store_db *db, char error[STORE_ERROR_SIZE]);

/* What is known of a report's server, looked up where it has to be (report.c). */
enum status store_db_know(struct store_db *db, const struct record_report *report,
			  struct writer_cache_entry **out, char error[STORE_ERROR_SIZE]);

/* Stores a report of it, packed (report.c); `*id` becomes its number. */
enum status store_db_insert_report(struct store_db *db, const struct record_report *report,
				   struct writer_cache_entry *known, int64_t *id,
				   char error[STORE_ERROR_SIZE]);

/*
 * The columns of a report in a row, from `first` on: STORE_REPORT_COLUMNS of the tables stream s,
 * report r, and its base b. Borrowed from the row and the connection until the next of them is got.
 *
 * STATUS_MALFORMED  its body is damaged
 */
#define STORE_REPORT_COLUMNS                                                                       \
	"s.agent_id, s.epoch, r.sequence, r.at_ms, r.received_at_ms, r.age_s, r.body_hash, r.id, " \
	"r.encoding, r.body, b.encoding, b.body, r.imported_by"
#define STORE_REPORT_TABLES                                                                        \
	"report r JOIN stream s ON s.id = r.stream_id LEFT JOIN report b ON b.id = r.base_id"
#define STORE_REPORT_ID 7 /* its column */
enum status store_db_get_report(struct store_db *db, sqlite3_stmt *row, int first, const char *key,
				struct record_report *out, char error[STORE_ERROR_SIZE]);

/*
 * Steps a statement that gives one row or none and whose parameters are bound; store_db_done()
 * follows. NULL: it could not be prepared.
 *
 * STATUS_NOT_FOUND  it gives none
 */
enum status store_db_step(struct store_db *db, sqlite3_stmt *find, const char *what,
			  char error[STORE_ERROR_SIZE]);

/* The same for the first `n` columns of the row, all numbers; makes it ready for its next use. */
enum status store_db_numbers(struct store_db *db, sqlite3_stmt *find, const char *what,
			     int64_t *out, int n, char error[STORE_ERROR_SIZE]);

/*
 * Visits the rows of a list whose parameters are bound, until a visit fails, and makes it ready for
 * its next use. `list` NULL: it could not be prepared.
 */
typedef enum status store_db_visit(sqlite3_stmt *row, void *user);
enum status store_db_list(struct store_db *db, sqlite3_stmt *list, const char *what,
			  store_db_visit *visit, void *user, char error[STORE_ERROR_SIZE]);

/* Binds a parameter, counted from 1; NULL is allowed. The text is borrowed until the step. */
bool store_db_bind_text(sqlite3_stmt *statement, int at, const char *text);
bool store_db_bind_number(sqlite3_stmt *statement, int at, int64_t number);

/* A time or TIMESTAMP_NONE, which is NULL in the table. */
bool store_db_bind_time(sqlite3_stmt *statement, int at, int64_t ms);
int64_t store_db_time(sqlite3_stmt *row, int column);

/*
 * A text of a row, borrowed from it; of other types than text what SQLite makes of them, "" of a
 * NULL, which only damage puts into a column that is NOT NULL.
 */
const char *store_db_text(sqlite3_stmt *row, int column);

/* Likewise; NULL where the column has none. */
const char *store_db_text_or_null(sqlite3_stmt *row, int column);

/*
 * Records of collector/store/columns.h as rows (rows.c). A statement's text says "@alert" for the
 * columns of that table and "@?alert" for as many parameters; a list begins with the columns.
 */
void store_db_write_columns(struct buffer *out, const char *sql);

/* Binds a record to a statement whose first parameters are its columns, and runs it. */
enum status store_db_put(struct store_db *db, enum store_statement which,
			 const struct store_table *table, const void *record, const char *what,
			 char error[STORE_ERROR_SIZE]);

/*
 * The record of a row, borrowed from it.
 *
 * STATUS_MALFORMED  it is damaged: a number or a word stands for nothing that we know
 */
enum status store_db_get(const struct store_db *db, sqlite3_stmt *row,
			 const struct store_table *table, union store_record *out,
			 char error[STORE_ERROR_SIZE]);

/* Whoever reads a list, and how many rows it was. */
struct store_reader {
	/* Gives a record to `each`, whose type it knows. */
	enum status (*give)(sqlite3_stmt *row, union store_record *record,
			    const struct store_reader *reader);
	void (*each)(void);
	void *user;
	size_t n;
};
#define STORE_READER(give, each, user)                                                             \
	(&(struct store_reader){ give, (void (*)(void))(each), user, 0 })

/* Defines give_TYPE() for a store_each_TYPE. */
#define STORE_DEFINE_GIVE(type)                                                                    \
	static enum status give_##type(sqlite3_stmt *row, union store_record *record,              \
				       const struct store_reader *reader)                          \
	{                                                                                          \
		(void)row;                                                                         \
		return ((store_each_##type *)reader->each)(reader->user, &record->type);           \
	}

/* store_db_list() for records of a table. */
enum status store_db_rows(struct store_db *db, sqlite3_stmt *list, const struct store_table *table,
			  const char *what, struct store_reader *reader,
			  char error[STORE_ERROR_SIZE]);

/*
 * One transaction of the writer's (write.c). store_db_end() commits, or takes everything back where
 * `status` or the commit itself is a failure.
 */
enum status store_db_begin(struct store_db *db, char error[STORE_ERROR_SIZE]);
enum status store_db_end(struct store_db *db, enum status status, char error[STORE_ERROR_SIZE]);

/*
 * The reports of a stream lie in the order of their sequences, which is that of their times unless
 * somebody's clock was wrong. Where reports are looked for by time, one whose sequence is further
 * off than this may be missed; where they are so many that not all are looked at, that is.
 */
#define STORE_MAX_DISORDER 1024

/* What is to be kept. */
struct store_retention {
	const struct store_limits *limits;
	int64_t now_ms; /* from which ages are counted: struct store_clocks */
	bool halve;     /* the file is too large: half of the reports go, whatever the limits say */
	bool thorough;  /* looks for reports that are too old behind STORE_MAX_DISORDER others */
};

/*
 * Retention (retain.c). Drops of one server, within a transaction of the caller's,
 * what is beyond the limits, at most `*budget` rows, which are taken off it. Stays: the latest
 * report, and those that others are based on; when these have gone, they go the next time.
 *
 * What goes is looked for at the old end of each stream, by sequence; of what is found the oldest
 * goes, by time. So one that is older than what goes stays where more than a few younger ones are
 * before it in its stream; one that is too old stays until it was looked for thoroughly.
 */
enum status store_db_retain(struct store_db *db, int64_t host_id,
			    const struct store_retention *retention, size_t *budget,
			    char error[STORE_ERROR_SIZE]);

/*
 * One of the saved clocks, "age_ms" or "latest_ms"; 0: none is. The writer's are saved when that is
 * due; `*saved` tells. (retain.c)
 */
enum status store_db_read_clock(struct store_db *db, const char *name, int64_t *out,
				char error[STORE_ERROR_SIZE]);
enum status store_db_save_clocks(struct store_db *db, bool *saved, char error[STORE_ERROR_SIZE]);

/* Rows that one chunk of the sweep drops at most: some milliseconds. */
#define STORE_SWEEP_ROWS 256

/*
 * A chunk of the sweep, in a transaction of its own. In some dozens of rounds it looks at each
 * server thoroughly.
 */
enum status store_db_sweep(struct store_db *db, const struct store_limits *limits, int64_t now_ms,
			   struct store_sweep *sweep, size_t *dropped,
			   char error[STORE_ERROR_SIZE]);

/*
 * Sees whether writing is possible, and not just a page of it; does not wait for another's lock.
 * Afterwards the log holds next to nothing, unless somebody reads.
 */
enum status store_db_touch(struct store_db *db, char error[STORE_ERROR_SIZE]);

/* The reads of collector/store/store.h (read.c). */
enum status store_db_read_servers(struct store_db *db, store_each_server *each, void *user,
				  char error[STORE_ERROR_SIZE]);
enum status store_db_read_server(struct store_db *db, const char *key, struct arena *arena,
				 struct record_server *out, struct record_report *latest,
				 char error[STORE_ERROR_SIZE]);
enum status store_db_read_report_until(struct store_db *db, const char *key, int64_t until_ms,
				       struct arena *arena, struct record_report *out,
				       char error[STORE_ERROR_SIZE]);
enum status store_db_read_body_hash(struct store_db *db, const char *agent_id, const char *epoch,
				    int64_t sequence, uint64_t *out, char error[STORE_ERROR_SIZE]);
enum status store_db_read_last_sequence(struct store_db *db, const char *agent_id,
					const char *epoch, int64_t *out,
					char error[STORE_ERROR_SIZE]);
enum status store_db_read_other_names(struct store_db *db, const char *key, size_t limit,
				      store_each_name *each, void *user,
				      char error[STORE_ERROR_SIZE]);
enum status store_db_read_history(struct store_db *db, const char *key, int64_t since_ms,
				  struct store_history_place before, size_t limit,
				  store_each_event *each, void *user, char error[STORE_ERROR_SIZE]);
enum status store_db_read_histories(struct store_db *db, const char *after, const char *last,
				    store_each_event *each, void *user,
				    char error[STORE_ERROR_SIZE]);

/* The part of a change that is about identities, and its audit row (identity.c). */
enum status store_db_put_identity(struct store_db *db, const struct store_change *change,
				  char error[STORE_ERROR_SIZE]);

enum status store_db_read_identity(struct store_db *db, enum record_kind kind, const char *name,
				   struct arena *arena, struct record_identity *out,
				   char error[STORE_ERROR_SIZE]);
enum status store_db_read_identities(struct store_db *db, enum record_kind kind, const char *after,
				     size_t limit, store_each_identity *each, void *user,
				     char error[STORE_ERROR_SIZE]);

enum status store_db_read_audit_after(struct store_db *db, int64_t after, size_t limit,
				      store_each_audit *each, void *user,
				      char error[STORE_ERROR_SIZE]);
enum status store_db_read_audit_before(struct store_db *db, int64_t before, size_t limit,
				       store_each_audit *each, void *user,
				       char error[STORE_ERROR_SIZE]);
enum status store_db_set_last_audit(struct store_db *db, int64_t id, char error[STORE_ERROR_SIZE]);
enum status store_db_read_last_audit(struct store_db *db, int64_t *out,
				     char error[STORE_ERROR_SIZE]);

/* Removals and expected servers (inventory.c). */
enum status store_db_put_inventory(struct store_db *db, const struct store_change *change,
				   char error[STORE_ERROR_SIZE]);
enum status store_db_read_removals(struct store_db *db, store_each_removal *each, void *user,
				   char error[STORE_ERROR_SIZE]);
enum status store_db_read_expected(struct store_db *db, store_each_expected *each, void *user,
				   char error[STORE_ERROR_SIZE]);
enum status store_db_read_former_expected(struct store_db *db, store_each_expected *each,
					  void *user, char error[STORE_ERROR_SIZE]);
enum status store_db_read_latest_time(struct store_db *db, int64_t *out,
				      char error[STORE_ERROR_SIZE]);
enum status store_db_read_expected_version(struct store_db *db, int64_t *out,
					   char error[STORE_ERROR_SIZE]);

/* Alerts, deliveries, silences and hooks (alerts.c). */
enum status store_db_put_alerts(struct store_db *db, const struct store_change *change,
				char error[STORE_ERROR_SIZE]);
/* The part of a change that is about deliveries (deliveries.c). */
enum status store_db_put_deliveries(struct store_db *db, const struct store_change *change,
				    char error[STORE_ERROR_SIZE]);
enum status store_db_read_open_alerts(struct store_db *db, store_each_alert *each, void *user,
				      char error[STORE_ERROR_SIZE]);
enum status store_db_read_alerts(struct store_db *db, enum record_alert_state state,
				 enum store_alert_order order, const struct store_alert_place *from,
				 store_each_alert *each, void *user, char error[STORE_ERROR_SIZE]);
enum status store_db_read_alert(struct store_db *db, int64_t id, store_each_alert *each, void *user,
				char error[STORE_ERROR_SIZE]);
enum status store_db_read_silences(struct store_db *db, store_each_silence *each, void *user,
				   char error[STORE_ERROR_SIZE]);
enum status store_db_read_hooks(struct store_db *db, store_each_hook *each, void *user,
				char error[STORE_ERROR_SIZE]);
enum status store_db_read_summaries(struct store_db *db, store_each_summary *each, void *user,
				    char error[STORE_ERROR_SIZE]);
enum status store_db_read_deliveries(struct store_db *db, enum record_delivery_state state,
				     int64_t before, store_each_delivery *each, void *user,
				     char error[STORE_ERROR_SIZE]);
enum status store_db_read_delivery(struct store_db *db, int64_t id, struct arena *arena,
				   struct record_delivery *out, char error[STORE_ERROR_SIZE]);
enum status store_db_read_last_alert_id(struct store_db *db, int64_t *out,
					char error[STORE_ERROR_SIZE]);

/* The trend of the fleet and of sites (trend.c). */
enum status store_db_put_trends(struct store_db *db, const struct store_change *change,
				char error[STORE_ERROR_SIZE]);
enum status store_db_read_trend(struct store_db *db, const char *area, int64_t since_ms,
				store_each_trend *each, void *user, char error[STORE_ERROR_SIZE]);
enum status store_db_read_last_trends(struct store_db *db, store_each_trend *each, void *user,
				      char error[STORE_ERROR_SIZE]);

/* Owners, notes and bookmarks (remarks.c). */
enum status store_db_put_remarks(struct store_db *db, const struct store_change *change,
				 char error[STORE_ERROR_SIZE]);
enum status store_db_read_remarks(struct store_db *db, store_each_remark *each, void *user,
				  char error[STORE_ERROR_SIZE]);
enum status store_db_read_bookmarks(struct store_db *db, const char *person,
				    store_each_bookmark *each, void *user,
				    char error[STORE_ERROR_SIZE]);

/* The terminal's connection, and its read (admin.c). */
enum status store_db_open_admin(struct store_db *db, const char *directory, bool create,
				char error[STORE_ERROR_SIZE]);
enum status store_db_read_reports(struct store_db *db, const struct store_filter *filter,
				  store_each_report *each, void *user,
				  char error[STORE_ERROR_SIZE]);

/* Copies and their check (backup.c, check.c), as collector/store/backup.h and check.h say. */
enum status store_db_backup(const char *directory, const char *path, bool replace,
			    char error[STORE_ERROR_SIZE]);
enum status store_db_restore(const char *path, const char *directory,
			     void (*tell)(const char *fault), char error[STORE_ERROR_SIZE]);
enum status store_db_check(const char *path, void (*tell)(const char *fault),
			   struct store_check *out, char error[STORE_ERROR_SIZE]);

/*
 * Beyond that the write-ahead log starts over, although commits wait for it. It takes some more
 * than twice as much at most, but for what is committed while somebody reads the database for long.
 */
#define STORE_MAX_LOG_BYTES (64 * 1024 * 1024)

/*
 * The checkpointer (checkpoint.c): moves what is committed from the write-ahead log
 * into the database, on a thread and a connection of its own, so that no commit waits for it.
 */
enum status store_checkpointer_start(struct store_checkpointer **out, const char *path,
				     char error[STORE_ERROR_SIZE]);

/* Something was committed, and so many pages are in the log now; the writer's. */
void store_checkpointer_wake(struct store_checkpointer *checkpointer, int log_pages);

/*
 * The writer waits, before a commit, while the log starts over, or where it writes faster than can
 * be moved; hardly ever, and not long.
 */
void store_checkpointer_wait(struct store_checkpointer *checkpointer);

/* Waits for its thread, which takes as long as the checkpoint that may be under way. */
void store_checkpointer_stop(struct store_checkpointer *checkpointer);

/*
 * The same without it, at once: what is committed goes into the database, which needs room there,
 * and the log gives its own back, unless somebody reads. A log that grows before that may take what
 * the database needs; then neither moves again.
 *
 * STATUS_TIMED_OUT  the checkpointer is at it
 */
enum status store_db_empty_log(struct store_db *db, char error[STORE_ERROR_SIZE]);
