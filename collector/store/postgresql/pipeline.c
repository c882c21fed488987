#include "collector/store/postgresql/pipeline.h"

#include <stdio.h>
#include <string.h>

#include "collector/base/loop.h"
#include "collector/store/postgresql/conn_internal.h"
#include "collector/store/postgresql/rows.h"
#include "proto/base/mem.h"

#define COMMIT_MS 10000 /* until a commit has to be answered */

void pg_pipeline_begin(struct pg_conn *conn)
{
	conn->n_sent = 0;
	conn->warned = false;
	conn->unsent = false;
	if (conn->handle && !PQenterPipelineMode(conn->handle))
		pg_conn_disconnect(conn);
}

static void note_sent(struct pg_conn *conn, const char *what)
{
	conn->sent =
		mem_make_room((void *)conn->sent, conn->n_sent, &conn->room, sizeof *conn->sent);
	conn->sent[conn->n_sent++] = what;
}

static void send_prepared(struct pg_conn *conn, const struct pg_statement *statement,
			  struct pg_params *params)
{
	bool prepared = pg_is_prepared(conn, statement);

	if (!prepared && !pg_send_prepare(conn, statement, params)) {
		conn->unsent = true;
		return;
	}
	if (!prepared) {
		pg_note_prepared(conn, statement);
		note_sent(conn, statement->what);
	}
	conn->unsent = !pg_send_query(conn, statement, params);
	note_sent(conn, statement->what);
}

void pg_pipeline_send(struct pg_conn *conn, const struct pg_statement *statement,
		      struct pg_params *params)
{
	struct pg_params none = { .n = 0 };

	if (conn->handle && !conn->unsent)
		send_prepared(conn, statement, params ? params : &none);
	if (params)
		pg_params_clear(params);
}

static void note_result(struct pg_conn *conn, const PGresult *result)
{
	const char *tag = PQcmdStatus((PGresult *)result);

	if (strcmp(tag, "COMMIT") == 0 || strcmp(tag, "ROLLBACK") == 0)
		snprintf(conn->end, sizeof conn->end, "%s", tag);
	if (PQntuples(result) == 1)
		conn->last_number = pg_number(result, 0, 0);
}

/* The result of what was sent as number `i`, up to its end. */
static enum status take_sent(struct pg_conn *conn, size_t i, uint64_t deadline_ms,
			     char error[STORE_ERROR_SIZE])
{
	enum status status = STATUS_OK;
	PGresult *result;

	do {
		enum status waited = pg_await(conn, conn->sent[i], deadline_ms, COMMIT_MS, error);
		if (waited != STATUS_OK)
			return waited;
		result = PQgetResult(conn->handle);
		if (result && !pg_is_good(result) && status == STATUS_OK) {
			status = pg_fail_said(conn, conn->sent[i], result, error);
			conn->failed = conn->sent[i];
		}
		if (result && status == STATUS_OK)
			note_result(conn, result);
		PQclear(result);
	} while (result);
	return status;
}

static enum status take_all_sent(struct pg_conn *conn, char error[STORE_ERROR_SIZE])
{
	uint64_t deadline_ms = loop_monotonic_ms() + COMMIT_MS;
	enum status status = STATUS_OK;

	conn->end[0] = '\0';
	conn->last_number = 0;
	for (size_t i = 0; status == STATUS_OK && i < conn->n_sent; i++)
		status = take_sent(conn, i, deadline_ms, error);
	if (status != STATUS_OK)
		return status;
	if (strcmp(conn->end, "COMMIT") == 0 && !conn->warned)
		return STATUS_OK;
	snprintf(error, STORE_ERROR_SIZE,
		 "could not commit: the database at %s answered %s with a warning: %s", conn->place,
		 conn->end, conn->warning);
	return STATUS_SYSTEM;
}

/* Behind the last result there is that of the synchronization. */
static enum status take_sync(struct pg_conn *conn, char error[STORE_ERROR_SIZE])
{
	uint64_t deadline_ms = loop_monotonic_ms() + COMMIT_MS;
	enum status status = pg_await(conn, "commit", deadline_ms, COMMIT_MS, error);

	if (status != STATUS_OK)
		return status;
	PGresult *result = PQgetResult(conn->handle);
	bool synced = PQresultStatus(result) == PGRES_PIPELINE_SYNC;
	PQclear(result);
	if (!synced || !PQexitPipelineMode(conn->handle))
		return pg_fail_lost(conn, "commit", error);
	return STATUS_OK;
}

enum status pg_pipeline_commit(struct pg_conn *conn, char error[STORE_ERROR_SIZE])
{
	if (!conn->handle || conn->unsent || PQpipelineStatus(conn->handle) != PQ_PIPELINE_ON ||
	    !PQpipelineSync(conn->handle))
		return pg_fail_lost(conn, "commit", error);
	enum status status = take_all_sent(conn, error);
	if (status == STATUS_OK)
		status = take_sync(conn, error);
	if (status != STATUS_OK)
		pg_conn_disconnect(conn);
	return status;
}
