#include "collector/store/postgresql/conn_internal.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "collector/base/loop.h"
#include "proto/base/count.h"

/* What an SQLSTATE means to us (PostgreSQL, appendix A); a row of two characters is a class. */
static const struct {
	const char *code;
	enum status status;
} meanings[] = {
	{ "08", STATUS_UNREACHABLE },    /* connection exceptions */
	{ "22", STATUS_INVALID },        /* data exceptions */
	{ "23", STATUS_INVALID },        /* violations of integrity */
	{ "25006", STATUS_UNREACHABLE }, /* read_only_sql_transaction: a primary no more */
	{ "28", STATUS_DENIED },         /* invalid authorization */
	{ "3D000", STATUS_NOT_FOUND },   /* invalid_catalog_name: no such database */
	{ "42501", STATUS_DENIED },      /* insufficient_privilege */
	{ "53100", STATUS_FULL },        /* disk_full */
	{ "53300", STATUS_REFUSED },     /* too_many_connections */
	{ "54", STATUS_INVALID },        /* limits of the program: of a row, an array ... */
	{ "55P03", STATUS_TIMED_OUT },   /* lock_not_available */
	{ "57014", STATUS_TIMED_OUT },   /* query_canceled, also by statement_timeout */
	{ "57P01", STATUS_UNREACHABLE }, /* admin_shutdown */
	{ "57P02", STATUS_UNREACHABLE }, /* crash_shutdown */
	{ "57P03", STATUS_UNREACHABLE }, /* cannot_connect_now */
	{ "MW001", STATUS_FENCED },      /* ours: schema.c */
	{ "XX001", STATUS_MALFORMED },   /* data_corrupted */
	{ "XX002", STATUS_MALFORMED },   /* index_corrupted */
};

static enum status status_of(const char *sqlstate)
{
	for (size_t i = 0; sqlstate && i < COUNT(meanings); i++) {
		if (strncmp(sqlstate, meanings[i].code, strlen(meanings[i].code)) == 0)
			return meanings[i].status;
	}
	return STATUS_SYSTEM;
}

/* Without the end of its line. */
static int length_of(const char *message)
{
	return (int)strcspn(message, "\n");
}

enum status pg_fail_lost(struct pg_conn *conn, const char *what, char error[STORE_ERROR_SIZE])
{
	const char *message = conn->handle ? PQerrorMessage(conn->handle) : "";

	snprintf(error, STORE_ERROR_SIZE,
		 "could not %s: the connection to the database at %s was lost: %.*s", what,
		 conn->place, length_of(message), message);
	pg_conn_disconnect(conn);
	return STATUS_UNREACHABLE;
}

static enum status fail_late(struct pg_conn *conn, const char *what, int ms,
			     char error[STORE_ERROR_SIZE])
{
	snprintf(error, STORE_ERROR_SIZE,
		 "could not %s: the database at %s did not answer within %g s", what, conn->place,
		 ms / 1000.0);
	pg_conn_disconnect(conn);
	return STATUS_TIMED_OUT;
}

enum status pg_fail_said(const struct pg_conn *conn, const char *what, const PGresult *result,
			 char error[STORE_ERROR_SIZE])
{
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);

	if (!message)
		message = PQresultErrorMessage(result);
	snprintf(error, STORE_ERROR_SIZE, "could not %s: the database at %s said: %.*s%s%.*s%s",
		 what, conn->place, length_of(message), message, detail ? " (" : "",
		 detail ? length_of(detail) : 0, detail ? detail : "", detail ? ")" : "");
	return status_of(PQresultErrorField(result, PG_DIAG_SQLSTATE));
}

enum status pg_await(struct pg_conn *conn, const char *what, uint64_t deadline_ms, int ms,
		     char error[STORE_ERROR_SIZE])
{
	for (;;) {
		int left = PQflush(conn->handle);
		if (left < 0)
			return pg_fail_lost(conn, what, error);
		if (left == 0 && !PQisBusy(conn->handle))
			return STATUS_OK;
		uint64_t now = loop_monotonic_ms();
		if (now >= deadline_ms)
			return fail_late(conn, what, ms, error);
		struct pollfd fd = { .fd = PQsocket(conn->handle),
				     .events = (short)(left > 0 ? POLLIN | POLLOUT : POLLIN) };
		if (poll(&fd, 1, (int)(deadline_ms - now)) < 0 && errno != EINTR)
			return pg_fail_lost(conn, what, error);
		if (fd.revents & ~POLLOUT && !PQconsumeInput(conn->handle))
			return pg_fail_lost(conn, what, error);
	}
}

bool pg_is_good(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);
	return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

enum status pg_take_results(struct pg_conn *conn, const char *what, PGresult **out,
			    char error[STORE_ERROR_SIZE])
{
	uint64_t deadline_ms = loop_monotonic_ms() + (uint64_t)conn->read_ms;
	enum status status = STATUS_OK;
	PGresult *result = NULL;

	*out = NULL;
	for (;;) {
		enum status waited = pg_await(conn, what, deadline_ms, conn->read_ms, error);
		if (waited != STATUS_OK) {
			status = waited;
			break;
		}
		result = PQgetResult(conn->handle);
		if (!result)
			break;
		if (status == STATUS_OK && !pg_is_good(result))
			status = pg_fail_said(conn, what, result, error);
		PQclear(*out);
		*out = result;
	}
	if (status == STATUS_OK && *out)
		return STATUS_OK;
	PQclear(*out);
	*out = NULL;
	if (conn->handle && PQstatus(conn->handle) == CONNECTION_BAD)
		pg_conn_disconnect(conn);
	return status == STATUS_OK ? STATUS_SYSTEM : status;
}
