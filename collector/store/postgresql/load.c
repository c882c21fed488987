#include "collector/store/postgresql/internal.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/text.h"

/* Rows that are read at once. */
#define PAGE 10000

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
	"WHERE h.id > $1 AND h.id <= $2 ORDER BY h.id, s.id"
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

static void take_stream(struct pg_memory *memory, const PGresult *rows, int row)
{
	const char *key = pg_text(rows, row, 0);
	struct pg_host *host = pg_memory_find_host(memory, key);

	if (!host)
		host = pg_memory_add_host(memory, pg_number(rows, row, 10), key);
	if (PQgetisnull(rows, row, 1))
		return;
	struct pg_stream *stream =
		pg_memory_add_stream(memory, host, pg_number(rows, row, 1), pg_text(rows, row, 2),
				     pg_text(rows, row, 3));
	stream->base_day = pg_number(rows, row, 4);
	stream->base_sequence = pg_number(rows, row, 5);
	stream->last_sequence = pg_number(rows, row, 6);
	if (pg_number(rows, row, 7))
		take_latest(stream, rows, row);
}

static enum status load_streams(struct store_db *db, int64_t last, char error[STORE_ERROR_SIZE])
{
	enum status status = STATUS_OK;

	for (int64_t from = 0; status == STATUS_OK && from < last; from += PAGE) {
		struct pg_params params = { .n = 0 };
		PGresult *rows;

		pg_add_number(&params, from);
		pg_add_number(&params, from + PAGE);
		status = pg_run(&db->conn, &list_streams, &params, &rows, error);
		for (int i = 0; status == STATUS_OK && i < PQntuples(rows); i++)
			take_stream(&db->writer->memory, rows, i);
		PQclear(rows);
	}
	return status;
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
	db->writer->is_loaded = false;
}

enum status pg_load(struct store_db *db, char error[STORE_ERROR_SIZE])
{
	struct pg_writer *writer = db->writer;
	int64_t last[3] = { 0 };

	pg_unload(db);
	enum status status = pg_run_numbers(db, &last_ids, NULL, last, 3, error);
	if (status == STATUS_OK)
		status = load_days(db, error);
	if (status == STATUS_OK)
		status = load_streams(db, last[0], error);
	if (status != STATUS_OK) {
		pg_unload(db);
		return status;
	}
	/* A stream may be of no server that is there. */
	writer->memory.last_stream_id = last[1];
	writer->feed_id = last[2];
	writer->loaded_by = db->conn.n_connects;
	writer->is_loaded = true;
	return STATUS_OK;
}

/* A server that took another's place may lack what that one had committed. */
enum status pg_need_load(struct store_db *db, char error[STORE_ERROR_SIZE])
{
	const struct pg_writer *writer = db->writer;

	if (writer->is_loaded && db->conn.handle && writer->loaded_by == db->conn.n_connects)
		return STATUS_OK;
	return pg_load(db, error);
}
