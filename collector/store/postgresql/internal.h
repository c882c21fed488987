/*
 * Inside the store on PostgreSQL: its connections and what is done on them. Only the files here
 * include this.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/store/admin.h"
#include "collector/store/check.h"
#include "collector/store/clocks.h"
#include "collector/store/keep.h"
#include "collector/store/pack.h"
#include "collector/store/postgresql/engine.h"
#include "collector/store/postgresql/memory.h"
#include "collector/store/postgresql/mirror.h"
#include "collector/store/postgresql/rows.h"
#include "collector/store/postgresql/statement.h"
#include "collector/store/store.h"
#include "proto/base/buffer.h"

/* The day of the reports that outlive theirs; its table is called report_rest. */
#define PG_REST (-1)

#define PG_DAY_MS (INT64_C(24) * 3600 * 1000)

/* A UUID as text, and its NUL. */
#define PG_UUID_SIZE 37

/* The packed text of a report on which a server will stand, and of what it is told apart from. */
struct pg_standing {
	struct pg_body *body;
	struct pg_body *base; /* NULL: it is whole */
};

/* What only the connection has that writes what the collector decides. */
struct pg_writer {
	char token[PG_UUID_SIZE]; /* of the lease */
	bool is_own_token;        /* taken by this connection, which gives it back */
	int64_t epoch;
	uint64_t
		loaded_by; /* conn.n_connects: over another connection it may be another database */
	uv_mutex_t use;    /* held by whoever uses memory or changes the mirror */
	bool is_loaded;
	struct pg_memory memory;
	struct pg_mirror *mirror;
	/* Of the commit under way, in the order of its reports that become latest ones. */
	struct pg_standing *standings;
	size_t n_standings;
	size_t standings_room;
	bool reads_ahead;         /* answers are kept for the loop */
	struct store_db *loop;    /* the loop's reader; NULL: there is none */
	uv_mutex_t loop_use;      /* held by whoever uses its connection, or the next one */
	struct pg_conn next_loop; /* that the loop takes before it asks; zeroed: none */
	int64_t feed_id;          /* of the last commit; 0: there is none yet */
	int64_t confirmed_id;     /* of the last one that the database confirmed, to whomever */
	bool has_to_wait;         /* each commit, for a synchronous standby */
	int64_t n_lost;           /* commits are gone on which the fleet stands, until pg_touch() */
	struct store_clocks clocks;
	int64_t swept_host; /* whose changes were looked at last; 0: from the first on */
};

struct store_db {
	struct pg_conn conn;
	char fleet[PG_UUID_SIZE]; /* whose store that is, once it was compared; "": not yet */
	char *directory;          /* of a seat: the collector's; else NULL */
	struct store_packer packer;
	struct buffer base; /* texts of reports, while they are packed or unpacked */
	struct buffer text;
	struct buffer packed; /* a copy of what the mirror has of a report; so the next */
	struct buffer packed_base;
	bool in_snapshot;         /* a transaction, until the connection is closed */
	struct pg_writer *writer; /* NULL: a reader's, or the terminal's */
	struct pg_writer
		*beside; /* of the loop's reader: whose mirror it looks into first; else NULL */
	/*
	 * In whose mirror its servers are looked up, all but the texts of verdicts; NULL: in the
	 * database.
	 */
	struct pg_writer *servers;
};

/*
 * The lease (lease.c): takes it from whoever has it; gives it back, if it is ours still; sees
 * whether it is.
 *
 * STATUS_CONFLICT   somebody else took it at the same moment
 * STATUS_TIMED_OUT  its holder's commit is under way
 * STATUS_FENCED     it is not
 */
enum status pg_lease_take(struct store_db *db, char error[STORE_ERROR_SIZE]);
void pg_lease_release(struct store_db *db);
extern const struct pg_statement pg_fence; /* its parameter: the token */
enum status pg_fail_without_lease(const struct store_db *db, char error[STORE_ERROR_SIZE]);

/* A connection for some use, also to tables of an older version, and its end (engine.c). */
enum status pg_open_as(struct store_db **out, const struct store_location *location,
		       const char *use, char error[STORE_ERROR_SIZE]);
void pg_close(struct store_db *db);

/* engine.h: a collector's seat (seat.c). */
enum status pg_open_seat(struct store_db **out, const struct store_location *location,
			 char error[STORE_ERROR_SIZE]);
enum status pg_beat(struct store_db *db, const struct record_collector *self, bool is_first,
		    char error[STORE_ERROR_SIZE]);
enum status pg_read_look(struct store_db *db, struct arena *arena, struct store_look *out,
			 char error[STORE_ERROR_SIZE]);
enum lease_outcome pg_take_lease(struct store_db *db, const char *node,
				 const struct lease_attempt *attempt, char error[STORE_ERROR_SIZE]);
enum status pg_release_lease(struct store_db *db, const char *token, const char *next,
			     char error[STORE_ERROR_SIZE]);

/*
 * All that follows is of one moment, however long it takes to send it. It comes faster than it is
 * taken, so nobody has to help the process that sends it.
 */
#define PG_BEGIN_READING                                                                           \
	"BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET LOCAL "                 \
	"statement_timeout = 0; SET LOCAL max_parallel_workers_per_gather = 0"

/*
 * Reads anew the writer's memory and what the loop asks, all but the servers; or only where it has
 * to be, so after each connecting (load.c).
 */
enum status pg_load(struct store_db *db, char error[STORE_ERROR_SIZE]);
/* The same of the memory alone: rows have moved. */
enum status pg_load_memory(struct store_db *db, char error[STORE_ERROR_SIZE]);
enum status pg_need_load(struct store_db *db, char error[STORE_ERROR_SIZE]);
void pg_unload(struct store_db *db);

/*
 * Shows in the mirror all servers, read by this reader, and gives each to `each`, which reads nothing
 * from the store itself (NULL: nobody wants them); or does so where that was never done (fill.c).
 *
 * STATUS_UNREACHABLE  also where a commit failed since
 */
enum status pg_fill(struct store_db *db, store_each_server *each, void *user,
		    char error[STORE_ERROR_SIZE]);
enum status pg_need_servers(struct store_db *db, char error[STORE_ERROR_SIZE]);
/* STATUS_UNREACHABLE: what the fleet stands on is gone; until pg_touch() (load.c). */
enum status pg_see_lost(const struct store_db *db, char error[STORE_ERROR_SIZE]);
enum status pg_load_loss(struct store_db *db, char error[STORE_ERROR_SIZE]);
enum status pg_save_loss(struct store_db *db, char error[STORE_ERROR_SIZE]);

/*
 * Looks whether commits wait for a standby, where they have to, and shows it to the loop (write.c).
 */
enum status pg_look_at_standby(struct store_db *db, char error[STORE_ERROR_SIZE]);

/* A report of the commit under way becomes a latest one (write.c). */
void pg_writer_add_standing(struct pg_writer *writer, struct pg_body *body, struct pg_body *base);
void pg_writer_drop_standings(struct pg_writer *writer);

/*
 * Makes the loop's reader a new connection, which it does not do itself once something is committed
 * (asked.c).
 */
enum status pg_connect_loop(struct pg_writer *writer, char error[STORE_ERROR_SIZE]);

/*
 * The same, if the one that it has is lost. The loop asks so rarely that a proxy may take its
 * connection for idle: it is used here, too (asked.c).
 */
void pg_keep_loop_connected(struct pg_writer *writer);

/* Reads what the loop reads after a load, and keeps the answers (asked.c). */
enum status pg_read_ahead(struct store_db *db, char error[STORE_ERROR_SIZE]);

/* Reads which servers there should be for the loop, where they have changed (read_identity.c). */
enum status pg_mirror_expected(struct store_db *db, char error[STORE_ERROR_SIZE]);

/* engine.h: commit() and touch() (write.c). */
enum status pg_commit(struct store_db *db, const struct store_change *const *changes, size_t n,
		      const struct store_limits *limits, char error[STORE_ERROR_SIZE]);
enum status pg_touch(struct store_db *db, char error[STORE_ERROR_SIZE]);

/* The tables of days (days.c): of the moment of receipt; makes one; drops one. */
int64_t pg_day_of(int64_t received_at_ms);
enum status pg_make_day(struct store_db *db, int64_t day, char error[STORE_ERROR_SIZE]);
enum status pg_drop_day(struct store_db *db, int64_t day, char error[STORE_ERROR_SIZE]);

/* engine.h: sweep() (sweep.c). */
enum status pg_sweep(struct store_db *db, const struct store_limits *limits, int64_t now_ms,
		     bool *more, char error[STORE_ERROR_SIZE]);
enum status pg_read_clock(struct store_db *db, const char *name, int64_t *out,
			  char error[STORE_ERROR_SIZE]);

/* Rows of the common parts of changes, gathered until they are sent (segment.c). */
struct pg_segment;
struct pg_segment *pg_segment_new(struct store_db *db);
void pg_segment_free(struct pg_segment *segment);
void pg_segment_put_report(struct pg_segment *segment, const struct record_report *report);
void pg_segment_put_server(struct pg_segment *segment, const struct record_server *server);
void pg_segment_put_event(struct pg_segment *segment, const struct record_event *event);
void pg_segment_put_alert(struct pg_segment *segment, const struct record_alert *alert);
void pg_segment_drop_alert(struct pg_segment *segment, int64_t id);
void pg_segment_add_delivery(struct pg_segment *segment, const struct record_delivery *delivery);
/* Sends what was gathered, into the pipeline. */
void pg_segment_flush(struct pg_segment *segment);

/* Sends the rare parts of a change (rare.c). */
bool pg_is_rare(const struct store_change *change);
void pg_send_inventory(struct store_db *db, const struct store_change *change);
void pg_send_others(struct store_db *db, const struct store_change *change);

/* A report's text as it is packed; borrowed. */
struct pg_packed {
	int encoding;
	struct store_bytes body;
	bool has_base;
	int base_encoding;
	struct store_bytes base;
};

/*
 * Unpacks the body of the report `out`, into db->text (report.c).
 *
 * STATUS_MALFORMED  it is damaged
 */
enum status pg_unpack(struct store_db *db, const struct pg_packed *packed,
		      struct record_report *out, char error[STORE_ERROR_SIZE]);

/*
 * A report from a row: the columns PG_REPORT_COLUMNS from `first` on, of the tables stream s,
 * report r and its base b. Borrowed from the result and the connection, until the next one
 * (report.c).
 *
 * STATUS_MALFORMED  it is damaged
 */
#define PG_REPORT_COLUMNS                                                                          \
	"s.agent_id, s.epoch, r.sequence, r.at_ms, r.received_at_ms, r.age_s, r.body_hash, "       \
	"r.encoding, r.body, b.encoding, b.body, r.imported_by"
#define PG_REPORT_BASE                                                                             \
	" LEFT JOIN report b ON b.stream_id = r.stream_id AND b.sequence = r.base_sequence AND "   \
	"b.day = r.day"
/* Servers h, v, with their latest reports s, r, b. */
#define PG_SERVER_COLUMNS                                                                          \
	"h.key, v.silent, v.verdict, v.since_ms, coalesce(v.verdict_json, ''), "                   \
	"coalesce(v.adapters_json, '[]'), " PG_REPORT_COLUMNS
#define PG_SERVER_TABLES                                                                           \
	"host h JOIN server v ON v.host_id = h.id JOIN stream s ON s.id = h.latest_stream CROSS "  \
	"JOIN LATERAL (SELECT * FROM report l WHERE l.stream_id = s.id AND l.day = "               \
	"coalesce(h.latest_day, s.base_day) AND l.sequence <= coalesce(h.latest_sequence, "        \
	"9223372036854775807) ORDER BY l.sequence DESC LIMIT 1) r" PG_REPORT_BASE
#define PG_SERVER_REPORT    6 /* its first column of the report ... */
#define PG_REPORT_BODY      7 /* ... and among those encoding and body, then those of the base */
#define PG_SERVER_N_COLUMNS 18
/* A server from a row, borrowed (read_servers.c). */
struct record_server pg_get_server(const PGresult *result, int row);
/* All of a report but its body; borrowed. */
struct record_report pg_get_report_facts(const PGresult *result, int row, int first,
					 const char *key);
enum status pg_get_report(struct store_db *db, const PGresult *result, int row, int first,
			  const char *key, struct record_report *out, char error[STORE_ERROR_SIZE]);

/*
 * As pg_run(), but the loop's reader asks the mirror first, and where it has to ask the database it
 * does not wait for long. To be given back by pg_answered(), whatever comes of it.
 */
struct pg_asked {
	const PGresult *rows;
	PGresult *own; /* of these, one is there at most */
	struct pg_answer *borrowed;
};
enum status pg_ask(struct store_db *db, const struct pg_statement *statement,
		   struct pg_params *params, struct pg_asked *out, char error[STORE_ERROR_SIZE]);
void pg_answered(struct store_db *db, struct pg_asked *asked);
/* What a statement asks with its parameters, as the mirror keeps answers by it. */
void pg_write_question(struct buffer *out, const struct pg_statement *statement,
		       const struct pg_params *params);

/* The first `n` columns of the one row of a result, numbers. STATUS_NOT_FOUND: it has no row. */
enum status pg_run_numbers(struct store_db *db, const struct pg_statement *statement,
			   struct pg_params *params, int64_t *out, int n,
			   char error[STORE_ERROR_SIZE]);

/* Whoever reads a list of records of columns.h. */
typedef enum status pg_give(void (*each)(void), void *user, const union store_record *record);
#define PG_DEFINE_GIVE(type)                                                                       \
	static enum status give_##type(void (*each)(void), void *user,                             \
				       const union store_record *record)                           \
	{                                                                                          \
		return ((store_each_##type *)each)(user, &record->type);                           \
	}
enum status pg_list(struct store_db *db, const struct pg_statement *statement,
		    struct pg_params *params, const struct store_table *table, pg_give *give,
		    void (*each)(void), void *user, char error[STORE_ERROR_SIZE]);
#define PG_LIST(db, statement, params, table, give, each, user, error)                             \
	pg_list(db, statement, params, table, give, (void (*)(void))(each), user, error)

/*
 * Compares what fleet's store the database has with what the data directory remembers, where it
 * does (fleet.c).
 *
 * STATUS_CONFLICT  another one's
 */
enum pg_fleet_use {
	PG_FLEET_LOOK,     /* the directory may be anywhere, or nowhere */
	PG_FLEET_REMEMBER, /* from now on, if it remembers none */
	PG_FLEET_REPLACE,  /* whatever it remembered */
};
enum status pg_fleet_check(struct store_db *db, const char *directory, enum pg_fleet_use use,
			   char error[STORE_ERROR_SIZE]);

/* engine.h: for copies of whole stores (whole.c). */
enum status pg_begin_snapshot(struct store_db *db, char error[STORE_ERROR_SIZE]);
enum status pg_set_last_audit(struct store_db *db, int64_t id, char error[STORE_ERROR_SIZE]);

/* The reads of engine.h: servers (read_servers.c). */
enum status pg_read_servers(struct store_db *db, store_each_server *each, void *user,
			    char error[STORE_ERROR_SIZE]);
enum status pg_read_server(struct store_db *db, const char *key, struct arena *arena,
			   struct record_server *out, struct record_report *latest,
			   char error[STORE_ERROR_SIZE]);
enum status pg_read_other_names(struct store_db *db, const char *key, size_t limit,
				store_each_name *each, void *user, char error[STORE_ERROR_SIZE]);

/* Reports (read_reports.c). */
enum status pg_read_report_until(struct store_db *db, const char *key, int64_t until_ms,
				 struct arena *arena, struct record_report *out,
				 char error[STORE_ERROR_SIZE]);
enum status pg_read_body_hash(struct store_db *db, const char *agent_id, const char *epoch,
			      int64_t sequence, uint64_t *out, char error[STORE_ERROR_SIZE]);
enum status pg_read_last_sequence(struct store_db *db, const char *agent_id, const char *epoch,
				  int64_t *out, char error[STORE_ERROR_SIZE]);
enum status pg_read_reports(struct store_db *db, const struct store_filter *filter,
			    store_each_report *each, void *user, char error[STORE_ERROR_SIZE]);

/* What changed (read_history.c). */
enum status pg_read_history(struct store_db *db, const char *key, int64_t since_ms,
			    struct store_history_place before, size_t limit, store_each_event *each,
			    void *user, char error[STORE_ERROR_SIZE]);
enum status pg_read_histories(struct store_db *db, const char *after, const char *last,
			      store_each_event *each, void *user, char error[STORE_ERROR_SIZE]);

/* Alerts, deliveries and what hooks are told (read_alerts.c). */
enum status pg_read_open_alerts(struct store_db *db, store_each_alert *each, void *user,
				char error[STORE_ERROR_SIZE]);
enum status pg_read_silences(struct store_db *db, store_each_silence *each, void *user,
			     char error[STORE_ERROR_SIZE]);
enum status pg_read_hooks(struct store_db *db, store_each_hook *each, void *user,
			  char error[STORE_ERROR_SIZE]);
enum status pg_read_remarks(struct store_db *db, store_each_remark *each, void *user,
			    char error[STORE_ERROR_SIZE]);
enum status pg_read_bookmarks(struct store_db *db, const char *person, store_each_bookmark *each,
			      void *user, char error[STORE_ERROR_SIZE]);
enum status pg_read_trend(struct store_db *db, const char *area, int64_t since_ms,
			  store_each_trend *each, void *user, char error[STORE_ERROR_SIZE]);
enum status pg_read_last_trends(struct store_db *db, store_each_trend *each, void *user,
				char error[STORE_ERROR_SIZE]);
enum status pg_read_summaries(struct store_db *db, store_each_summary *each, void *user,
			      char error[STORE_ERROR_SIZE]);
enum status pg_read_last_alert_id(struct store_db *db, int64_t *out, char error[STORE_ERROR_SIZE]);
enum status pg_read_alerts(struct store_db *db, enum record_alert_state state,
			   enum store_alert_order order, const struct store_alert_place *from,
			   store_each_alert *each, void *user, char error[STORE_ERROR_SIZE]);
enum status pg_read_alert(struct store_db *db, int64_t id, store_each_alert *each, void *user,
			  char error[STORE_ERROR_SIZE]);
enum status pg_read_deliveries(struct store_db *db, enum record_delivery_state state,
			       int64_t before, store_each_delivery *each, void *user,
			       char error[STORE_ERROR_SIZE]);
enum status pg_read_delivery(struct store_db *db, int64_t id, struct arena *arena,
			     struct record_delivery *out, char error[STORE_ERROR_SIZE]);

/* Identities, the audit log, the inventory (read_identity.c). */
enum status pg_read_identity(struct store_db *db, enum record_kind kind, const char *name,
			     struct arena *arena, struct record_identity *out,
			     char error[STORE_ERROR_SIZE]);
enum status pg_read_identities(struct store_db *db, enum record_kind kind, const char *after,
			       size_t limit, store_each_identity *each, void *user,
			       char error[STORE_ERROR_SIZE]);
enum status pg_read_audit_after(struct store_db *db, int64_t after, size_t limit,
				store_each_audit *each, void *user, char error[STORE_ERROR_SIZE]);
enum status pg_read_audit_before(struct store_db *db, int64_t before, size_t limit,
				 store_each_audit *each, void *user, char error[STORE_ERROR_SIZE]);
enum status pg_read_last_audit(struct store_db *db, int64_t *out, char error[STORE_ERROR_SIZE]);
enum status pg_read_removals(struct store_db *db, store_each_removal *each, void *user,
			     char error[STORE_ERROR_SIZE]);
enum status pg_read_expected(struct store_db *db, store_each_expected *each, void *user,
			     char error[STORE_ERROR_SIZE]);
enum status pg_read_former_expected(struct store_db *db, store_each_expected *each, void *user,
				    char error[STORE_ERROR_SIZE]);
enum status pg_read_expected_version(struct store_db *db, int64_t *out,
				     char error[STORE_ERROR_SIZE]);

/* check.h (check.c). */
enum status pg_check(const struct store_location *location, void (*tell)(const char *fault),
		     struct store_check *out, char error[STORE_ERROR_SIZE]);
