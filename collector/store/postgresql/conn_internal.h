/*
 * Inside conn.c, which makes a connection, statement.c and pipeline.c, which send over it: how they
 * wait for results (results.c), and how a statement is sent (statement.c).
 */
#pragma once

#include "collector/store/postgresql/statement.h"

/*
 * Errors, as conn.h has them; `what` completes "could not ...". The connection is lost: it is closed,
 * and nobody knows what became of what was under way. Or the database said why not: what its
 * SQLSTATE means.
 */
enum status pg_fail_lost(struct pg_conn *conn, const char *what, char error[STORE_ERROR_SIZE]);
enum status pg_fail_said(const struct pg_conn *conn, const char *what, const PGresult *result,
			 char error[STORE_ERROR_SIZE]);

/*
 * Sends what is to be sent, and reads until a result is there or the connection is idle.
 *
 * STATUS_UNREACHABLE  it is lost
 * STATUS_TIMED_OUT    the deadline has passed, which was `ms` away; it is closed
 */
enum status pg_await(struct pg_conn *conn, const char *what, uint64_t deadline_ms, int ms,
		     char error[STORE_ERROR_SIZE]);

/* Is it what was asked for, and no error? */
bool pg_is_good(const PGresult *result);

/*
 * Every result of what was sent outside of a pipeline: the last one into `*out`, to be cleared, or
 * the first failure. Errors as pg_await(), and what the database says.
 */
enum status pg_take_results(struct pg_conn *conn, const char *what, PGresult **out,
			    char error[STORE_ERROR_SIZE]);

/* Does the connection have the statement; from now on it does. */
bool pg_is_prepared(const struct pg_conn *conn, const struct pg_statement *statement);
void pg_note_prepared(struct pg_conn *conn, const struct pg_statement *statement);

/* Sends that it is to be prepared; and that it is to be run, once it is. False: it is lost. */
bool pg_send_prepare(struct pg_conn *conn, const struct pg_statement *statement,
		     const struct pg_params *params);
bool pg_send_query(struct pg_conn *conn, const struct pg_statement *statement,
		   struct pg_params *params);
