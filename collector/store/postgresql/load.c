#include "collector/store/postgresql/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "collector/base/log.h"

static const struct pg_statement save_loss = {
	"save_loss", "save how many commits were lost",
	"INSERT INTO meta SELECT name, value FROM unnest(ARRAY['lost_commits', 'lost_ms'], "
	"ARRAY[$2, now_ms()::text]) AS n (name, value), fence($1::uuid) ON CONFLICT (name) DO "
	"UPDATE SET value = EXCLUDED.value"
};
static const struct pg_statement list_days = {
	"load_days", "see which days have a table",
	"SELECT substr(c.relname, 8) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
	"WHERE i.inhparent = 'mtawatch.report'::regclass AND c.relname ~ '^report_[0-9]+$' "
	"ORDER BY length(c.relname), c.relname"
};
static const struct pg_statement list_streams = {
	"load_streams", "read who reports",
	"SELECT h.key, s.id, s.agent_id, s.epoch, s.base_day, s.base_sequence, coalesce((SELECT "
	"max(r.sequence) FROM report r WHERE r.stream_id = s.id), -1), h.latest_stream = s.id, "
	"h.latest_day, h.latest_sequence, h.id FROM host h LEFT JOIN stream s ON s.host_id = h.id "
	"ORDER BY h.id"
};
static const struct pg_statement last_ids = {
	"last_ids", "look for the last numbers",
	"SELECT (SELECT coalesce(max(id), 0) FROM host), (SELECT coalesce(max(id), 0) FROM "
	"stream), (SELECT coalesce(max(id), 0) FROM feed)"
};

static void take_latest(struct pg_stream *stream, const PGresult *rows, int row)
{
	bool follows = PQgetisnull(rows, row, 8) != 0;

	stream->host->latest = (struct pg_latest){
		.stream = stream,
		.day = follows ? stream->base_day : pg_number(rows, row, 8),
		.sequence = follows ? stream->last_sequence : pg_number(rows, row, 9),
		.follows = follows,
	};
}

static enum status take_stream(void *user, const PGresult *row, char error[STORE_ERROR_SIZE])
{
	struct pg_memory *memory = user;
	const char *key = pg_text(row, 0, 0);
	struct pg_host *host = pg_memory_find_host(memory, key);

	error[0] = '\0'; /* it cannot fail */
	if (!host)
		host = pg_memory_add_host(memory, pg_number(row, 0, 10), key);
	if (PQgetisnull(row, 0, 1))
		return STATUS_OK;
	struct pg_stream *stream = pg_memory_add_stream(memory, host, pg_number(row, 0, 1),
							pg_text(row, 0, 2), pg_text(row, 0, 3));
	stream->base_day = pg_number(row, 0, 4);
	stream->base_sequence = pg_number(row, 0, 5);
	stream->last_sequence = pg_number(row, 0, 6);
	if (pg_number(row, 0, 7))
		take_latest(stream, row, 0);
	return STATUS_OK;
}

static enum status load_streams(struct store_db *db, char error[STORE_ERROR_SIZE])
{
	return pg_run_rows(&db->conn, &list_streams, take_stream, &db->writer->memory, error);
}

static enum status load_days(struct store_db *db, char error[STORE_ERROR_SIZE])
{
	PGresult *rows;
	enum status status = pg_run(&db->conn, &list_days, NULL, &rows, error);

	for (int i = 0; status == STATUS_OK && i < PQntuples(rows); i++)
		pg_memory_add_day(&db->writer->memory, strtoll(pg_text(rows, i, 0), NULL, 10));
	PQclear(rows);
	return status;
}

void pg_unload(struct store_db *db)
{
	pg_memory_forget(&db->writer->memory);
	pg_writer_drop_standings(db->writer);
	db->writer->is_loaded = false;
}

/*
 * The database is another one than it was, which lacks commits that were confirmed: an asynchronous
 * standby took the place of the server, or a backup was restored.
 */
static void note_lost(struct store_db *db, int64_t feed_id)
{
	int64_t n = db->writer->confirmed_id - feed_id;

	if (n <= 0)
		return;
	db->writer->confirmed_id = feed_id;
	pg_mirror_show_commit(db->writer->mirror, feed_id);
	log_error("the database at %s lacks the last %" PRId64 " commits that it had confirmed: "
		  "another server took its place without them, or a backup was restored",
		  db->conn.place, n);
	pg_mirror_note_lost(db->writer->mirror, n);
	db->writer->n_lost += n;
}

enum status pg_load_memory(struct store_db *db, char error[STORE_ERROR_SIZE])
{
	struct pg_writer *writer = db->writer;
	int64_t last[3] = { 0 };

	pg_unload(db);
	enum status status = pg_run_numbers(db, &last_ids, NULL, last, 3, error);
	if (status == STATUS_OK)
		status = load_days(db, error);
	if (status == STATUS_OK)
		status = load_streams(db, error);
	if (status != STATUS_OK) {
		pg_unload(db);
		return status;
	}
	/* A stream may be of no server that is there. */
	writer->memory.last_stream_id = last[1];
	note_lost(db, last[2]);
	writer->feed_id = last[2];
	writer->loaded_by = db->conn.n_connects;
	writer->is_loaded = true;
	return STATUS_OK;
}

enum status pg_load(struct store_db *db, char error[STORE_ERROR_SIZE])
{
	enum status status = pg_script(&db->conn, PG_BEGIN_READING, list_streams.what, error);

	if (status != STATUS_OK)
		return status;
	status = pg_load_memory(db, error);
	if (status == STATUS_OK)
		status = pg_mirror_expected(db, error);
	if (status == STATUS_OK)
		status = pg_read_ahead(db, error);
	if (status == STATUS_OK)
		status = pg_script(&db->conn, "COMMIT", list_streams.what, error);
	if (status != STATUS_OK) {
		pg_unload(db);
		pg_conn_disconnect(&db->conn); /* with what was begun */
	}
	return status;
}

enum status pg_see_lost(const struct store_db *db, char error[STORE_ERROR_SIZE])
{
	if (db->writer->n_lost == 0)
		return STATUS_OK;
	snprintf(error, STORE_ERROR_SIZE,
		 "the database at %s lacks commits that it had confirmed: all is read anew",
		 db->conn.place);
	return STATUS_UNREACHABLE;
}

/* That some were lost outlives whoever saw it. */
enum status pg_load_loss(struct store_db *db, char error[STORE_ERROR_SIZE])
{
	struct store_loss loss = { 0 };
	enum status status = pg_read_clock(db, "lost_commits", &loss.n_commits, error);

	if (status == STATUS_OK)
		status = pg_read_clock(db, "lost_ms", &loss.at_ms, error);
	if (status == STATUS_OK)
		pg_mirror_show_loss(db->writer->mirror, loss);
	return status;
}

enum status pg_save_loss(struct store_db *db, char error[STORE_ERROR_SIZE])
{
	struct pg_writer *writer = db->writer;
	struct pg_params params = { .n = 0 };
	char n[24];
	PGresult *result;

	if (writer->n_lost == 0)
		return STATUS_OK;
	snprintf(n, sizeof n, "%" PRId64, writer->n_lost);
	pg_add_text(&params, writer->token);
	pg_add_text(&params, n);
	enum status status = pg_run(&db->conn, &save_loss, &params, &result, error);
	PQclear(result);
	if (status == STATUS_OK)
		status = pg_load_loss(db, error);
	if (status == STATUS_OK)
		writer->n_lost = 0;
	return status;
}

/* A server that took another's place may lack what that one had committed. */
enum status pg_need_load(struct store_db *db, char error[STORE_ERROR_SIZE])
{
	const struct pg_writer *writer = db->writer;

	if (writer->is_loaded && db->conn.handle && writer->loaded_by == db->conn.n_connects)
		return STATUS_OK;
	return pg_load(db, error);
}
