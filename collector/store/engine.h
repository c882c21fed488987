/*
 * What an engine of the store is: a table of functions over its database. collector/store/store.c
 * and its neighbours know no other way to one; only collector/daemon/settings.c names one, which it
 * chooses.
 *
 * A connection belongs to one thread at a time: the writer's, made by open_writer(), to the thread
 * that writes; readers, made by open_reader(), to the loop and to the thread that reads for it; the
 * terminal's, made by open_admin(), to its command. Errors are told in words: what was tried, on
 * which file, why it failed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/store/admin.h"
#include "collector/store/check.h"
#include "collector/store/seat.h"
#include "collector/store/store.h"

/* A connection; each engine defines its own. */
struct store_db;

struct store_engine {
	/* Is there a store at `location`? True also where only opening it would tell. */
	bool (*exists)(const struct store_location *location);
	/* What people know the store at `location` by. */
	const char *(*locate)(const struct store_location *location, struct arena *arena);

	/*
	 * The connections of a running collector, which holds the data directory's lock; errors as
	 * store_open(). The writer's comes first and brings the schema up to date; it goes last.
	 * `claim` as store_connect() has it.
	 */
	enum status (*open_writer)(struct store_db **out, const struct store_location *location,
				   const struct store_claim *claim, char error[STORE_ERROR_SIZE]);
	enum status (*open_reader)(struct store_db **out, const struct store_location *location,
				   char error[STORE_ERROR_SIZE]);
	/* The terminal's connection, which writes and reads; as store_admin_open(). */
	enum status (*open_admin)(struct store_db **out, const struct store_location *location,
				  bool create, char error[STORE_ERROR_SIZE]);
	/*
	 * The loop's reader goes with the writer of its process, before either is used: it gives
	 * what that has in memory. It is closed first. NULL: there is nothing in memory. The reading
	 * thread's gives the servers alone from there.
	 */
	void (*pair)(struct store_db *reader, struct store_db *writer);
	void (*pair_asker)(struct store_db *reader, struct store_db *writer);
	void (*close)(struct store_db *db); /* NULL is legal */

	/* collector/store/seat.h; NULL where the store is its collector's alone. */
	enum status (*open_seat)(struct store_db **out, const struct store_location *location,
				 char error[STORE_ERROR_SIZE]);
	enum status (*beat)(struct store_db *seat, const struct record_collector *self,
			    bool is_first, char error[STORE_ERROR_SIZE]);
	enum status (*read_look)(struct store_db *db, struct arena *arena, struct store_look *out,
				 char error[STORE_ERROR_SIZE]);
	enum lease_outcome (*take_lease)(struct store_db *seat, const char *node,
					 const struct lease_attempt *attempt,
					 char error[STORE_ERROR_SIZE]);
	enum status (*release_lease)(struct store_db *seat, const char *token, const char *next,
				     char error[STORE_ERROR_SIZE]);

	/*
	 * Commits changes together: on success they are durable, on failure nothing of them is
	 * stored, unless a connection was lost: then nobody knows. STATUS_FENCED: another writer
	 * has taken over. STATUS_INVALID: the database does not take what one of them says; what
	 * can be committed without that one can. `changes` is an array of pointers. `limits` say
	 * what old reports go with it; NULL: none.
	 */
	enum status (*commit)(struct store_db *writer, const struct store_change *const *changes,
			      size_t n, const struct store_limits *limits,
			      char error[STORE_ERROR_SIZE]);
	/*
	 * Is what the writer writes still what stands at its location? Cheap; any thread. What was
	 * committed while it is not was not stored: commit() fails by itself then.
	 */
	enum status (*look)(struct store_db *writer, char error[STORE_ERROR_SIZE]);
	/* Drops a chunk of what is old, some milliseconds' worth; `*more`: there is more of it. */
	enum status (*sweep)(struct store_db *writer, const struct store_limits *limits,
			     int64_t now_ms, bool *more, char error[STORE_ERROR_SIZE]);
	/* Sees whether writing is possible; does not wait for another's lock. */
	enum status (*touch)(struct store_db *writer, char error[STORE_ERROR_SIZE]);
	/* As store_lost_commits(); any thread. NULL: it loses none. */
	int64_t (*count_lost)(struct store_db *writer);
	/* As store_last_commit(); likewise. */
	int64_t (*last_commit)(struct store_db *writer);
	/* As store_last_loss(); likewise. */
	struct store_loss (*last_loss)(struct store_db *writer);
	/* As store_is_asynchronous(); likewise. */
	bool (*is_asynchronous)(struct store_db *writer);

	/* The reads of collector/store/store.h, and that of admin.h. */
	enum status (*read_servers)(struct store_db *reader, store_each_server *each, void *user,
				    char error[STORE_ERROR_SIZE]);
	enum status (*read_server)(struct store_db *reader, const char *key, struct arena *arena,
				   struct record_server *out, struct record_report *latest,
				   char error[STORE_ERROR_SIZE]);
	enum status (*read_removals)(struct store_db *reader, store_each_removal *each, void *user,
				     char error[STORE_ERROR_SIZE]);
	enum status (*read_other_names)(struct store_db *reader, const char *key, size_t limit,
					store_each_name *each, void *user,
					char error[STORE_ERROR_SIZE]);
	enum status (*read_expected)(struct store_db *reader, store_each_expected *each, void *user,
				     char error[STORE_ERROR_SIZE]);
	enum status (*read_former_expected)(struct store_db *reader, store_each_expected *each,
					    void *user, char error[STORE_ERROR_SIZE]);
	enum status (*read_latest_time)(struct store_db *reader, int64_t *out,
					char error[STORE_ERROR_SIZE]);
	enum status (*read_expected_version)(struct store_db *reader, int64_t *out,
					     char error[STORE_ERROR_SIZE]);
	enum status (*read_open_alerts)(struct store_db *reader, store_each_alert *each, void *user,
					char error[STORE_ERROR_SIZE]);
	enum status (*read_silences)(struct store_db *reader, store_each_silence *each, void *user,
				     char error[STORE_ERROR_SIZE]);
	enum status (*read_hooks)(struct store_db *reader, store_each_hook *each, void *user,
				  char error[STORE_ERROR_SIZE]);
	enum status (*read_summaries)(struct store_db *reader, store_each_summary *each, void *user,
				      char error[STORE_ERROR_SIZE]);
	enum status (*read_last_alert_id)(struct store_db *reader, int64_t *out,
					  char error[STORE_ERROR_SIZE]);
	enum status (*read_alerts)(struct store_db *reader, enum record_alert_state state,
				   enum store_alert_order order,
				   const struct store_alert_place *from, store_each_alert *each,
				   void *user, char error[STORE_ERROR_SIZE]);
	enum status (*read_alert)(struct store_db *reader, int64_t id, store_each_alert *each,
				  void *user, char error[STORE_ERROR_SIZE]);
	enum status (*read_deliveries)(struct store_db *reader, enum record_delivery_state state,
				       int64_t before, store_each_delivery *each, void *user,
				       char error[STORE_ERROR_SIZE]);
	enum status (*read_delivery)(struct store_db *reader, int64_t id, struct arena *arena,
				     struct record_delivery *out, char error[STORE_ERROR_SIZE]);
	enum status (*read_report_until)(struct store_db *reader, const char *key, int64_t until_ms,
					 struct arena *arena, struct record_report *out,
					 char error[STORE_ERROR_SIZE]);
	enum status (*read_body_hash)(struct store_db *reader, const char *agent_id,
				      const char *epoch, int64_t sequence, uint64_t *out,
				      char error[STORE_ERROR_SIZE]);
	enum status (*read_last_sequence)(struct store_db *reader, const char *agent_id,
					  const char *epoch, int64_t *out,
					  char error[STORE_ERROR_SIZE]);
	enum status (*read_identity)(struct store_db *reader, enum record_kind kind,
				     const char *name, struct arena *arena,
				     struct record_identity *out, char error[STORE_ERROR_SIZE]);
	enum status (*read_identities)(struct store_db *reader, enum record_kind kind,
				       const char *after, size_t limit, store_each_identity *each,
				       void *user, char error[STORE_ERROR_SIZE]);
	enum status (*read_audit_after)(struct store_db *reader, int64_t after, size_t limit,
					store_each_audit *each, void *user,
					char error[STORE_ERROR_SIZE]);
	enum status (*read_audit_before)(struct store_db *reader, int64_t before, size_t limit,
					 store_each_audit *each, void *user,
					 char error[STORE_ERROR_SIZE]);
	enum status (*read_last_audit)(struct store_db *reader, int64_t *out,
				       char error[STORE_ERROR_SIZE]);
	enum status (*read_history)(struct store_db *reader, const char *key, int64_t since_ms,
				    struct store_history_place before, size_t limit,
				    store_each_event *each, void *user,
				    char error[STORE_ERROR_SIZE]);
	enum status (*read_remarks)(struct store_db *reader, store_each_remark *each, void *user,
				    char error[STORE_ERROR_SIZE]);
	enum status (*read_bookmarks)(struct store_db *reader, const char *person,
				      store_each_bookmark *each, void *user,
				      char error[STORE_ERROR_SIZE]);
	enum status (*read_histories)(struct store_db *reader, const char *after, const char *last,
				      store_each_event *each, void *user,
				      char error[STORE_ERROR_SIZE]);
	enum status (*read_trend)(struct store_db *reader, const char *area, int64_t since_ms,
				  store_each_trend *each, void *user, char error[STORE_ERROR_SIZE]);
	enum status (*read_last_trends)(struct store_db *reader, store_each_trend *each, void *user,
					char error[STORE_ERROR_SIZE]);
	enum status (*read_reports)(struct store_db *db, const struct store_filter *filter,
				    store_each_report *each, void *user,
				    char error[STORE_ERROR_SIZE]);

	/*
	 * For copies of whole stores (collector/store/copy.h). What a connection reads from now on
	 * is one moment. The next line of the audit log has the number behind this one.
	 */
	enum status (*begin_snapshot)(struct store_db *reader, char error[STORE_ERROR_SIZE]);
	enum status (*set_last_audit)(struct store_db *writer, int64_t id,
				      char error[STORE_ERROR_SIZE]);
	/*
	 * The store at `location`, new and empty, to be filled by commits, as what nobody else
	 * opens before it is complete; then closes it, and where `status` is not STATUS_OK takes it
	 * away again. NULL: `restore` does it all.
	 */
	enum status (*begin_restore)(struct store_db **out, const struct store_location *location,
				     char error[STORE_ERROR_SIZE]);
	enum status (*end_restore)(struct store_db *db, const struct store_location *location,
				   enum status status, char error[STORE_ERROR_SIZE]);

	/*
	 * collector/store/backup.h and check.h. NULL but for `check`: backups are files of another
	 * engine.
	 */
	enum status (*backup)(const struct store_location *location, const char *path, bool replace,
			      char error[STORE_ERROR_SIZE]);
	enum status (*restore)(const char *path, const struct store_location *location,
			       void (*tell)(const char *fault), char error[STORE_ERROR_SIZE]);
	enum status (*check)(const struct store_location *location, void (*tell)(const char *fault),
			     struct store_check *out, char error[STORE_ERROR_SIZE]);
	enum status (*check_backup)(const char *path, void (*tell)(const char *fault),
				    struct store_check *out, char error[STORE_ERROR_SIZE]);
};

/* An engine with a connection to its database: what the reads of collector/store/store.h ask. */
struct store_connection {
	const struct store_engine *engine;
	struct store_db *db; /* NULL: not opened */
};
