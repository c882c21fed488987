/* Answers of the database, from it or read ahead for the loop's thread. */
#include "collector/store/postgresql/internal.h"

#include <stdio.h>

/* How long the loop's thread waits for an answer once the collector is at work. */
#define LOOP_MS 500

/* What was asked, with its parameters, byte by byte. */
void pg_write_question(struct buffer *out, const struct pg_statement *statement,
		       const struct pg_params *params)
{
	buffer_add_text(out, statement->name);
	for (size_t i = 0; params && i < params->n; i++) {
		const struct pg_parameter *p = &params->at[i];
		buffer_printf(out, " %d:", p->value ? p->size : -1);
		if (p->value)
			buffer_add(out, p->value, (size_t)p->size);
	}
}

/* A statement of the loop's thread that nobody read ahead. */
static enum status run_for_loop(struct store_db *db, const struct pg_statement *statement,
				struct pg_params *params, PGresult **out,
				char error[STORE_ERROR_SIZE])
{
	struct pg_writer *writer = db->beside;

	uv_mutex_lock(&writer->loop_use);
	if (writer->next_loop.handle)
		pg_conn_take(&db->conn, &writer->next_loop);
	if (pg_mirror_has_committed(writer->mirror))
		pg_conn_hurry(&db->conn, LOOP_MS);
	enum status status = pg_run(&db->conn, statement, params, out, error);
	uv_mutex_unlock(&writer->loop_use);
	return status;
}

static enum status ask_for_loop(struct store_db *db, const struct pg_statement *statement,
				struct pg_params *params, struct pg_asked *out,
				char error[STORE_ERROR_SIZE])
{
	enum status status = STATUS_OK;
	struct buffer question;

	buffer_init(&question);
	pg_write_question(&question, statement, params);
	out->borrowed = pg_mirror_borrow(db->beside->mirror, &question);
	buffer_deinit(&question);
	if (!out->borrowed)
		status = run_for_loop(db, statement, params, &out->own, error);
	else if (params)
		pg_params_clear(params);
	out->rows = out->borrowed ? pg_answer_rows(out->borrowed) : out->own;
	return status;
}

static enum status ask_ahead(struct store_db *db, const struct pg_statement *statement,
			     struct pg_params *params, struct pg_asked *out,
			     char error[STORE_ERROR_SIZE])
{
	struct buffer question;
	PGresult *rows;

	buffer_init(&question);
	pg_write_question(&question, statement, params);
	enum status status = pg_run(&db->conn, statement, params, &rows, error);
	if (status == STATUS_OK)
		pg_mirror_keep(db->writer->mirror, &question, rows, false);
	out->rows = rows; /* it is dropped by this thread alone */
	buffer_deinit(&question);
	return status;
}

enum status pg_ask(struct store_db *db, const struct pg_statement *statement,
		   struct pg_params *params, struct pg_asked *out, char error[STORE_ERROR_SIZE])
{
	*out = (struct pg_asked){ .rows = NULL };
	if (db->beside)
		return ask_for_loop(db, statement, params, out, error);
	if (db->writer && db->writer->reads_ahead)
		return ask_ahead(db, statement, params, out, error);
	enum status status = pg_run(&db->conn, statement, params, &out->own, error);
	out->rows = out->own;
	return status;
}

void pg_answered(struct store_db *db, struct pg_asked *asked)
{
	PQclear(asked->own);
	if (asked->borrowed)
		pg_mirror_give_back(db->beside->mirror, asked->borrowed);
}

enum status pg_run_numbers(struct store_db *db, const struct pg_statement *statement,
			   struct pg_params *params, int64_t *out, int n,
			   char error[STORE_ERROR_SIZE])
{
	struct pg_asked asked;
	enum status status = pg_ask(db, statement, params, &asked, error);

	if (status == STATUS_OK && PQntuples(asked.rows) == 0)
		status = STATUS_NOT_FOUND;
	for (int i = 0; status == STATUS_OK && i < n; i++)
		out[i] = pg_number(asked.rows, 0, i);
	pg_answered(db, &asked);
	return status;
}

enum status pg_list(struct store_db *db, const struct pg_statement *statement,
		    struct pg_params *params, const struct store_table *table, pg_give *give,
		    void (*each)(void), void *user, char error[STORE_ERROR_SIZE])
{
	union store_record record;
	struct pg_asked asked;
	enum status status = pg_ask(db, statement, params, &asked, error);

	for (int i = 0; status == STATUS_OK && i < PQntuples(asked.rows); i++) {
		status = pg_get_record(asked.rows, i, table, &record, db->conn.place, error);
		if (status == STATUS_OK)
			status = give(each, user, &record);
	}
	pg_answered(db, &asked);
	return status;
}

/* What the loop asks meanwhile goes over the connection that it has, and does not wait. */
enum status pg_connect_loop(struct pg_writer *writer, char error[STORE_ERROR_SIZE])
{
	struct pg_conn conn;

	if (!writer->loop)
		return STATUS_OK;
	enum status status = pg_conn_open_alike(&conn, &writer->loop->conn, error);
	if (status != STATUS_OK) {
		pg_conn_close(&conn);
		return status;
	}
	uv_mutex_lock(&writer->loop_use);
	pg_conn_take(&writer->next_loop, &conn);
	uv_mutex_unlock(&writer->loop_use);
	return STATUS_OK;
}

/* The connection that the loop will ask over. */
static bool is_loop_connected(struct pg_writer *writer)
{
	static const struct pg_statement see = { "see", "see whether there is a connection",
						 "SELECT 1" };
	char ignored[STORE_ERROR_SIZE];
	PGresult *rows;

	uv_mutex_lock(&writer->loop_use);
	struct pg_conn *conn = writer->next_loop.handle ? &writer->next_loop : &writer->loop->conn;
	pg_conn_hurry(conn, LOOP_MS);
	bool is_connected = pg_run(conn, &see, NULL, &rows, ignored) == STATUS_OK;
	uv_mutex_unlock(&writer->loop_use);
	PQclear(rows);
	return is_connected;
}

void pg_keep_loop_connected(struct pg_writer *writer)
{
	char ignored[STORE_ERROR_SIZE]; /* it is tried again, and told where the loop needs it */

	if (writer->loop && pg_mirror_has_committed(writer->mirror) && !is_loop_connected(writer))
		pg_connect_loop(writer, ignored);
}

static enum status ignore_alert(void *user, const struct record_alert *alert)
{
	(void)user;
	(void)alert;
	return STATUS_OK;
}

static enum status ignore_silence(void *user, const struct record_silence *silence)
{
	(void)user;
	(void)silence;
	return STATUS_OK;
}

static enum status ignore_remark(void *user, const struct record_remark *remark)
{
	(void)user;
	(void)remark;
	return STATUS_OK;
}

static enum status ignore_hook(void *user, const struct record_hook *hook)
{
	(void)user;
	(void)hook;
	return STATUS_OK;
}

static enum status ignore_summary(void *user, const struct record_summary *summary)
{
	(void)user;
	(void)summary;
	return STATUS_OK;
}

static enum status ignore_removal(void *user, const struct record_removal *removal)
{
	(void)user;
	(void)removal;
	return STATUS_OK;
}

static enum status ignore_delivery(void *user, const struct record_delivery *delivery)
{
	(void)user;
	(void)delivery;
	return STATUS_OK;
}

static enum status read_all(struct store_db *db, char error[STORE_ERROR_SIZE])
{
	int64_t last_id;
	enum status status = pg_read_removals(db, ignore_removal, NULL, error);

	if (status == STATUS_OK)
		status = pg_read_silences(db, ignore_silence, NULL, error);
	if (status == STATUS_OK)
		status = pg_read_remarks(db, ignore_remark, NULL, error);
	if (status == STATUS_OK)
		status = pg_read_open_alerts(db, ignore_alert, NULL, error);
	if (status == STATUS_OK)
		status = pg_read_summaries(db, ignore_summary, NULL, error);
	if (status == STATUS_OK)
		status = pg_read_last_alert_id(db, &last_id, error);
	if (status == STATUS_OK)
		status = pg_read_deliveries(db, RECORD_DELIVERY_WAITING, INT64_MAX, ignore_delivery,
					    NULL, error);
	if (status == STATUS_OK)
		status = pg_read_deliveries(db, RECORD_DELIVERY_DEAD, INT64_MAX, ignore_delivery,
					    NULL, error);
	return status == STATUS_OK ? pg_read_hooks(db, ignore_hook, NULL, error) : status;
}

enum status pg_read_ahead(struct store_db *db, char error[STORE_ERROR_SIZE])
{
	db->writer->reads_ahead = true;
	enum status status = read_all(db, error);
	db->writer->reads_ahead = false;
	return status;
}
