#include "collector/store/postgresql/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/store/postgresql/rows.h"
#include "collector/store/postgresql/statement.h"
#include "proto/base/buffer.h"
#include "proto/base/count.h"
#include "proto/base/value.h"

#define VERSION 2

/*
 * Version 1, as it was released: what is to be different comes as a step.
 *
 * meta: `schema` is the version, `oldest_standby` the oldest one whose standbys may go on beside
 * it, `fleet` tells which installation this is; `age_ms` and `latest_ms` are
 * collector/store/clocks.h.
 *
 * lease: who judges, one row. It is written when the lease is taken or given back, never by a
 * commit, which locks it FOR SHARE: until that is over nobody can take it. A collector's row is
 * written by itself once a second; take_lease() waits for a beat of the holder that is under way.
 *
 * report: a day (UTC, of the moment of receipt, counted from 1970) is a table, whose deltas have
 * their bases in it. The day -1 has the latest reports of servers that fell silent before the days
 * that are kept. The key begins with the stream, so that one of its reports is found without its
 * day.
 *
 * host: the server stands on a report of `latest_stream`, the last one of the stream's `base_day`
 * while `latest_day` is NULL, so that most reports change no row here.
 *
 * counter: numbers that the terminal takes, too. `audit` is locked until the commit by whoever
 * takes one, so that the order of the numbers is that of the commits.
 */
static const char tables[] =
	"CREATE SCHEMA mtawatch;"
	"CREATE TABLE meta (name text PRIMARY KEY, value text NOT NULL);"
	"CREATE TABLE lease ("
	" scope text PRIMARY KEY CHECK (scope = 'judge'),"
	" epoch bigint NOT NULL," /* grows whenever it is taken */
	" token uuid,"            /* NULL: nobody has it */
	" node text,"             /* whose it is or was */
	" next text,"             /* who is to have it; NULL: whoever comes first */
	" taken_ms bigint);"      /* for people */
	"INSERT INTO lease VALUES ('judge', 0, NULL, NULL, NULL, NULL);"
	"CREATE TABLE collector ("
	" node text PRIMARY KEY COLLATE \"C\","
	" incarnation uuid NOT NULL," /* of the process */
	" beat bigint NOT NULL,"
	" url text NOT NULL,"
	" version text NOT NULL,"
	" settings text NOT NULL,"
	" state text NOT NULL,"
	" since_ms bigint NOT NULL,"
	" clock_ms bigint NOT NULL,"
	" last_commit bigint NOT NULL," /* of the feed, that it saw confirmed; 0: it does not judge */
	" seen_ms bigint NOT NULL)"     /* by the clock of the database */
	" WITH (fillfactor = 10, autovacuum_vacuum_threshold = 200,"
	" autovacuum_vacuum_scale_factor = 0);"
	"CREATE FUNCTION now_ms() RETURNS bigint LANGUAGE sql AS $$"
	" SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint $$;"
	"CREATE FUNCTION take_lease(seen_epoch bigint, seen_token uuid, holder text,"
	" holder_incarnation uuid, holder_beat bigint, new_epoch bigint, new_token uuid, taker "
	"text)"
	" RETURNS boolean LANGUAGE plpgsql SET search_path = mtawatch AS $$ BEGIN"
	" PERFORM set_config('lock_timeout', '2s', true);"
	" PERFORM 1 FROM collector WHERE node = holder FOR UPDATE;"
	" IF EXISTS (SELECT 1 FROM collector WHERE node = holder AND"
	"  (incarnation, beat) IS DISTINCT FROM (holder_incarnation, holder_beat)) THEN"
	"  RETURN false;"
	" END IF;"
	" UPDATE lease SET epoch = new_epoch, token = new_token, node = taker, next = NULL,"
	"  taken_ms = now_ms() WHERE scope = 'judge' AND epoch = seen_epoch AND"
	"  token IS NOT DISTINCT FROM seen_token;"
	" RETURN FOUND; END $$;"
	"CREATE FUNCTION fence(mine uuid) RETURNS void LANGUAGE plpgsql"
	" SET search_path = mtawatch AS $$ BEGIN"
	" PERFORM 1 FROM lease WHERE scope = 'judge' AND token = mine FOR SHARE;"
	" IF NOT FOUND THEN"
	"  RAISE EXCEPTION 'another collector judges' USING ERRCODE = 'MW001';"
	" END IF; END $$;"
	"CREATE TABLE counter (name text PRIMARY KEY, value bigint NOT NULL)"
	" WITH (fillfactor = 10);"
	"INSERT INTO counter VALUES ('audit', 0), ('expected', 0);"
	"CREATE FUNCTION next_number(which text) RETURNS bigint LANGUAGE sql"
	" SET search_path = mtawatch AS $$"
	" SELECT 1 FROM counter WHERE name = 'audit' FOR UPDATE;"
	" UPDATE counter SET value = value + 1 WHERE name = which RETURNING value $$;"

	/* One row per commit of whoever has the lease, in the order of commits. */
	"CREATE TABLE feed (id bigint PRIMARY KEY, epoch bigint NOT NULL, at_ms bigint NOT NULL);"

	"CREATE TABLE host ("
	" id bigint PRIMARY KEY,"
	" key text NOT NULL UNIQUE COLLATE \"C\","
	" latest_stream bigint,"
	" latest_day integer,"
	" latest_sequence bigint) WITH (fillfactor = 80);"
	"CREATE TABLE stream ("
	" id bigint PRIMARY KEY,"
	" agent_id text NOT NULL COLLATE \"C\","
	" epoch text NOT NULL COLLATE \"C\","
	" host_id bigint NOT NULL,"
	" base_day integer NOT NULL,"     /* where its newest report stored whole is ... */
	" base_sequence bigint NOT NULL," /* ... which is this one */
	" UNIQUE (agent_id, epoch, host_id)) WITH (fillfactor = 80);"
	"CREATE INDEX stream_host ON stream (host_id);"
	"CREATE INDEX stream_day ON stream (base_day);"
	"CREATE TABLE report ("
	" day integer NOT NULL,"
	" stream_id bigint NOT NULL,"
	" sequence bigint NOT NULL,"
	" at_ms bigint NOT NULL,"
	" received_at_ms bigint NOT NULL,"
	" age_s bigint NOT NULL,"
	" body_hash bigint NOT NULL,"
	" base_sequence bigint,"
	" encoding smallint NOT NULL," /* enum store_encoding */
	" imported_by text,"
	" body bytea NOT NULL,"
	" PRIMARY KEY (stream_id, sequence, day)) PARTITION BY LIST (day);"
	"ALTER TABLE report ALTER body SET STORAGE EXTERNAL;" /* it is packed already */
	"CREATE TABLE report_rest PARTITION OF report FOR VALUES IN (-1)"
	" WITH (toast_tuple_target = 8160);"
	"CREATE TABLE server ("
	" host_id bigint PRIMARY KEY,"
	" silent boolean NOT NULL,"
	" verdict text NOT NULL,"
	" since_ms bigint NOT NULL,"
	" verdict_json text,"
	" adapters_json text) WITH (fillfactor = 60, toast_tuple_target = 8160);"
	"CREATE TABLE history ("
	" host_id bigint NOT NULL,"
	" at_ms bigint NOT NULL,"
	" number bigint NOT NULL," /* feed.id * 2^20 + the place in the commit */
	" kind text NOT NULL,"
	" detail text NOT NULL,"
	" PRIMARY KEY (host_id, at_ms, number));"
	"CREATE TABLE removal ("
	" key text PRIMARY KEY COLLATE \"C\", server text NOT NULL, at_ms bigint NOT NULL,"
	" made_by text NOT NULL, reason text NOT NULL);"
	"CREATE TABLE expected ("
	" key text PRIMARY KEY COLLATE \"C\", server text NOT NULL, organization text NOT NULL,"
	" site text NOT NULL, since_ms bigint NOT NULL);"
	"CREATE TABLE expected_former (LIKE expected INCLUDING ALL);"

	"CREATE TABLE alert ("
	" id bigint PRIMARY KEY, state bigint NOT NULL, notified bigint NOT NULL,"
	" flapping boolean NOT NULL, event bigint NOT NULL, key text NOT NULL,"
	" server text NOT NULL, organization text NOT NULL, site text NOT NULL,"
	" cause text NOT NULL, verdict text NOT NULL, reason text NOT NULL, text text NOT NULL,"
	" now_text text NOT NULL, remedy text NOT NULL, options text NOT NULL,"
	" adapter text NOT NULL, clocks text NOT NULL, acknowledged_by text NOT NULL,"
	" comment text NOT NULL, acknowledgements text NOT NULL, condition text NOT NULL,"
	" opened text NOT NULL, notified_condition text NOT NULL,"
	" acknowledged_condition text NOT NULL, degrees text NOT NULL,"
	" notified_degrees text NOT NULL, since_ms bigint NOT NULL, gone_ms bigint,"
	" fired_ms bigint, resolved_ms bigint, event_ms bigint, notified_ms bigint,"
	" acknowledged_ms bigint, acknowledged_until_ms bigint, notified_acknowledged_ms bigint);"
	"CREATE INDEX alert_state ON alert (state, id);"
	"CREATE INDEX alert_condition ON alert (state, condition, id);"
	"CREATE INDEX alert_untold ON alert (id) WHERE state = 3 AND notified = 1;"
	"CREATE TABLE delivery ("
	" id bigint PRIMARY KEY, hook text NOT NULL, lane text NOT NULL, state bigint NOT NULL,"
	" made_ms bigint NOT NULL, next_ms bigint NOT NULL, ended_ms bigint,"
	" attempts bigint NOT NULL, result text NOT NULL, body bytea NOT NULL);"
	"CREATE INDEX delivery_state ON delivery (state, id);"
	/* A body that is damaged is about nothing. */
	"CREATE FUNCTION body_json(body bytea) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$"
	" BEGIN RETURN convert_from(body, 'UTF8')::jsonb;"
	" EXCEPTION WHEN OTHERS THEN RETURN '{}'; END $$;"
	"CREATE TABLE silence ("
	" id bigint PRIMARY KEY, server text NOT NULL, organization text NOT NULL,"
	" site text NOT NULL, condition text NOT NULL, comment text NOT NULL,"
	" made_by text NOT NULL, starts_ms bigint NOT NULL, ends_ms bigint NOT NULL);"
	"CREATE TABLE hook ("
	" name text PRIMARY KEY COLLATE \"C\", disabled boolean NOT NULL,"
	" since_ms bigint NOT NULL);"
	"CREATE TABLE summary ("
	" hook text PRIMARY KEY COLLATE \"C\", kind bigint NOT NULL, held bigint NOT NULL,"
	" opened bigint NOT NULL, resolved bigint NOT NULL, report_opened bigint NOT NULL,"
	" report_resolved bigint NOT NULL, since_ms bigint, due_ms bigint, storm_ms bigint,"
	" calm_ms bigint, reported_ms bigint);"
	"CREATE TABLE trend ("
	" area text NOT NULL COLLATE \"C\", at_ms bigint NOT NULL, failing bigint NOT NULL,"
	" exposed bigint NOT NULL, at_risk bigint NOT NULL, unknown bigint NOT NULL,"
	" clear bigint NOT NULL, protected bigint NOT NULL, not_applicable bigint NOT NULL,"
	" total bigint NOT NULL, not_monitored bigint NOT NULL, silent bigint NOT NULL,"
	" PRIMARY KEY (area, at_ms));"
	"CREATE INDEX trend_time ON trend (at_ms);"
	"CREATE TABLE identity ("
	" kind bigint NOT NULL, name text NOT NULL COLLATE \"C\", id text, hash bytea NOT NULL,"
	" role bigint NOT NULL, made_by text NOT NULL, made_at_ms bigint NOT NULL,"
	" expires_at_ms bigint NOT NULL, PRIMARY KEY (kind, name));"
	"CREATE TABLE audit ("
	" id bigint PRIMARY KEY DEFAULT next_number('audit'), at_ms bigint NOT NULL,"
	" who text NOT NULL, origin text NOT NULL, action text NOT NULL, kind bigint NOT NULL,"
	" object text NOT NULL, object_id text);"
	"INSERT INTO meta VALUES ('schema', '1'), ('oldest_standby', '1'),"
	" ('fleet', gen_random_uuid()::text);";

/*
 * Number i brings the tables from version i + 1 to i + 2. One that was released is never changed.
 * Each only adds: a standby of the version before goes on beside it.
 */
static const char *const steps[] = {
	/* Owners and notes of servers and sites, and what people keep for themselves. */
	"CREATE TABLE remark ("
	" subject text PRIMARY KEY COLLATE \"C\", owner text NOT NULL, owner_by text NOT NULL,"
	" owner_ms bigint, note text NOT NULL, note_by text NOT NULL, note_ms bigint);"
	"CREATE TABLE bookmark ("
	" person text NOT NULL COLLATE \"C\", name text NOT NULL COLLATE \"C\","
	" query text NOT NULL, made_ms bigint NOT NULL, PRIMARY KEY (person, name));",
};
_Static_assert(COUNT(steps) == VERSION - 1, "each version has its step");

#define SET_VERSION "UPDATE meta SET value = '" VALUE_DIGITS(VERSION) "' WHERE name = 'schema'"

/* One script is one transaction. */
static enum status run_steps(struct pg_conn *conn, struct buffer *script, size_t first,
			     const char *what, char error[STORE_ERROR_SIZE])
{
	for (size_t i = first; i < COUNT(steps); i++)
		buffer_add_text(script, steps[i]);
	buffer_add_text(script, SET_VERSION);
	enum status status = pg_script(conn, script->bytes, what, error);
	buffer_deinit(script);
	return status;
}

enum status pg_schema_make(struct pg_conn *conn, char error[STORE_ERROR_SIZE])
{
	struct buffer script;

	buffer_init(&script);
	buffer_add_text(&script, tables);
	return run_steps(conn, &script, 0, "make the tables", error);
}

/* In the place of the version. */
#define RESTORING "restoring"

enum status pg_schema_hide(struct pg_conn *conn, char error[STORE_ERROR_SIZE])
{
	return pg_script(conn, "UPDATE meta SET value = '" RESTORING "' WHERE name = 'schema'",
			 "begin to restore", error);
}

enum status pg_schema_show(struct pg_conn *conn, char error[STORE_ERROR_SIZE])
{
	return pg_script(conn, SET_VERSION, "complete the restored tables", error);
}

enum status pg_schema_drop(struct pg_conn *conn, char error[STORE_ERROR_SIZE])
{
	return pg_script(conn, "DROP SCHEMA mtawatch CASCADE", "remove the tables", error);
}

static const struct pg_statement find_schema = {
	"find_schema", "look for the tables", "SELECT to_regclass('mtawatch.meta') IS NOT NULL"
};
static const struct pg_statement read_version = { "read_version", "read the version of the tables",
						  "SELECT value FROM meta WHERE name = 'schema'" };

static enum status check_version(const struct pg_conn *conn, const PGresult *result, long *version,
				 char error[STORE_ERROR_SIZE])
{
	const char *text = PQntuples(result) > 0 ? pg_text(result, 0, 0) : "";

	*version = strtol(text, NULL, 10);
	if (strcmp(text, RESTORING) == 0) {
		snprintf(error, STORE_ERROR_SIZE,
			 "a backup is being restored into the database at %s; if that was cut off, "
			 "restore it again",
			 conn->place);
		return STATUS_TRUNCATED;
	}
	if (*version >= 1 && *version <= VERSION)
		return STATUS_OK;
	snprintf(error, STORE_ERROR_SIZE,
		 "the store in the database at %s was written by %s version of "
		 "mtawatch-collector (its schema is '%.20s', this program knows %d)",
		 conn->place, *version > VERSION ? "a newer" : "another", text, VERSION);
	return STATUS_UNSUPPORTED;
}

static enum status find_version(struct pg_conn *conn, long *version, char error[STORE_ERROR_SIZE])
{
	PGresult *result;
	enum status status = pg_run(conn, &find_schema, NULL, &result, error);

	if (status != STATUS_OK)
		return status;
	bool found = pg_number(result, 0, 0) != 0;
	PQclear(result);
	if (!found) {
		snprintf(error, STORE_ERROR_SIZE, "there is no store in the database at %s",
			 conn->place);
		return STATUS_NOT_FOUND;
	}
	status = pg_run(conn, &read_version, NULL, &result, error);
	if (status == STATUS_OK)
		status = check_version(conn, result, version, error);
	PQclear(result);
	return status;
}

enum status pg_schema_look(struct pg_conn *conn, bool may_be_older, char error[STORE_ERROR_SIZE])
{
	long version = 0;
	enum status status = find_version(conn, &version, error);

	if (status != STATUS_OK || version == VERSION || may_be_older)
		return status;
	snprintf(error, STORE_ERROR_SIZE,
		 "the store in the database at %s is of an older version of mtawatch-collector "
		 "(its schema is %ld, this program knows %d): a collector of this version brings "
		 "it up to date when it judges, so start one first",
		 conn->place, version, VERSION);
	return STATUS_CONFLICT;
}

enum status pg_schema_update(struct pg_conn *conn, const char *token, char error[STORE_ERROR_SIZE])
{
	struct buffer script;
	long version = 0;
	enum status status = find_version(conn, &version, error);

	if (status != STATUS_OK || version == VERSION)
		return status;
	buffer_init(&script);
	buffer_printf(&script, "SELECT fence('%s');", token);
	return run_steps(conn, &script, (size_t)version - 1, "bring the tables up to date", error);
}
