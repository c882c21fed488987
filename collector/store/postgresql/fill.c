/*
 * All servers, read into a picture of the mirror; and on their way there given to whoever reads the
 * fleet, so that a start reads, and waits for, each of them once.
 */
#include "collector/store/postgresql/internal.h"

#include <stdio.h>

/* Behind the columns of a server: where its latest report and the base of that are. */
static const struct pg_statement list_latest = { "list_latest", "read the servers",
						 "SELECT " PG_SERVER_COLUMNS
						 ", r.day, r.base_sequence FROM " PG_SERVER_TABLES
						 " ORDER BY h.key" };

struct filling {
	struct store_db *db;
	struct pg_memory *memory;
	struct pg_picture *picture;
	store_each_server *each; /* NULL: nobody else wants them */
	void *user;
};

static struct pg_body *get_body(const PGresult *row, int first)
{
	return PQgetisnull(row, 0, first)
		       ? NULL
		       : pg_body_new((enum store_encoding)pg_number(row, 0, first),
				     pg_bytes(row, 0, first + 1));
}

/* What the next report is told apart from, if that is in this row. */
static void take_base(const struct pg_memory *memory, const struct record_report *latest,
		      const PGresult *row, struct pg_body *body, struct pg_body *base)
{
	int64_t day = pg_number(row, 0, PG_SERVER_N_COLUMNS);
	int64_t sequence = base ? pg_number(row, 0, PG_SERVER_N_COLUMNS + 1) : latest->sequence;
	struct pg_host *host = pg_memory_find_host(memory, latest->key);
	struct pg_stream *stream = host ? host->latest.stream : NULL;

	if (stream && stream->base_day == day && stream->base_sequence == sequence)
		pg_memory_set_base(stream, base ? base : body);
}

static void put_server(const struct filling *f, const PGresult *row,
		       const struct record_server *server)
{
	struct record_report latest = pg_get_report_facts(row, 0, PG_SERVER_REPORT, server->key);
	struct pg_body *body = get_body(row, PG_SERVER_REPORT + PG_REPORT_BODY);
	struct pg_body *base = get_body(row, PG_SERVER_REPORT + PG_REPORT_BODY + 2);

	pg_picture_put_server(f->picture, server);
	pg_picture_put_report(f->picture, &latest, body, base);
	take_base(f->memory, &latest, row, body, base);
	pg_body_unref(body);
	pg_body_unref(base);
}

static enum status take_server(void *user, const PGresult *row, char error[STORE_ERROR_SIZE])
{
	const struct filling *f = user;
	struct record_server server = pg_get_server(row, 0);
	struct record_report latest;

	put_server(f, row, &server);
	if (!f->each)
		return STATUS_OK;
	enum status status =
		pg_get_report(f->db, row, 0, PG_SERVER_REPORT, server.key, &latest, error);
	return status == STATUS_OK ? f->each(f->user, &server, &latest) : status;
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

static enum status read_all(struct filling *f, char error[STORE_ERROR_SIZE])
{
	struct pg_conn *conn = &f->db->conn;

	enum status status = pg_conn_renew(conn, error); /* it may be what was lost */
	if (status == STATUS_OK)
		status = pg_script(conn, PG_BEGIN_READING, list_latest.what, error);
	if (status == STATUS_OK)
		status = pg_run_rows(conn, &list_latest, take_server, f, error);
	if (status != STATUS_OK) {
		pg_conn_disconnect(conn); /* with the transaction */
		return status;
	}
	/* Without the memory that libpq took for so much. */
	return pg_conn_renew(conn, error);
}

/* Under the writer's `use`. */
static enum status fill(struct filling *f, char error[STORE_ERROR_SIZE])
{
	struct pg_writer *writer = f->db->servers;

	if (!writer->is_loaded) {
		snprintf(error, STORE_ERROR_SIZE,
			 "could not read the servers from the database at %s: a commit failed",
			 f->db->conn.place);
		return STATUS_UNREACHABLE;
	}
	f->memory = &writer->memory;
	f->picture = pg_picture_new();
	note_lineages(f->memory, f->picture);
	enum status status = read_all(f, error);
	if (status == STATUS_OK)
		pg_mirror_show(writer->mirror, f->picture);
	else
		pg_picture_free(f->picture);
	return status;
}

enum status pg_fill(struct store_db *db, store_each_server *each, void *user,
		    char error[STORE_ERROR_SIZE])
{
	struct filling f = { .db = db, .each = each, .user = user };

	uv_mutex_lock(&db->servers->use);
	enum status status = fill(&f, error);
	uv_mutex_unlock(&db->servers->use);
	return status;
}

enum status pg_need_servers(struct store_db *db, char error[STORE_ERROR_SIZE])
{
	return pg_mirror_has_servers(db->servers->mirror) ? STATUS_OK
							  : pg_fill(db, NULL, NULL, error);
}
