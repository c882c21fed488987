#include "collector/store/sqlite/internal.h"

#include <stdio.h>

#include "collector/base/hash.h"
#include "proto/base/count.h"

/* Marks the file as ours: "mtaw". */
#define APPLICATION_ID 0x6d746177

/*
 * The numbered migrations: number i brings the schema from version i to i + 1. A row that was
 * released is never changed; what is to be different comes as a new one.
 */
static const char *const migrations[] = {
	"CREATE TABLE report ("
	" id INTEGER PRIMARY KEY,"
	" key TEXT NOT NULL,"
	" ordinal INTEGER NOT NULL," /* counts the reports of one server */
	" agent_id TEXT NOT NULL,"
	" epoch TEXT NOT NULL,"
	" sequence INTEGER NOT NULL,"
	" at_ms INTEGER NOT NULL,"
	" received_at_ms INTEGER NOT NULL,"
	" age_s INTEGER NOT NULL,"
	" body_hash INTEGER NOT NULL,"
	" encoding INTEGER NOT NULL,"
	" body BLOB NOT NULL);"
	"CREATE UNIQUE INDEX report_identity ON report (agent_id, epoch, sequence);"
	"CREATE UNIQUE INDEX report_ordinal ON report (key, ordinal);"
	"CREATE INDEX report_time ON report (key, at_ms, sequence);"
	"CREATE TABLE server ("
	" key TEXT PRIMARY KEY NOT NULL,"
	" report_id INTEGER NOT NULL," /* its latest report */
	" silent INTEGER NOT NULL,"
	" verdict TEXT NOT NULL,"
	" since_ms INTEGER NOT NULL,"
	" verdict_json TEXT NOT NULL,"
	" adapters_json TEXT NOT NULL);"
	"CREATE TABLE told ("
	" key TEXT PRIMARY KEY NOT NULL,"
	" verdict TEXT,"
	" number INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE meta (name TEXT PRIMARY KEY NOT NULL, value) WITHOUT ROWID;"
	"INSERT INTO meta VALUES ('resumed', 0);",

	/* Ids of audit rows are never used twice: who follows the log relies on it. */
	"CREATE TABLE identity ("
	" kind INTEGER NOT NULL," /* enum record_kind */
	" name TEXT NOT NULL,"
	" id TEXT,"
	" hash BLOB NOT NULL,"
	" role INTEGER NOT NULL," /* enum role */
	" made_by TEXT NOT NULL,"
	" made_at_ms INTEGER NOT NULL,"
	" expires_at_ms INTEGER NOT NULL,"
	" PRIMARY KEY (kind, name)) WITHOUT ROWID;"
	"CREATE TABLE audit ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" at_ms INTEGER NOT NULL,"
	" who TEXT NOT NULL,"
	" origin TEXT NOT NULL,"
	" action TEXT NOT NULL,"
	" kind INTEGER NOT NULL,"
	" object TEXT NOT NULL,"
	" object_id TEXT);",

	/*
	 * Names become numbers, reports are packed (report.encoding is an enum store_encoding,
	 * base_id the report that a delta is based on, host.base_id the one for the next delta),
	 * and what changed is kept apart from what was reported.
	 */
	"CREATE TABLE host ("
	" id INTEGER PRIMARY KEY,"
	" key TEXT NOT NULL UNIQUE,"
	" base_id INTEGER);"
	"INSERT INTO host (key) SELECT DISTINCT key FROM report ORDER BY key;"
	"CREATE TABLE stream ("
	" id INTEGER PRIMARY KEY,"
	" agent_id TEXT NOT NULL,"
	" epoch TEXT NOT NULL,"
	" UNIQUE (agent_id, epoch));"
	"INSERT INTO stream (agent_id, epoch) SELECT DISTINCT agent_id, epoch FROM report;"
	"DROP INDEX report_identity;"
	"DROP INDEX report_ordinal;"
	"DROP INDEX report_time;"
	"ALTER TABLE report RENAME TO report_1;"
	"CREATE TABLE report ("
	" id INTEGER PRIMARY KEY," /* in the order of arrival */
	" host_id INTEGER NOT NULL,"
	" stream_id INTEGER NOT NULL,"
	" sequence INTEGER NOT NULL,"
	" at_ms INTEGER NOT NULL,"
	" received_at_ms INTEGER NOT NULL,"
	" age_s INTEGER NOT NULL,"
	" body_hash INTEGER NOT NULL,"
	" base_id INTEGER,"
	" encoding INTEGER NOT NULL,"
	" body BLOB NOT NULL);"
	"INSERT INTO report SELECT r.id, h.id, s.id, r.sequence, r.at_ms, r.received_at_ms, "
	"r.age_s,"
	" r.body_hash, NULL, r.encoding, r.body FROM report_1 r JOIN host h ON h.key = r.key"
	" JOIN stream s ON s.agent_id = r.agent_id AND s.epoch = r.epoch ORDER BY r.id;"
	"DROP TABLE report_1;"
	"CREATE UNIQUE INDEX report_identity ON report (stream_id, sequence);"
	"CREATE INDEX report_time ON report (host_id, at_ms, base_id);"
	"CREATE TABLE history ("
	" id INTEGER PRIMARY KEY,"
	" host_id INTEGER NOT NULL,"
	" at_ms INTEGER NOT NULL,"
	" kind TEXT NOT NULL,"
	" detail TEXT NOT NULL);" /* JSON, an object */
	"CREATE INDEX history_time ON history (host_id, at_ms);",

	/* Servers that somebody took out of the fleet, and servers that there should be. */
	"CREATE TABLE removal ("
	" key TEXT PRIMARY KEY NOT NULL,"
	" server TEXT NOT NULL,"
	" at_ms INTEGER NOT NULL,"
	" made_by TEXT NOT NULL,"
	" reason TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE expected ("
	" key TEXT PRIMARY KEY NOT NULL,"
	" server TEXT NOT NULL,"
	" organization TEXT NOT NULL,"
	" site TEXT NOT NULL,"
	" since_ms INTEGER NOT NULL) WITHOUT ROWID;",

	/* The hash of a text is another one than that of version 1, whose texts are not packed. */
	"UPDATE report SET body_hash = report_hash(body) WHERE encoding = 0;",

	/* Who carried a report by hand. */
	"ALTER TABLE report ADD COLUMN imported_by TEXT;",

	/*
	 * Alerts (state is an enum record_alert_state, told an enum record_alert_told), what hooks
	 * are to be told of them (enum record_delivery_state), silences, and hooks that are known.
	 * What was told to the one hook that there could be becomes alerts that were told.
	 */
	"CREATE TABLE alert ("
	" id INTEGER PRIMARY KEY,"
	" state INTEGER NOT NULL,"
	" told INTEGER NOT NULL,"
	" flapping INTEGER NOT NULL,"
	" key TEXT NOT NULL,"
	" condition TEXT NOT NULL,"
	" server TEXT NOT NULL,"
	" organization TEXT NOT NULL,"
	" site TEXT NOT NULL,"
	" cause TEXT NOT NULL,"
	" verdict TEXT NOT NULL,"
	" reason TEXT NOT NULL,"
	" text TEXT NOT NULL,"
	" remedy TEXT NOT NULL,"
	" adapter TEXT NOT NULL,"
	" changes TEXT NOT NULL,"
	" acknowledged_by TEXT NOT NULL,"
	" comment TEXT NOT NULL,"
	" since_ms INTEGER NOT NULL,"
	" gone_ms INTEGER,"
	" fired_ms INTEGER,"
	" resolved_ms INTEGER,"
	" told_ms INTEGER,"
	" acknowledged_ms INTEGER,"
	" acknowledged_until_ms INTEGER);"
	"CREATE INDEX alert_state ON alert (state, id);"
	"CREATE INDEX alert_untold ON alert (id) WHERE state = 3 AND told = 1;"
	"CREATE TABLE delivery ("
	" id INTEGER PRIMARY KEY,"
	" hook TEXT NOT NULL,"
	" lane TEXT NOT NULL,"
	" state INTEGER NOT NULL,"
	" made_ms INTEGER NOT NULL,"
	" next_ms INTEGER NOT NULL,"
	" ended_ms INTEGER,"
	" attempts INTEGER NOT NULL,"
	" result TEXT NOT NULL,"
	" body BLOB NOT NULL);" /* notification_write() */
	"CREATE INDEX delivery_state ON delivery (state, id);"
	"CREATE TABLE silence ("
	" id INTEGER PRIMARY KEY,"
	" server TEXT NOT NULL," /* patterns */
	" organization TEXT NOT NULL,"
	" site TEXT NOT NULL,"
	" condition TEXT NOT NULL,"
	" comment TEXT NOT NULL,"
	" made_by TEXT NOT NULL,"
	" starts_ms INTEGER NOT NULL,"
	" ends_ms INTEGER NOT NULL);"
	"CREATE TABLE hook ("
	" name TEXT PRIMARY KEY NOT NULL,"
	" disabled INTEGER NOT NULL,"
	" since_ms INTEGER NOT NULL) WITHOUT ROWID;"
	"INSERT INTO alert SELECT row_number() OVER (ORDER BY t.key), 2, 1, 0, t.key, t.verdict, "
	"t.key, '', '', t.verdict, t.verdict, '', '', '', '', '', '', '', v.since_ms, NULL, "
	"v.since_ms, NULL, v.since_ms, NULL, NULL FROM told t JOIN server v ON v.key = t.key "
	"WHERE t.verdict IN ('failing', 'exposed');"
	"INSERT INTO hook SELECT 'command', 0, 0 WHERE EXISTS (SELECT 1 FROM told);"
	"DROP TABLE told;",

	/* The latest report moves where a row is small: most reports change nothing else. */
	"ALTER TABLE host ADD COLUMN latest_id INTEGER;"
	"UPDATE host SET latest_id = (SELECT report_id FROM server WHERE server.key = host.key);"
	"ALTER TABLE server DROP COLUMN report_id;",

	/*
	 * A stream belongs to one server, so that the reports of a server are found by its streams
	 * and need no index of their own. An agent that was renamed has a stream under each name:
	 * under the first one it keeps its number, under others it gets a new one. Streams of which
	 * no report is left are given up.
	 */
	"CREATE TABLE pair ("
	" id INTEGER PRIMARY KEY," /* in the order of arrival */
	" stream_id INTEGER NOT NULL,"
	" host_id INTEGER NOT NULL,"
	" UNIQUE (stream_id, host_id));"
	"INSERT OR IGNORE INTO pair (stream_id, host_id) SELECT stream_id, host_id FROM report "
	"ORDER BY id;"
	"ALTER TABLE stream RENAME TO stream_8;"
	"CREATE TABLE stream ("
	" id INTEGER PRIMARY KEY,"
	" agent_id TEXT NOT NULL,"
	" epoch TEXT NOT NULL,"
	" host_id INTEGER NOT NULL,"
	" UNIQUE (agent_id, epoch, host_id));"
	"INSERT INTO stream SELECT s.id, s.agent_id, s.epoch, p.host_id FROM pair p JOIN "
	"stream_8 s ON s.id = p.stream_id WHERE NOT EXISTS (SELECT 1 FROM pair q WHERE "
	"q.stream_id = p.stream_id AND q.id < p.id);"
	"INSERT OR IGNORE INTO stream (agent_id, epoch, host_id) SELECT s.agent_id, s.epoch, "
	"p.host_id FROM pair p JOIN stream_8 s ON s.id = p.stream_id ORDER BY p.id;"
	"UPDATE report SET stream_id = (SELECT s.id FROM stream first JOIN stream s ON "
	"s.agent_id = first.agent_id AND s.epoch = first.epoch WHERE first.id = report.stream_id "
	"AND s.host_id = report.host_id) WHERE stream_id IN (SELECT stream_id FROM pair GROUP BY "
	"stream_id HAVING count(*) > 1);"
	"DROP INDEX report_time;"
	"DROP TABLE pair;"
	"DROP TABLE stream_8;"
	"CREATE INDEX stream_host ON stream (host_id);",

	/*
	 * The latest report of a server is most often the last one of a stream that goes on: then
	 * host names the stream, and latest_id, which would change with each report, is NULL.
	 */
	"ALTER TABLE host ADD COLUMN stream_id INTEGER;",

	/* The list of expected servers that the one of today took the place of. */
	"CREATE TABLE expected_former ("
	" key TEXT PRIMARY KEY NOT NULL,"
	" server TEXT NOT NULL,"
	" organization TEXT NOT NULL,"
	" site TEXT NOT NULL,"
	" since_ms INTEGER NOT NULL) WITHOUT ROWID;",

	/*
	 * What the first alerts of version 7 were made of did not say where the server is: they
	 * came together as one group of no site, and one that ended told all others again.
	 */
	"UPDATE alert SET server = coalesce(json_extract(v.verdict_json, '$.server'), server),"
	" organization = coalesce(json_extract(v.verdict_json, '$.organization'), ''),"
	" site = coalesce(json_extract(v.verdict_json, '$.site'), ''),"
	" cause = iif(v.verdict = alert.verdict,"
	" coalesce(json_extract(v.verdict_json, '$.reasons[0].code'), cause), cause)"
	" FROM server v WHERE v.key = alert.key AND alert.text = '' AND alert.organization = ''"
	" AND alert.site = '' AND json_valid(v.verdict_json);",

	/* Alerts are listed worst first. */
	"CREATE INDEX alert_condition ON alert (state, condition, id);",

	/*
	 * The alerts about the exposure of a server become one, with degrees: of several that are
	 * open the worst stays, and the others are closed without a word. What was told (notified
	 * now) is known as that degree; the clock of its condition is the first of its clocks.
	 */
	"ALTER TABLE alert RENAME COLUMN told TO notified;"
	"ALTER TABLE alert RENAME COLUMN told_ms TO notified_ms;"
	"ALTER TABLE alert RENAME COLUMN changes TO clocks;"
	"ALTER TABLE alert ADD COLUMN opened TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE alert ADD COLUMN degrees TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE alert ADD COLUMN notified_condition TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE alert ADD COLUMN notified_degrees TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE alert ADD COLUMN acknowledged_condition TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE alert ADD COLUMN now_text TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE alert ADD COLUMN options TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE alert ADD COLUMN acknowledgements TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE alert ADD COLUMN event INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE alert ADD COLUMN event_ms INTEGER;"
	"ALTER TABLE alert ADD COLUMN notified_acknowledged_ms INTEGER;"
	"UPDATE alert SET opened = condition, degrees = condition,"
	" acknowledged_condition = condition, notified_acknowledged_ms = acknowledged_ms,"
	" notified_condition = condition, notified_degrees = iif(notified > 0, condition, ''),"
	" clocks = condition || ' ' || iif(state = 3, 0, state) || ' ' ||"
	" (state <> 3 AND gone_ms IS NULL) || ' ' || since_ms || ' ' || coalesce(gone_ms, -1) ||"
	" ' ' || coalesce(fired_ms, -1) || ' ' || flapping || iif(clocks = '', '', ' ') ||"
	" clocks || ';';"
	"UPDATE alert SET acknowledgements = json_array(json_object('by', acknowledged_by, 'at',"
	" strftime('%Y-%m-%dT%H:%M:%fZ', acknowledged_ms / 1000.0, 'unixepoch'), 'comment',"
	" comment, 'until', strftime('%Y-%m-%dT%H:%M:%fZ', acknowledged_until_ms / 1000.0,"
	" 'unixepoch'), 'condition', condition, 'ended_at', NULL))"
	" WHERE acknowledged_by <> '' AND acknowledged_ms IS NOT NULL;"
	"CREATE TABLE stays AS SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY key"
	" ORDER BY CASE state WHEN 2 THEN 0 WHEN 3 THEN 1 ELSE 2 END, CASE condition"
	" WHEN 'failing' THEN 0 WHEN 'exposed' THEN 1 WHEN 'at_risk' THEN 2 ELSE 3 END, id DESC)"
	" AS place FROM alert WHERE condition IN ('failing', 'exposed', 'at_risk', 'unknown')"
	" AND (state IN (1, 2) OR notified = 1)) WHERE place = 1;"
	"DELETE FROM alert WHERE state = 1 AND id NOT IN stays"
	" AND condition IN ('failing', 'exposed', 'at_risk', 'unknown');"
	"UPDATE alert SET state = 3, notified = 2, resolved_ms = coalesce(resolved_ms,"
	" CAST(strftime('%s', 'now') AS INTEGER) * 1000) WHERE (state = 2 OR notified = 1)"
	" AND id NOT IN stays AND condition IN ('failing', 'exposed', 'at_risk', 'unknown');"
	"DROP TABLE stays;",

	/* Hooks are notified in summaries while a storm goes on, and report daily. */
	"CREATE TABLE summary ("
	" hook TEXT PRIMARY KEY NOT NULL,"
	" kind INTEGER NOT NULL," /* enum record_summary_kind */
	" held INTEGER NOT NULL,"
	" opened INTEGER NOT NULL,"
	" resolved INTEGER NOT NULL,"
	" report_opened INTEGER NOT NULL,"
	" report_resolved INTEGER NOT NULL,"
	" since_ms INTEGER,"
	" due_ms INTEGER,"
	" storm_ms INTEGER,"
	" calm_ms INTEGER,"
	" reported_ms INTEGER) WITHOUT ROWID;",

	/* How many servers there were of each verdict, by site and of the fleet. */
	"CREATE TABLE trend ("
	" area TEXT NOT NULL," /* record_trend_area() */
	" at_ms INTEGER NOT NULL,"
	" failing INTEGER NOT NULL,"
	" exposed INTEGER NOT NULL,"
	" at_risk INTEGER NOT NULL,"
	" unknown INTEGER NOT NULL,"
	" clear INTEGER NOT NULL,"
	" protected INTEGER NOT NULL,"
	" not_applicable INTEGER NOT NULL,"
	" total INTEGER NOT NULL,"
	" not_monitored INTEGER NOT NULL,"
	" silent INTEGER NOT NULL,"
	" PRIMARY KEY (area, at_ms)) WITHOUT ROWID;"
	"CREATE INDEX trend_time ON trend (at_ms);",

	/* Owners and notes of servers and sites, and what people keep for themselves. */
	"CREATE TABLE remark ("
	" subject TEXT PRIMARY KEY NOT NULL," /* struct record_remark */
	" owner TEXT NOT NULL,"
	" owner_by TEXT NOT NULL,"
	" owner_ms INTEGER,"
	" note TEXT NOT NULL,"
	" note_by TEXT NOT NULL,"
	" note_ms INTEGER) WITHOUT ROWID;"
	"CREATE TABLE bookmark ("
	" person TEXT NOT NULL,"
	" name TEXT NOT NULL,"
	" query TEXT NOT NULL,"
	" made_ms INTEGER NOT NULL,"
	" PRIMARY KEY (person, name)) WITHOUT ROWID;",
};

#define VERSION ((int)COUNT(migrations))

static enum status read_number(struct store_db *db, const char *pragma, int *out,
			       char error[STORE_ERROR_SIZE])
{
	sqlite3_stmt *statement = NULL;
	enum status status = STATUS_OK;

	if (sqlite3_prepare_v2(db->handle, pragma, -1, &statement, NULL) != SQLITE_OK ||
	    sqlite3_step(statement) != SQLITE_ROW)
		status = store_db_fail(db, "read the version of the schema", error);
	else
		*out = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	return status;
}

enum status store_db_check_owner(struct store_db *db, char error[STORE_ERROR_SIZE])
{
	int id = 0;
	int version = 0;
	int objects = 0;
	enum status status = read_number(db, "PRAGMA application_id", &id, error);
	if (status == STATUS_OK)
		status = read_number(db, "PRAGMA user_version", &version, error);
	if (status == STATUS_OK)
		status = read_number(db, "SELECT count(*) FROM sqlite_schema", &objects, error);
	if (status != STATUS_OK)
		return status;

	if (id != APPLICATION_ID && (id != 0 || version != 0 || objects != 0)) {
		snprintf(error, STORE_ERROR_SIZE, "'%s' is a database of another program",
			 db->path);
		return STATUS_MALFORMED;
	}
	if (version > VERSION) {
		snprintf(error, STORE_ERROR_SIZE,
			 "'%s' was written by a newer version of mtawatch-collector (its schema is "
			 "%d, this program knows %d)",
			 db->path, version, VERSION);
		return STATUS_UNSUPPORTED;
	}
	return STATUS_OK;
}

/* One step, whole or not at all: DDL and version are transactional in SQLite. */
static enum status migrate(struct store_db *db, int from, char error[STORE_ERROR_SIZE])
{
	char mark[96];
	snprintf(mark, sizeof mark, "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT;",
		 APPLICATION_ID, from + 1);

	if (sqlite3_exec(db->handle, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK &&
	    sqlite3_exec(db->handle, migrations[from], NULL, NULL, NULL) == SQLITE_OK &&
	    sqlite3_exec(db->handle, mark, NULL, NULL, NULL) == SQLITE_OK)
		return STATUS_OK;
	enum status status = store_db_fail(db, "bring the schema up to date", error);
	if (!sqlite3_get_autocommit(db->handle))
		sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
	return status;
}

/* For migrations: report_hash(TEXT) is hash_bytes(). */
static void report_hash(sqlite3_context *context, int n, sqlite3_value **values)
{
	const char *text = sqlite3_value_blob(values[0]);
	(void)n; /* 1: SQLite sees to that */
	uint64_t hash = hash_bytes(text ? text : "", (size_t)sqlite3_value_bytes(values[0]));
	sqlite3_result_int64(context, (int64_t)hash);
}

enum status store_db_migrate(struct store_db *db, char error[STORE_ERROR_SIZE])
{
	int version = 0;
	enum status status = read_number(db, "PRAGMA user_version", &version, error);
	if (sqlite3_create_function(db->handle, "report_hash", 1, SQLITE_UTF8, NULL, report_hash,
				    NULL, NULL) != SQLITE_OK)
		return store_db_fail(db, "prepare to bring the schema up to date", error);
	for (; status == STATUS_OK && version < VERSION; version++)
		status = migrate(db, version, error);
	return status;
}

enum status store_db_is_current(struct store_db *db, char error[STORE_ERROR_SIZE])
{
	int version = 0;
	enum status status = read_number(db, "PRAGMA user_version", &version, error);

	if (status != STATUS_OK || version == VERSION)
		return status;
	snprintf(error, STORE_ERROR_SIZE,
		 "the collector that uses '%s' is older than this program: restart it first",
		 db->path);
	return STATUS_CONFLICT;
}

bool store_db_is_empty(struct store_db *db)
{
	char ignored[STORE_ERROR_SIZE];
	int version = 0;
	return read_number(db, "PRAGMA user_version", &version, ignored) == STATUS_OK &&
	       version == 0;
}
