/*
 * Inside the SQLite store: its connections and what is done on them. Only store_sqlite*.c include
 * this.
 *
 * There are three connections, each used by one thread: the writer's, the checkpointer's, and the
 * reader's, which belongs to the loop. Codes of SQLite become words and a status here, in
 * store_db_fail(), and go no further.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

#include "collector/record.h"
#include "collector/store.h"
#include "proto/status.h"

/* How long a connection waits for another's lock: longer than any checkpoint takes. */
#define STORE_BUSY_MS 10000

enum store_statement {
	STORE_BEGIN,
	STORE_COMMIT,
	STORE_ROLLBACK,
	STORE_INSERT_REPORT,
	STORE_DROP_REPORTS,
	STORE_PUT_SERVER,
	STORE_PUT_TOLD,
	STORE_TOUCH,
	STORE_LIST_SERVERS,
	STORE_GET_SERVER,
	STORE_LIST_TOLD,
	STORE_REPORT_UNTIL,
	STORE_BODY_HASH,
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
	STORE_STATEMENT_COUNT,
};

/* One connection with its prepared statements, made when first used. */
struct store_db {
	sqlite3 *handle;
	char *path;
	sqlite3_stmt *statements[STORE_STATEMENT_COUNT];
};

/* Opens `path`, making it where it does not exist, as a connection of the house settings. */
enum status store_db_open(struct store_db *db, const char *path, char error[STORE_ERROR_SIZE]);

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

/* Runs a statement that returns no rows, and makes it ready for its next use. */
enum status store_db_run(struct store_db *db, sqlite3_stmt *statement, const char *what,
			 char error[STORE_ERROR_SIZE]);

/*
 * Is the file empty or ours, and of a version that we know? Changes nothing.
 * (store_sqlite_schema.c)
 *
 * STATUS_MALFORMED    no database, or another program's
 * STATUS_UNSUPPORTED  written by a newer version
 */
enum status store_db_check_owner(struct store_db *db, char error[STORE_ERROR_SIZE]);

/* Brings the schema up to date (store_sqlite_schema.c). */
enum status store_db_migrate(struct store_db *db, char error[STORE_ERROR_SIZE]);

/* Is the schema of this version already? Changes nothing. STATUS_CONFLICT: it is an older one. */
enum status store_db_is_current(struct store_db *db, char error[STORE_ERROR_SIZE]);

/*
 * Commits changes together (store_sqlite_write.c). On failure nothing of them is stored.
 * `changes` is an array of pointers.
 */
enum status store_db_commit(struct store_db *db, const struct store_change *const *changes,
			    size_t n, char error[STORE_ERROR_SIZE]);

/* Writes something that means nothing, to see whether writing is possible. */
enum status store_db_touch(struct store_db *db, char error[STORE_ERROR_SIZE]);

/* The reads of collector/store.h (store_sqlite_read.c). */
enum status store_db_read_servers(struct store_db *db, store_each_server *each, void *user,
				  char error[STORE_ERROR_SIZE]);
enum status store_db_read_server(struct store_db *db, const char *key, struct arena *arena,
				 struct record_server *out, struct record_report *latest,
				 char error[STORE_ERROR_SIZE]);
enum status store_db_read_told(struct store_db *db, store_each_told *each, void *user,
			       char error[STORE_ERROR_SIZE]);
enum status store_db_read_report_until(struct store_db *db, const char *key, int64_t until_ms,
				       struct arena *arena, struct record_report *out,
				       char error[STORE_ERROR_SIZE]);
enum status store_db_read_body_hash(struct store_db *db, const char *agent_id, const char *epoch,
				    int64_t sequence, uint64_t *out, char error[STORE_ERROR_SIZE]);

/* The part of a change that is about identities, and its audit row (store_sqlite_identity.c). */
enum status store_db_put_identity(struct store_db *db, const struct store_change *change,
				  char error[STORE_ERROR_SIZE]);

enum status store_db_read_identity(struct store_db *db, enum record_kind kind, const char *name,
				   struct arena *arena, struct record_identity *out,
				   char error[STORE_ERROR_SIZE]);
enum status store_db_read_identities(struct store_db *db, enum record_kind kind, const char *after,
				     size_t limit, store_each_identity *each, void *user,
				     char error[STORE_ERROR_SIZE]);

/* `which` is STORE_AUDIT_AFTER or STORE_AUDIT_BEFORE, `id` its bound. */
enum status store_db_read_audit(struct store_db *db, enum store_statement which, int64_t id,
				size_t limit, store_each_audit *each, void *user,
				char error[STORE_ERROR_SIZE]);
enum status store_db_read_last_audit(struct store_db *db, int64_t *out,
				     char error[STORE_ERROR_SIZE]);

/*
 * The checkpointer (store_sqlite_checkpoint.c): moves what is committed from the write-ahead log
 * into the database, on a thread and a connection of its own, so that no commit waits for it.
 */
struct store_checkpointer;

enum status store_checkpointer_start(struct store_checkpointer **out, const char *path,
				     char error[STORE_ERROR_SIZE]);

/* Something was committed; from any thread. */
void store_checkpointer_wake(struct store_checkpointer *checkpointer);

/* Waits for its thread, which takes as long as the checkpoint that may be under way. */
void store_checkpointer_stop(struct store_checkpointer *checkpointer);
