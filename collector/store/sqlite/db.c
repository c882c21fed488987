#include "collector/store/sqlite/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/base/data_dir.h"
#include "collector/store/sqlite/log_file.h"
#include "collector/store/sqlite/page_cache.h"
#include "proto/base/count.h"
#include "proto/base/mem.h"
#include "proto/base/timestamp.h"

/*
 * Alerts in the state `?1` in the order of a text, from behind the text `?3` with the id `?2` on.
 */
#define STORE_ALERTS_BY(text)                                                                      \
	"SELECT @alert FROM alert WHERE state = ?1 AND (" text " COLLATE NOCASE > ?3 OR (" text    \
	" COLLATE NOCASE = ?3 AND id < ?2)) ORDER BY " text " COLLATE NOCASE, id DESC"

/*
 * "@alert": the columns of the table, "@?alert": as many parameters; "@=alert": those that are in no
 * index, set, "@&alert": the others, asked for (rows.c).
 */
static const char *const sql[STORE_STATEMENT_COUNT] = {
	[STORE_BEGIN] = "BEGIN IMMEDIATE",
	[STORE_COMMIT] = "COMMIT",
	[STORE_ROLLBACK] = "ROLLBACK",
	[STORE_FIND_HOST] = "SELECT h.id, h.base_id, " STORE_LATEST_ID
			    ", iif(h.latest_id IS NULL, h.stream_id, 0) FROM host h WHERE key = ?1",
	[STORE_ADD_HOST] = "INSERT INTO host (key) VALUES (?1)",
	[STORE_SET_BASE] = "UPDATE host SET base_id = ?2 WHERE id = ?1",
	[STORE_SET_LATEST] = "UPDATE host SET latest_id = ?2, stream_id = ?3 WHERE id = ?1",
	[STORE_DROP_LATEST] = "UPDATE host SET latest_id = NULL, stream_id = NULL WHERE key = ?1",
	[STORE_HOST_KEY] = "SELECT key FROM host WHERE id = ?1",
	[STORE_LAST_HOST] = "SELECT coalesce(max(id), 0) FROM host",
	[STORE_FIND_STREAM] =
		"SELECT id, coalesce((SELECT max(sequence) FROM report WHERE stream_id = "
		"stream.id), -1) FROM stream WHERE agent_id = ?1 AND epoch = ?2 AND host_id = ?3",
	[STORE_ADD_STREAM] = "INSERT INTO stream (agent_id, epoch, host_id) VALUES (?1, ?2, ?3)",
	[STORE_LIST_STREAMS] = "SELECT id FROM stream WHERE host_id = ?1",
	[STORE_DROP_STREAM] = "DELETE FROM stream WHERE id = ?1",
	[STORE_READ_BASE] = "SELECT encoding, body FROM report WHERE id = ?1",
	[STORE_INSERT_REPORT] =
		"INSERT INTO report (host_id, stream_id, sequence, at_ms, received_at_ms, age_s, "
		"body_hash, base_id, encoding, body, imported_by) VALUES (?1, ?2, ?3, ?4, ?5, ?6, "
		"?7, ?8, ?9, ?10, ?11)",
	[STORE_READ_HOST] = "SELECT h.base_id, " STORE_LATEST_ID " FROM host h WHERE h.id = ?1",
	/* How many there are the index says alone; the same is true of the numbers further down. */
	[STORE_COUNT_REPORTS] = "SELECT count(*) FROM stream s CROSS JOIN report r ON r.stream_id "
				"= s.id WHERE s.host_id = ?1",
	[STORE_WALK_STREAM] = "SELECT id, at_ms, base_id IS NULL FROM report WHERE stream_id = ?1 "
			      "ORDER BY sequence",
	/*
	 * All that is based on a report came after it and before the next base. So it has a delta
	 * if the next one that is left of its server, in the order of arrival, is one of its own:
	 * mostly that is the next one of the stream as well, which is quickly seen.
	 */
	[STORE_HAS_DELTA] =
		"SELECT iif((SELECT n.base_id FROM report b JOIN report n ON n.stream_id = "
		"b.stream_id AND n.sequence > b.sequence WHERE b.id = ?1 ORDER BY n.sequence "
		"LIMIT 1) = ?1, 1, EXISTS (SELECT 1 FROM report d WHERE d.base_id = ?1 AND d.id = "
		"(SELECT min(r.id) FROM report b JOIN stream s ON s.host_id = b.host_id CROSS JOIN "
		"report r INDEXED BY report_identity ON r.stream_id = s.id WHERE b.id = ?1 AND "
		"r.id > ?1)))",
	[STORE_DROP_REPORT] = "DELETE FROM report WHERE id = ?1",
	/* `?2` rows stay at most, none older than `?3`; `?4` go at once. */
	[STORE_OLD_HISTORY] =
		"SELECT id FROM history WHERE host_id = ?1 AND at_ms < max(?3, coalesce((SELECT "
		"at_ms FROM history WHERE host_id = ?1 ORDER BY at_ms DESC LIMIT 1 OFFSET ?2 - 1), "
		"?3)) ORDER BY at_ms LIMIT ?4",
	[STORE_DROP_HISTORY] = "DELETE FROM history WHERE id = ?1",
	[STORE_NEXT_HOST] = "SELECT coalesce((SELECT id FROM host WHERE id > ?1 ORDER BY id "
			    "LIMIT 1), 0)",
	[STORE_READ_CLOCK] = "SELECT value FROM meta WHERE name = ?1",
	[STORE_SAVE_CLOCKS] =
		"INSERT OR REPLACE INTO meta VALUES ('age_ms', ?1), ('latest_ms', ?2)",
	[STORE_PAGE_COUNT] = "PRAGMA page_count",
	[STORE_FREE_COUNT] = "PRAGMA freelist_count",
	[STORE_PAGE_SIZE] = "PRAGMA page_size",
	[STORE_ADD_HISTORY] = "INSERT INTO history (host_id, at_ms, kind, detail) "
			      "VALUES (?1, ?2, ?3, ?4)",
	/* The latest first; those of one moment the last first. `?3` and `?4`: before this one. */
	[STORE_LIST_HISTORY] =
		"SELECT id, at_ms, kind, detail FROM history WHERE host_id = "
		"(SELECT id FROM host WHERE key = ?1) AND at_ms >= ?2 AND at_ms <= ?3 AND "
		"(at_ms < ?3 OR id < ?4) ORDER BY at_ms DESC, id DESC LIMIT ?5",
	[STORE_LIST_HISTORIES] =
		"SELECT e.id, e.at_ms, e.kind, iif(e.kind IN ('verdict', 'silent', 'place'), "
		"e.detail, '{}'), h.key FROM host h CROSS JOIN history e ON e.host_id = h.id WHERE "
		"h.key > ?1 AND h.key <= ?2 ORDER BY h.key, e.at_ms, e.id",
	/* NULL: it stays. */
	[STORE_PUT_SERVER] =
		"INSERT INTO server (key, silent, verdict, since_ms, verdict_json, adapters_json) "
		"VALUES (?1, ?2, ?3, ?4, coalesce(?5, ''), coalesce(?6, '[]')) "
		"ON CONFLICT (key) DO UPDATE SET silent = ?2, verdict = ?3, since_ms = ?4, "
		"verdict_json = coalesce(?5, verdict_json), "
		"adapters_json = coalesce(?6, adapters_json)",
	/* 1 MiB: a disk that has just a page left would fail again at once. */
	[STORE_TAKE_ROOM] = "INSERT OR REPLACE INTO meta VALUES ('room', zeroblob(?1))",
	[STORE_LIST_SERVERS] =
		"SELECT v.key, v.silent, v.verdict, v.since_ms, v.verdict_json, "
		"v.adapters_json, " STORE_REPORT_COLUMNS " FROM server v JOIN host h ON h.key = "
		"v.key JOIN " STORE_REPORT_TABLES " WHERE r.id = " STORE_LATEST_ID
		" ORDER BY v.key",
	[STORE_GET_SERVER] =
		"SELECT v.key, v.silent, v.verdict, v.since_ms, v.verdict_json, "
		"v.adapters_json, " STORE_REPORT_COLUMNS " FROM server v JOIN host h ON h.key = "
		"v.key JOIN " STORE_REPORT_TABLES " WHERE r.id = " STORE_LATEST_ID
		" AND v.key = ?1",
	[STORE_DROP_SERVER] = "DELETE FROM server WHERE key = ?1",
	[STORE_PUT_REMOVAL] = "INSERT OR REPLACE INTO removal (@removal) VALUES (@?removal)",
	[STORE_LIST_REMOVALS] = "SELECT @removal FROM removal ORDER BY key",
	/* Since when a server is expected stays when it is named again. */
	[STORE_PUT_EXPECTED] = "INSERT INTO expected (@expected) VALUES (@?expected) ON CONFLICT "
			       "(key) DO UPDATE SET server = excluded.server, organization = "
			       "excluded.organization, site = excluded.site",
	[STORE_DROP_EXPECTED] = "DELETE FROM expected WHERE key = ?1",
	[STORE_CLEAR_EXPECTED] = "DELETE FROM expected",
	[STORE_CLEAR_FORMER] = "DELETE FROM expected_former",
	[STORE_KEEP_FORMER] =
		"INSERT INTO expected_former (@expected) SELECT @expected FROM expected",
	[STORE_LIST_FORMER] = "SELECT @expected FROM expected_former ORDER BY key",
	[STORE_MARK_EXPECTED] = "INSERT INTO meta VALUES ('expected_version', 1) "
				"ON CONFLICT (name) DO UPDATE SET value = value + 1",
	[STORE_EXPECTED_VERSION] = "SELECT value FROM meta WHERE name = 'expected_version'",
	[STORE_LIST_EXPECTED] = "SELECT @expected FROM expected ORDER BY key",
	/*
	 * The server ?1 until ?2. Reports of a stream are in the order of their times but for ?3
	 * places, so a long stream is halved until what is left is short. As a report by which it
	 * is halved may be so far off, and the one that is looked for as well, twice as many on
	 * either side are looked through, too.
	 */
	[STORE_REPORT_UNTIL] =
		"WITH RECURSIVE span (stream_id, first, last) AS (SELECT s.id, (SELECT "
		"min(sequence) FROM report WHERE stream_id = s.id), (SELECT max(sequence) FROM "
		"report WHERE stream_id = s.id) FROM stream s WHERE s.host_id = (SELECT id FROM "
		"host WHERE key = ?1) UNION ALL SELECT p.stream_id, iif(m.at_ms <= ?2, "
		"m.sequence, p.first), iif(m.at_ms <= ?2, p.last, p.first + (p.last - p.first) / "
		"2) FROM span p CROSS JOIN report m ON m.id = (SELECT id FROM report WHERE "
		"stream_id = p.stream_id AND sequence >= p.first + (p.last - p.first) / 2 ORDER BY "
		"sequence LIMIT 1) WHERE p.last - p.first > 2 * ?3) SELECT " STORE_REPORT_COLUMNS
		" FROM " STORE_REPORT_TABLES " WHERE r.id = (SELECT c.id FROM span p CROSS JOIN "
		"report c ON c.stream_id = p.stream_id AND c.sequence BETWEEN p.first - 2 * ?3 AND "
		"p.last + 2 * ?3 WHERE p.last - p.first <= 2 * ?3 AND c.at_ms <= ?2 "
		"ORDER BY c.at_ms DESC, c.sequence DESC LIMIT 1)",
	/* The next server; `?2` NULL: of any name. */
	[STORE_HOST_BEHIND] = "SELECT id, key FROM host WHERE id > ?1 AND (?2 IS NULL OR key = ?2) "
			      "ORDER BY id LIMIT 1",
	[STORE_LIST_REPORTS] =
		"SELECT r.id FROM stream s CROSS JOIN report r ON r.stream_id = s.id WHERE "
		"s.host_id = ?1 AND r.at_ms BETWEEN ?2 AND ?3 ORDER BY r.at_ms, r.id",
	[STORE_ONE_REPORT] = "SELECT " STORE_REPORT_COLUMNS " FROM " STORE_REPORT_TABLES
			     " WHERE r.id = ?1 AND r.host_id = ?2",
	[STORE_OTHER_NAMES] =
		"SELECT other.key, max(r.at_ms) FROM host h "
		"JOIN report latest ON latest.id = " STORE_LATEST_ID
		" JOIN stream own ON own.id = latest.stream_id "
		"JOIN stream s ON s.agent_id = own.agent_id AND s.host_id <> h.id "
		"JOIN report r ON r.id = (SELECT id FROM report WHERE stream_id = s.id "
		"ORDER BY sequence DESC LIMIT 1) JOIN host other ON other.id = s.host_id "
		"WHERE h.key = ?1 AND own.agent_id <> '' GROUP BY other.key "
		"ORDER BY 2 DESC LIMIT ?2",
	/* The same agent and epoch has a stream under each name that it has had. */
	[STORE_BODY_HASH] =
		"SELECT r.body_hash FROM stream s CROSS JOIN report r ON r.stream_id = s.id WHERE "
		"s.agent_id = ?1 AND s.epoch = ?2 AND r.sequence = ?3 LIMIT 1",
	[STORE_LAST_SEQUENCE] =
		"SELECT (SELECT max(sequence) FROM report WHERE stream_id = s.id) AS last FROM "
		"stream s WHERE s.agent_id = ?1 AND s.epoch = ?2 AND last IS NOT NULL "
		"ORDER BY last DESC LIMIT 1",
	[STORE_ADD_IDENTITY] = "INSERT INTO identity (@identity) VALUES (@?identity) ON CONFLICT "
			       "(kind, name) DO NOTHING",
	[STORE_DROP_IDENTITY] = "DELETE FROM identity WHERE kind = ?1 AND name = ?2",
	[STORE_DROP_SESSIONS] = "DELETE FROM identity WHERE kind = 4 AND made_by = ?1",
	/* Sessions that are over, and of one token all but the `?3` newest. */
	[STORE_TRIM_SESSIONS] =
		"DELETE FROM identity WHERE kind = 4 AND (expires_at_ms <= ?1 OR (made_by = ?2 AND "
		"name NOT IN (SELECT name FROM identity WHERE kind = 4 AND made_by = ?2 "
		"ORDER BY made_at_ms DESC, name LIMIT ?3)))",
	[STORE_ONE_IDENTITY] = "SELECT @identity FROM identity WHERE kind = ?1 AND name = ?2",
	[STORE_LIST_IDENTITIES] = "SELECT @identity FROM identity WHERE kind = ?1 AND name > ?2 "
				  "ORDER BY name LIMIT ?3",
	[STORE_ADD_AUDIT] = "INSERT INTO audit (@audit) VALUES (@?audit)",
	[STORE_DROP_AUDIT] = "DELETE FROM audit WHERE id <= (SELECT max(id) FROM audit) - ?1",
	[STORE_AUDIT_AFTER] = "SELECT @audit FROM audit WHERE id > ?1 ORDER BY id LIMIT ?2",
	[STORE_AUDIT_BEFORE] = "SELECT @audit FROM audit WHERE id < ?1 ORDER BY id DESC LIMIT ?2",
	[STORE_CLEAR_LAST_AUDIT] = "DELETE FROM sqlite_sequence WHERE name = 'audit'",
	[STORE_SET_LAST_AUDIT] = "INSERT INTO sqlite_sequence (name, seq) VALUES ('audit', ?1)",
	[STORE_LAST_AUDIT] = "SELECT coalesce(max(id), 0) FROM audit",
	[STORE_CHANGE_ALERT] = "UPDATE alert SET @=alert WHERE @&alert",
	[STORE_PUT_ALERT] = "INSERT OR REPLACE INTO alert (@alert) VALUES (@?alert)",
	[STORE_DROP_ALERT] = "DELETE FROM alert WHERE id = ?1",
	/* Alerts that are over and known to be: `?1` stay. */
	[STORE_TRIM_ALERTS] = "DELETE FROM alert WHERE state = 3 AND notified <> 1 AND id <= "
			      "(SELECT id FROM alert WHERE state = 3 ORDER BY id DESC LIMIT 1 "
			      "OFFSET ?1)",
	[STORE_OPEN_ALERTS] = "SELECT @alert FROM alert WHERE state IN (1, 2) OR (state = 3 AND "
			      "notified = 1) ORDER BY id",
	[STORE_ALERTS_OF_CONDITION] = "SELECT @alert FROM alert WHERE state = ?1 AND condition = "
				      "?3 AND id < ?2 ORDER BY id DESC",
	[STORE_ALERTS_BY_ID] =
		"SELECT @alert FROM alert WHERE state = ?1 AND id < ?2 ORDER BY id DESC",
	[STORE_ALERTS_BY_SERVER] = STORE_ALERTS_BY("server"),
	[STORE_ALERTS_BY_SITE] = STORE_ALERTS_BY("(site || '/' || organization)"),
	[STORE_ONE_ALERT] = "SELECT @alert FROM alert WHERE id = ?1",
	[STORE_ADD_DELIVERY] = "INSERT INTO delivery (id, hook, lane, state, made_ms, next_ms, "
			       "attempts, result, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, '', ?7)",
	[STORE_PUT_DELIVERY] = "UPDATE delivery SET state = ?2, next_ms = ?3, ended_ms = ?4, "
			       "attempts = ?5, result = ?6 WHERE id = ?1",
	[STORE_TRIM_DELIVERIES] =
		"DELETE FROM delivery WHERE state = ?1 AND id <= (SELECT id FROM delivery "
		"WHERE state = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
	[STORE_TRIM_SILENCES] = "DELETE FROM silence WHERE ends_ms <= ?1",
	[STORE_LIST_DELIVERIES] =
		"SELECT @delivery, "
		"json_extract(text, '$.alerts[0].id'), json_extract(text, '$.alerts[0].server'), "
		"json_extract(text, '$.alerts[0].condition'), json_array_length(text, '$.alerts') "
		"FROM (SELECT *, iif(json_valid(CAST(body AS TEXT)), CAST(body AS TEXT), '{}') AS "
		"text FROM delivery WHERE state = ?1 AND id < ?2 ORDER BY id DESC)",
	[STORE_ONE_DELIVERY] = "SELECT @delivery, body FROM delivery WHERE id = ?1",
	[STORE_ADD_SILENCE] = "INSERT INTO silence (@silence) VALUES (@?silence)",
	[STORE_DROP_SILENCE] = "DELETE FROM silence WHERE id = ?1",
	[STORE_LIST_SILENCES] = "SELECT @silence FROM silence ORDER BY id",
	[STORE_PUT_HOOK] = "INSERT OR REPLACE INTO hook (@hook) VALUES (@?hook)",
	[STORE_PUT_SUMMARY] = "INSERT OR REPLACE INTO summary (@summary) VALUES (@?summary)",
	[STORE_LIST_SUMMARIES] = "SELECT @summary FROM summary ORDER BY hook",
	[STORE_PUT_TREND] = "INSERT OR REPLACE INTO trend (@trend) VALUES (@?trend)",
	/* Leaves the last row of each area and day, of those from `?1` up to `?2`. */
	[STORE_THIN_TRENDS] =
		"DELETE FROM trend WHERE at_ms >= ?1 AND at_ms < ?2 AND EXISTS (SELECT 1 "
		"FROM trend later WHERE later.area = trend.area AND later.at_ms > trend.at_ms "
		"AND later.at_ms / 86400000 = trend.at_ms / 86400000)",
	[STORE_DROP_TRENDS] = "DELETE FROM trend WHERE at_ms < ?1",
	[STORE_LIST_TREND] = "SELECT @trend FROM trend WHERE area = ?1 AND at_ms >= coalesce("
			     "(SELECT max(at_ms) FROM trend WHERE area = ?1 AND at_ms <= ?2), ?2) "
			     "ORDER BY at_ms",
	[STORE_LAST_TRENDS] = "SELECT @trend FROM trend JOIN (SELECT area AS last_area, "
			      "max(at_ms) AS last_ms FROM trend GROUP BY area) ON area = "
			      "last_area AND at_ms = last_ms ORDER BY area",
	[STORE_PUT_REMARK] = "INSERT OR REPLACE INTO remark (@remark) VALUES (@?remark)",
	[STORE_LIST_REMARKS] = "SELECT @remark FROM remark ORDER BY subject",
	[STORE_PUT_BOOKMARK] = "INSERT OR REPLACE INTO bookmark (@bookmark) VALUES (@?bookmark)",
	[STORE_DROP_BOOKMARK] = "DELETE FROM bookmark WHERE person = ?1 AND name = ?2",
	[STORE_DROP_BOOKMARKS] = "DELETE FROM bookmark WHERE person = 'token ' || ?1",
	[STORE_LIST_BOOKMARKS] = "SELECT @bookmark FROM bookmark WHERE ?1 IS NULL OR person = ?1 "
				 "ORDER BY person, name",
	[STORE_LIST_HOOKS] = "SELECT @hook FROM hook ORDER BY name",
	[STORE_LAST_ALERT_ID] = "SELECT max((SELECT coalesce(max(id), 0) FROM alert), (SELECT "
				"coalesce(max(id), 0) FROM delivery), (SELECT coalesce(max(id), 0) "
				"FROM silence))",
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

/*
 * The errno behind a failure, or 0. sqlite3_system_errno() knows it where opening failed; where
 * reading or writing did, only the files know: the log, or else the database.
 */
static int reason_of(sqlite3 *handle, int code)
{
	sqlite3_file *files[2] = { NULL, NULL };
	int reason = 0;

	if ((code & 0xff) != SQLITE_IOERR)
		return sqlite3_system_errno(handle);
	sqlite3_file_control(handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &files[0]);
	sqlite3_file_control(handle, "main", SQLITE_FCNTL_FILE_POINTER, &files[1]);
	for (size_t i = 0; i < 2 && reason == 0; i++) {
		if (files[i] && files[i]->pMethods)
			files[i]->pMethods->xFileControl(files[i], SQLITE_FCNTL_LAST_ERRNO,
							 &reason);
	}
	return reason;
}

enum status store_db_fail(const struct store_db *db, const char *what, char error[STORE_ERROR_SIZE])
{
	int code = sqlite3_extended_errcode(db->handle);
	int os_error = reason_of(db->handle, code);
	enum status status = status_of(code);

	if (os_error != 0 && status != STATUS_MALFORMED)
		snprintf(error, STORE_ERROR_SIZE, "could not %s in '%s': %s (%s)", what, db->path,
			 sqlite3_errmsg(db->handle), strerror(os_error));
	else
		snprintf(error, STORE_ERROR_SIZE, "could not %s in '%s': %s", what, db->path,
			 sqlite3_errmsg(db->handle));
	return status;
}

static bool prepare(sqlite3 *handle, const char *text, sqlite3_stmt **out)
{
	struct buffer whole;

	buffer_init(&whole);
	store_db_write_columns(&whole, text);
	int code =
		sqlite3_prepare_v3(handle, whole.bytes, -1, SQLITE_PREPARE_PERSISTENT, out, NULL);
	buffer_deinit(&whole);
	return code == SQLITE_OK;
}

sqlite3_stmt *store_db_statement(struct store_db *db, enum store_statement which)
{
	sqlite3_stmt **statement = &db->statements[which];

	return *statement || prepare(db->handle, sql[which], statement) ? *statement : NULL;
}

void store_db_done(sqlite3_stmt *statement)
{
	if (!statement)
		return;
	sqlite3_reset(statement); /* repeats the failure of the step, which is told already */
	sqlite3_clear_bindings(statement);
}

enum status store_db_run(struct store_db *db, sqlite3_stmt *statement, const char *what,
			 char error[STORE_ERROR_SIZE])
{
	enum status status = STATUS_OK;

	if (!statement)
		return store_db_fail(db, what, error);
	if (sqlite3_step(statement) != SQLITE_DONE)
		status = store_db_fail(db, what, error);
	store_db_done(statement);
	return status;
}

enum status store_db_step(struct store_db *db, sqlite3_stmt *find, const char *what,
			  char error[STORE_ERROR_SIZE])
{
	switch (find ? sqlite3_step(find) : SQLITE_ERROR) {
	case SQLITE_ROW:
		return STATUS_OK;
	case SQLITE_DONE:
		return STATUS_NOT_FOUND;
	default:
		return store_db_fail(db, what, error);
	}
}

enum status store_db_numbers(struct store_db *db, sqlite3_stmt *find, const char *what,
			     int64_t *out, int n, char error[STORE_ERROR_SIZE])
{
	enum status status = store_db_step(db, find, what, error);

	for (int i = 0; status == STATUS_OK && i < n; i++)
		out[i] = sqlite3_column_int64(find, i);
	store_db_done(find);
	return status;
}

enum status store_db_list(struct store_db *db, sqlite3_stmt *list, const char *what,
			  store_db_visit *visit, void *user, char error[STORE_ERROR_SIZE])
{
	enum status status = STATUS_OK;
	int code = SQLITE_ROW;

	if (!list)
		return store_db_fail(db, what, error);
	while (status == STATUS_OK && (code = sqlite3_step(list)) == SQLITE_ROW)
		status = visit(list, user);
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		status = store_db_fail(db, what, error);
	store_db_done(list);
	return status;
}

bool store_db_bind_text(sqlite3_stmt *statement, int at, const char *text)
{
	return sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC) == SQLITE_OK;
}

bool store_db_bind_number(sqlite3_stmt *statement, int at, int64_t number)
{
	return sqlite3_bind_int64(statement, at, number) == SQLITE_OK;
}

sqlite3_stmt *store_db_bound(struct store_db *db, enum store_statement which,
			     const struct store_parameter *parameters, size_t n)
{
	sqlite3_stmt *statement = store_db_statement(db, which);

	for (size_t i = 0; statement && i < n; i++) {
		const struct store_parameter *p = &parameters[i];
		if (!(p->is_text ? store_db_bind_text(statement, (int)i + 1, p->text)
				 : store_db_bind_number(statement, (int)i + 1, p->number)))
			return NULL;
	}
	return statement;
}

bool store_db_bind_time(sqlite3_stmt *statement, int at, int64_t ms)
{
	return ms == TIMESTAMP_NONE ? sqlite3_bind_null(statement, at) == SQLITE_OK
				    : store_db_bind_number(statement, at, ms);
}

int64_t store_db_time(sqlite3_stmt *row, int column)
{
	return sqlite3_column_type(row, column) == SQLITE_NULL ? TIMESTAMP_NONE
							       : sqlite3_column_int64(row, column);
}

const char *store_db_text_or_null(sqlite3_stmt *row, int column)
{
	return (const char *)sqlite3_column_text(row, column);
}

const char *store_db_text(sqlite3_stmt *row, int column)
{
	const char *text = store_db_text_or_null(row, column);
	return text ? text : "";
}

/*
 * synchronous=FULL: a commit is on the disk before it is acknowledged; NORMAL loses acknowledged
 * reports when the power fails. No automatic checkpoints: they would be paid for by commits.
 */
static const char settings[] = "PRAGMA journal_mode = WAL;"
			       "PRAGMA synchronous = FULL;"
			       "PRAGMA wal_autocheckpoint = 0;"
			       "PRAGMA temp_store = MEMORY;"
			       "PRAGMA cache_size = -16384;"
			       "PRAGMA cell_size_check = ON;";

/*
 * A database may come from elsewhere (a backup). Ours has no triggers and views; those of others do
 * nothing here. None of these can fail.
 */
static void harden(sqlite3 *handle)
{
	static const struct {
		int what;
		int on;
	} settings_of[] = {
		{ SQLITE_DBCONFIG_DEFENSIVE, 1 },
		{ SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
		{ SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 },
		{ SQLITE_DBCONFIG_ENABLE_VIEW, 0 },
	};
	for (size_t i = 0; i < COUNT(settings_of); i++)
		sqlite3_db_config(handle, settings_of[i].what, settings_of[i].on, NULL);
	sqlite3_extended_result_codes(handle, 1);
	sqlite3_busy_timeout(handle, STORE_BUSY_MS);
}

static int note_log_pages(void *user, sqlite3 *handle, const char *name, int pages)
{
	struct store_db *db = user;
	(void)handle;
	(void)name; /* "main" */
	db->log_pages = pages;
	return SQLITE_OK;
}

/* SQLite follows no symbolic link that another user could have laid; those above may be root's. */
static bool open_file(struct store_db *db, int flags)
{
	char *slash = strrchr(db->path, '/');

	store_page_cache_prepare();
	if (!slash || !data_dir_is_foreign(db->path))
		return sqlite3_open_v2(db->path, &db->handle, flags, store_log_vfs()) == SQLITE_OK;
	char *directory = mem_strndup(db->path, (size_t)(slash - db->path) + 1);
	char *real = realpath(directory, NULL);
	char *path = sqlite3_mprintf("%s%s", real ? real : directory, slash);
	bool opened = sqlite3_open_v2(path, &db->handle, flags | SQLITE_OPEN_NOFOLLOW,
				      store_log_vfs()) == SQLITE_OK;
	sqlite3_free(path);
	free(real);
	free(directory);
	return opened;
}

static enum status open_connection(struct store_db *db, char error[STORE_ERROR_SIZE])
{
	static const char what[] = "open the store";
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;

	if (!open_file(db, flags))
		return store_db_fail(db, what, error);
	harden(db->handle);
	enum status status = store_db_check_owner(db, error);
	if (status != STATUS_OK)
		return status;
	if (sqlite3_exec(db->handle, settings, NULL, NULL, NULL) != SQLITE_OK)
		return store_db_fail(db, what, error);
	sqlite3_wal_hook(db->handle, note_log_pages, db);
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

enum status store_db_open_to_read(struct store_db *db, const char *path,
				  char error[STORE_ERROR_SIZE])
{
	/* Not READONLY: the last connection to a store has to remove the files beside it. */
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;

	*db = (struct store_db){ .path = mem_strdup(path) };
	enum status status = STATUS_OK;
	if (!open_file(db, flags))
		status = store_db_fail(db, "open the store", error);
	if (status == STATUS_OK) {
		harden(db->handle);
		status = store_db_check_owner(db, error);
	}
	if (status == STATUS_OK && store_db_is_empty(db)) {
		snprintf(error, STORE_ERROR_SIZE, "'%s' holds no store", path);
		status = STATUS_MALFORMED;
	}
	if (status != STATUS_OK)
		store_db_close(db);
	return status;
}

void store_db_close(struct store_db *db)
{
	for (size_t i = 0; i < STORE_STATEMENT_COUNT; i++)
		sqlite3_finalize(db->statements[i]);
	sqlite3_close(db->handle);
	store_place_deinit(&db->place);
	store_packer_deinit(&db->packer);
	writer_cache_forget(&db->cache);
	buffer_deinit(&db->base);
	buffer_deinit(&db->text);
	free(db->path);
	*db = (struct store_db){ 0 };
}
