#include "collector/store/postgresql/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "collector/base/log.h"

/* Rows that are read at once: of streams, and of servers with their reports. */
#define PAGE         10000
#define SERVERS_PAGE 1000

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
	"WHERE h.id > $1 AND h.id <= $2 ORDER BY h.id, s.id"
};
/* Behind the columns of a server: where its latest report and the base of that are. */
static const struct pg_statement list_latest = {
	"load_servers", "read the servers",
	"SELECT " PG_SERVER_COLUMNS_WITH("''") ", r.day, r.base_sequence FROM " PG_SERVER_TABLES
					       " WHERE h.key > $1 ORDER BY h.key LIMIT $2"
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

static struct pg_body *get_body(const PGresult *rows, int row, int first)
{
	return PQgetisnull(rows, row, first)
		       ? NULL
		       : pg_body_new((enum store_encoding)pg_number(rows, row, first),
				     pg_bytes(rows, row, first + 1));
}

/* What the next report is told apart from, if that is in this row. */
static void take_base(const struct pg_memory *memory, const struct record_report *latest,
		      const PGresult *rows, int row, struct pg_body *body, struct pg_body *base)
{
	int64_t day = pg_number(rows, row, PG_SERVER_N_COLUMNS);
	int64_t sequence = base ? pg_number(rows, row, PG_SERVER_N_COLUMNS + 1) : latest->sequence;
	struct pg_host *host = pg_memory_find_host(memory, latest->key);
	struct pg_stream *stream = host ? host->latest.stream : NULL;

	if (stream && stream->base_day == day && stream->base_sequence == sequence)
		pg_memory_set_base(stream, base ? base : body);
}

static void take_server(struct store_db *db, struct pg_picture *picture, const PGresult *rows,
			int row)
{
	struct record_server server = pg_get_server(rows, row);
	struct record_report latest = pg_get_report_facts(rows, row, PG_SERVER_REPORT, server.key);
	struct pg_body *body = get_body(rows, row, PG_SERVER_REPORT + PG_REPORT_BODY);
	struct pg_body *base = get_body(rows, row, PG_SERVER_REPORT + PG_REPORT_BODY + 2);

	pg_picture_put_server(picture, &server);
	pg_picture_put_report(picture, &latest, body, base);
	take_base(&db->writer->memory, &latest, rows, row, body, base);
	pg_body_unref(body);
	pg_body_unref(base);
}

/* The servers behind `*last`, which becomes the last of them; `*n`: how many they are. */
static enum status load_page(struct store_db *db, struct pg_picture *picture, struct buffer *last,
			     int *n, char error[STORE_ERROR_SIZE])
{
	struct pg_params params = { .n = 0 };
	PGresult *rows;

	pg_add_text(&params, last->bytes);
	pg_add_number(&params, SERVERS_PAGE);
	enum status status = pg_run(&db->conn, &list_latest, &params, &rows, error);
	*n = status == STATUS_OK ? PQntuples(rows) : 0;
	for (int i = 0; i < *n; i++)
		take_server(db, picture, rows, i);
	if (*n > 0) {
		last->size = 0;
		buffer_add_text(last, pg_text(rows, *n - 1, 0));
	}
	PQclear(rows);
	return status;
}

static enum status load_servers(struct store_db *db, struct pg_picture *picture,
				char error[STORE_ERROR_SIZE])
{
	enum status status;
	struct buffer last;
	int n = 0;

	buffer_init(&last);
	buffer_add_text(&last, "");
	do
		status = load_page(db, picture, &last, &n, error);
	while (status == STATUS_OK && n == SERVERS_PAGE);
	buffer_deinit(&last);
	return status;
}

/* How far each agent has come. */
static void note_lineages(const struct pg_memory *memory, struct pg_picture *picture)
{
	for (size_t i = 0; i < memory->n; i++) {
		const struct pg_stream *stream = memory->all[i]->streams;
		for (; stream; stream = stream->next) {
			if (stream->last_sequence >= 0)
				pg_picture_note(picture, stream->agent_id, stream->epoch,
						stream->last_sequence);
		}
	}
}

static enum status load_mirror(struct store_db *db, char error[STORE_ERROR_SIZE])
{
	struct pg_picture *picture = pg_picture_new();

	note_lineages(&db->writer->memory, picture);
	enum status status = load_servers(db, picture, error);
	if (status == STATUS_OK)
		status = pg_mirror_expected(db, error);
	if (status == STATUS_OK)
		status = pg_read_ahead(db, error);
	if (status == STATUS_OK)
		pg_mirror_show(db->writer->mirror, picture);
	else
		pg_picture_free(picture);
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
		status = load_streams(db, last[0], error);
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

/* All as of one moment. */
enum status pg_load(struct store_db *db, char error[STORE_ERROR_SIZE])
{
	enum status status =
		pg_script(&db->conn, "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
			  list_latest.what, error);

	if (status != STATUS_OK)
		return status;
	status = pg_load_memory(db, error);
	if (status == STATUS_OK)
		status = load_mirror(db, error);
	if (status == STATUS_OK)
		status = pg_script(&db->conn, "COMMIT", list_latest.what, error);
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
