/*
 * Statements, one at a time: sent over a connection, which is made where there is none, and waited
 * for. Errors are told as conn.h has it.
 */
#pragma once

#include <libpq-fe.h>

#include "collector/store/postgresql/conn.h"
#include "collector/store/postgresql/params.h"

/* A statement of ours, prepared when a connection first needs it. */
struct pg_statement {
	const char *name; /* no two are alike */
	const char *what; /* completes "could not ..." */
	const char *sql;  /* with "@alert" and the like: rows.h */
};

/*
 * Runs a statement and gives its result, to be passed to PQclear(); values are binary. `params`
 * NULL: it has none; they are cleared. Where the connection was lost before, it is made anew,
 * unless that would leave a transaction behind.
 *
 * STATUS_UNREACHABLE, STATUS_TIMED_OUT  lost; and what the database says (results.c)
 */
enum status pg_run(struct pg_conn *conn, const struct pg_statement *statement,
		   struct pg_params *params, PGresult **out, char error[STORE_ERROR_SIZE]);

/*
 * The same of a statement with many rows: each is given to `row` as it comes, in a result of its
 * own, while the server sends the next ones. Where `row` does not want more the connection is ended.
 */
typedef enum status pg_each_row(void *user, const PGresult *row, char error[STORE_ERROR_SIZE]);
enum status pg_run_rows(struct pg_conn *conn, const struct pg_statement *statement,
			pg_each_row *row, void *user, char error[STORE_ERROR_SIZE]);

/* Runs several statements, parted by semicolons, without parameters and results. */
enum status pg_script(struct pg_conn *conn, const char *sql, const char *what,
		      char error[STORE_ERROR_SIZE]);
