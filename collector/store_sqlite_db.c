#include "collector/store_sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/mem.h"

static const char *const sql[STORE_STATEMENT_COUNT] = {
	[STORE_BEGIN] = "BEGIN IMMEDIATE",
	[STORE_COMMIT] = "COMMIT",
	[STORE_ROLLBACK] = "ROLLBACK",
	[STORE_INSERT_REPORT] =
		"INSERT INTO report (key, ordinal, agent_id, epoch, sequence, at_ms, "
		"received_at_ms, age_s, body_hash, encoding, body) VALUES (?1, "
		"(SELECT coalesce(max(ordinal), 0) + 1 FROM report WHERE key = ?1), "
		"?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?9)",
	/* `?3` rows at most, so that no commit takes long because of it. */
	[STORE_DROP_REPORTS] =
		"DELETE FROM report WHERE id IN (SELECT id FROM report WHERE key = ?1 AND "
		"ordinal <= (SELECT max(ordinal) FROM report WHERE key = ?1) - ?2 AND id NOT IN "
		"(SELECT report_id FROM server WHERE key = ?1) ORDER BY ordinal LIMIT ?3)",
	/* `?2` is the id of the new latest report, or NULL where it stays. */
	[STORE_PUT_SERVER] =
		"INSERT INTO server (key, report_id, silent, verdict, since_ms, verdict_json, "
		"adapters_json) VALUES (?1, coalesce(?2, 0), ?3, ?4, ?5, coalesce(?6, ''), "
		"coalesce(?7, '[]')) "
		"ON CONFLICT (key) DO UPDATE SET report_id = coalesce(?2, report_id), silent = ?3, "
		"verdict = ?4, since_ms = ?5, verdict_json = coalesce(?6, verdict_json), "
		"adapters_json = coalesce(?7, adapters_json)",
	[STORE_PUT_TOLD] = "INSERT OR REPLACE INTO told (key, verdict, number) VALUES (?1, ?2, ?3)",
	[STORE_TOUCH] = "UPDATE meta SET value = value + 1 WHERE name = 'resumed'",
	[STORE_LIST_SERVERS] =
		"SELECT s.key, s.silent, s.verdict, s.since_ms, s.verdict_json, s.adapters_json, "
		"r.agent_id, r.epoch, r.sequence, r.at_ms, r.received_at_ms, r.age_s, r.body_hash, "
		"r.body FROM server s JOIN report r ON r.id = s.report_id ORDER BY s.key",
	[STORE_GET_SERVER] =
		"SELECT s.key, s.silent, s.verdict, s.since_ms, s.verdict_json, s.adapters_json, "
		"r.agent_id, r.epoch, r.sequence, r.at_ms, r.received_at_ms, r.age_s, r.body_hash, "
		"r.body FROM server s JOIN report r ON r.id = s.report_id WHERE s.key = ?1",
	[STORE_LIST_TOLD] = "SELECT key, verdict, number FROM told ORDER BY key",
	[STORE_REPORT_UNTIL] =
		"SELECT agent_id, epoch, sequence, at_ms, received_at_ms, age_s, body_hash, body "
		"FROM report WHERE key = ?1 AND at_ms <= ?2 "
		"ORDER BY at_ms DESC, sequence DESC LIMIT 1",
	[STORE_BODY_HASH] =
		"SELECT body_hash FROM report WHERE agent_id = ?1 AND epoch = ?2 AND sequence = ?3",
	[STORE_ADD_IDENTITY] =
		"INSERT INTO identity (kind, name, id, hash, role, made_by, made_at_ms, "
		"expires_at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) "
		"ON CONFLICT (kind, name) DO NOTHING",
	[STORE_DROP_IDENTITY] = "DELETE FROM identity WHERE kind = ?1 AND name = ?2",
	[STORE_DROP_SESSIONS] = "DELETE FROM identity WHERE kind = 4 AND made_by = ?1",
	/* Those that are over, and of one token all but the `?3` newest. */
	[STORE_TRIM_SESSIONS] =
		"DELETE FROM identity WHERE kind = 4 AND (expires_at_ms <= ?1 OR (made_by = ?2 AND "
		"name NOT IN (SELECT name FROM identity WHERE kind = 4 AND made_by = ?2 "
		"ORDER BY made_at_ms DESC, name LIMIT ?3)))",
	[STORE_ONE_IDENTITY] =
		"SELECT name, id, hash, role, made_by, made_at_ms, expires_at_ms FROM identity "
		"WHERE kind = ?1 AND name = ?2",
	[STORE_LIST_IDENTITIES] =
		"SELECT name, id, hash, role, made_by, made_at_ms, expires_at_ms FROM identity "
		"WHERE kind = ?1 AND name > ?2 ORDER BY name LIMIT ?3",
	[STORE_ADD_AUDIT] = "INSERT INTO audit (at_ms, who, origin, action, kind, object, "
			    "object_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[STORE_DROP_AUDIT] = "DELETE FROM audit WHERE id <= (SELECT max(id) FROM audit) - ?1",
	[STORE_AUDIT_AFTER] = "SELECT id, at_ms, who, origin, action, kind, object, object_id "
			      "FROM audit WHERE id > ?1 ORDER BY id LIMIT ?2",
	[STORE_AUDIT_BEFORE] = "SELECT id, at_ms, who, origin, action, kind, object, object_id "
			       "FROM audit WHERE id < ?1 ORDER BY id DESC LIMIT ?2",
	[STORE_LAST_AUDIT] = "SELECT coalesce(max(id), 0) FROM audit",
};

static enum status status_of(int code)
{
	switch (code & 0xff) {
	case SQLITE_FULL:
		return STATUS_FULL;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return STATUS_MALFORMED;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return STATUS_TIMED_OUT;
	case SQLITE_PERM:
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_AUTH:
		return STATUS_DENIED;
	default:
		return STATUS_SYSTEM;
	}
}

enum status store_db_fail(const struct store_db *db, const char *what, char error[STORE_ERROR_SIZE])
{
	int code = sqlite3_extended_errcode(db->handle);
	int os_error = sqlite3_system_errno(db->handle);
	enum status status = status_of(code);

	if (os_error != 0 && status != STATUS_MALFORMED)
		snprintf(error, STORE_ERROR_SIZE, "could not %s in '%s': %s (%s)", what, db->path,
			 sqlite3_errmsg(db->handle), strerror(os_error));
	else
		snprintf(error, STORE_ERROR_SIZE, "could not %s in '%s': %s", what, db->path,
			 sqlite3_errmsg(db->handle));
	return status;
}

sqlite3_stmt *store_db_statement(struct store_db *db, enum store_statement which)
{
	sqlite3_stmt **statement = &db->statements[which];

	if (!*statement && sqlite3_prepare_v3(db->handle, sql[which], -1, SQLITE_PREPARE_PERSISTENT,
					      statement, NULL) != SQLITE_OK)
		return NULL;
	return *statement;
}

enum status store_db_run(struct store_db *db, sqlite3_stmt *statement, const char *what,
			 char error[STORE_ERROR_SIZE])
{
	enum status status = STATUS_OK;

	if (!statement)
		return store_db_fail(db, what, error);
	if (sqlite3_step(statement) != SQLITE_DONE)
		status = store_db_fail(db, what, error);
	sqlite3_reset(statement); /* repeats the failure of the step, which is told already */
	sqlite3_clear_bindings(statement);
	return status;
}

/*
 * synchronous=FULL: a commit is on the disk before it is acknowledged; NORMAL loses acknowledged
 * reports when the power fails. No automatic checkpoints: they would be paid for by commits.
 */
static const char settings[] = "PRAGMA journal_mode = WAL;"
			       "PRAGMA synchronous = FULL;"
			       "PRAGMA wal_autocheckpoint = 0;"
			       "PRAGMA temp_store = MEMORY;"
			       "PRAGMA cell_size_check = ON;";

static enum status open_connection(struct store_db *db, char error[STORE_ERROR_SIZE])
{
	static const char what[] = "open the store";
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;

	if (sqlite3_open_v2(db->path, &db->handle, flags, NULL) != SQLITE_OK)
		return store_db_fail(db, what, error);
	sqlite3_extended_result_codes(db->handle, 1);
	sqlite3_busy_timeout(db->handle, STORE_BUSY_MS); /* neither can fail */
	enum status status = store_db_check_owner(db, error);
	if (status != STATUS_OK)
		return status;
	if (sqlite3_exec(db->handle, settings, NULL, NULL, NULL) != SQLITE_OK)
		return store_db_fail(db, what, error);
	return STATUS_OK;
}

enum status store_db_open(struct store_db *db, const char *path, char error[STORE_ERROR_SIZE])
{
	*db = (struct store_db){ .path = mem_strdup(path) };
	enum status status = open_connection(db, error);
	if (status != STATUS_OK)
		store_db_close(db);
	return status;
}

void store_db_close(struct store_db *db)
{
	for (size_t i = 0; i < STORE_STATEMENT_COUNT; i++)
		sqlite3_finalize(db->statements[i]);
	sqlite3_close(db->handle);
	free(db->path);
	*db = (struct store_db){ 0 };
}
