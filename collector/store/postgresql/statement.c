#include "collector/store/postgresql/statement.h"

#include "collector/base/loop.h"
#include "collector/store/postgresql/conn_internal.h"
#include "collector/store/postgresql/rows.h"

bool pg_is_prepared(const struct pg_conn *conn, const struct pg_statement *statement)
{
	return text_map_get(&conn->prepared, statement->name) != NULL;
}

void pg_note_prepared(struct pg_conn *conn, const struct pg_statement *statement)
{
	char *name = arena_strdup(&conn->names, statement->name);
	text_map_add(&conn->prepared, name, name);
}

bool pg_send_prepare(struct pg_conn *conn, const struct pg_statement *statement,
		     const struct pg_params *params)
{
	Oid types[PG_MAX_PARAMETERS];
	struct buffer sql;

	for (size_t i = 0; i < params->n; i++)
		types[i] = params->at[i].type;
	buffer_init(&sql);
	pg_write_columns(&sql, statement->sql);
	int sent = PQsendPrepare(conn->handle, statement->name, sql.bytes, (int)params->n, types);
	buffer_deinit(&sql);
	return sent != 0;
}

bool pg_send_query(struct pg_conn *conn, const struct pg_statement *statement,
		   struct pg_params *params)
{
	const char *values[PG_MAX_PARAMETERS];
	int sizes[PG_MAX_PARAMETERS];
	int formats[PG_MAX_PARAMETERS];

	pg_params_seal(params);
	for (size_t i = 0; i < params->n; i++) {
		values[i] = params->at[i].value;
		sizes[i] = params->at[i].size;
		formats[i] = 1; /* binary */
	}
	return PQsendQueryPrepared(conn->handle, statement->name, (int)params->n, values, sizes,
				   formats, 1) != 0;
}

static enum status prepare(struct pg_conn *conn, const struct pg_statement *statement,
			   const struct pg_params *params, char error[STORE_ERROR_SIZE])
{
	PGresult *result = NULL;

	if (pg_is_prepared(conn, statement))
		return STATUS_OK;
	if (!pg_send_prepare(conn, statement, params))
		return pg_fail_lost(conn, statement->what, error);
	enum status status = pg_take_results(conn, statement->what, &result, error);
	PQclear(result);
	if (status == STATUS_OK)
		pg_note_prepared(conn, statement);
	return status;
}

static enum status run_once(struct pg_conn *conn, const struct pg_statement *statement,
			    struct pg_params *params, PGresult **out, char error[STORE_ERROR_SIZE])
{
	enum status status = pg_conn_connect(conn, error);

	if (status == STATUS_OK)
		status = prepare(conn, statement, params, error);
	if (status != STATUS_OK)
		return status;
	if (!pg_send_query(conn, statement, params))
		return pg_fail_lost(conn, statement->what, error);
	return pg_take_results(conn, statement->what, out, error);
}

enum status pg_run(struct pg_conn *conn, const struct pg_statement *statement,
		   struct pg_params *params, PGresult **out, char error[STORE_ERROR_SIZE])
{
	struct pg_params none = { .n = 0 };
	bool was_idle = conn->handle && PQtransactionStatus(conn->handle) == PQTRANS_IDLE;

	params = params ? params : &none;
	*out = NULL;
	enum status status = run_once(conn, statement, params, out, error);
	/* The server was started anew since the last time. */
	if (status == STATUS_UNREACHABLE && was_idle && !conn->handle)
		status = run_once(conn, statement, params, out, error);
	pg_params_clear(params);
	return status;
}

/* The next row; `*out` NULL: there is none any more. */
static enum status take_row(struct pg_conn *conn, const char *what, PGresult **out,
			    char error[STORE_ERROR_SIZE])
{
	uint64_t deadline_ms = loop_monotonic_ms() + (uint64_t)conn->read_ms;
	enum status status = pg_await(conn, what, deadline_ms, conn->read_ms, error);

	*out = status == STATUS_OK ? PQgetResult(conn->handle) : NULL;
	if (!*out || PQresultStatus(*out) == PGRES_SINGLE_TUPLE || pg_is_good(*out))
		return status;
	status = pg_fail_said(conn, what, *out, error);
	PQclear(*out);
	*out = NULL;
	return status;
}

static enum status take_rows(struct pg_conn *conn, const char *what, pg_each_row *each, void *user,
			     char error[STORE_ERROR_SIZE])
{
	enum status status;
	PGresult *row;

	while ((status = take_row(conn, what, &row, error)) == STATUS_OK && row) {
		if (PQntuples(row) > 0)
			status = each(user, row, error);
		PQclear(row);
		if (status != STATUS_OK)
			break;
	}
	if (status != STATUS_OK)
		pg_conn_disconnect(conn);
	return status;
}

enum status pg_run_rows(struct pg_conn *conn, const struct pg_statement *statement,
			pg_each_row *row, void *user, char error[STORE_ERROR_SIZE])
{
	struct pg_params none = { .n = 0 };
	enum status status = pg_conn_connect(conn, error);

	if (status == STATUS_OK)
		status = prepare(conn, statement, &none, error);
	if (status != STATUS_OK)
		return status;
	if (!pg_send_query(conn, statement, &none) || !PQsetSingleRowMode(conn->handle))
		return pg_fail_lost(conn, statement->what, error);
	return take_rows(conn, statement->what, row, user, error);
}

enum status pg_script(struct pg_conn *conn, const char *sql, const char *what,
		      char error[STORE_ERROR_SIZE])
{
	PGresult *result = NULL;
	enum status status = pg_conn_connect(conn, error);

	if (status != STATUS_OK)
		return status;
	if (!PQsendQuery(conn->handle, sql))
		return pg_fail_lost(conn, what, error);
	status = pg_take_results(conn, what, &result, error);
	PQclear(result);
	return status;
}
