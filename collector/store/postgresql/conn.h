/*
 * A connection to the database: made when it is needed, with deadlines of its own, for a server
 * that was stopped neither answers nor closes. One thread at a time.
 *
 * Errors are told as "could not WHAT: the database at HOST said: ...", never with a password. After
 * a lost connection or a passed deadline it is closed; whether what was being done then was done
 * nobody knows.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <libpq-fe.h>

#include "collector/base/text_map.h"
#include "collector/store/store.h"
#include "proto/base/arena.h"

/* Milliseconds until a statement has to be answered. */
#define PG_READ_MS 30000

/* How long a statement waits for another's lock. */
#define PG_SET_LOCK_TIMEOUT "SET lock_timeout = '10s'"

struct pg_conn {
	PGconn *handle;      /* NULL: not connected */
	int read_ms;         /* until a statement has to be answered */
	bool stays_lost;     /* it is made anew by pg_conn_renew() alone */
	uint64_t n_connects; /* so often it was made, the last time this handle */
	char *address;
	char *password_file; /* NULL: none */
	bool allow_plain;
	const char *use;          /* "writer": the server's people see it in application_name */
	char *place;              /* for people: "db1:5432/mtawatch" */
	struct text_map prepared; /* names of statements */
	struct arena names;       /* of those that are not ours for ever */
	bool warned;              /* a WARNING came; the next one clears it: pg_pipeline_begin() */
	char warning[200];
	char end[16];        /* of the last pipeline's transaction: "COMMIT" */
	int64_t last_number; /* the first column of its last row */
	bool unsent;         /* something of the pipeline could not be sent */
	const char *
		failed; /* what the last pipeline that failed could not do, if the database says so */
	const char **sent; /* in the pipeline: what each result is of */
	size_t n_sent;
	size_t room;
};

/*
 * Keeps a copy of the location, and connects.
 *
 * STATUS_INVALID      its address is none, or one with a password, or leads over the network to a
 *                     server that proves nothing
 * STATUS_NOT_FOUND    there is no such database
 * STATUS_DENIED       it does not let us in, or the file of the password cannot be read
 * STATUS_REFUSED      it does not keep what it commits
 * STATUS_UNREACHABLE  no server answers, or none that can be written to
 */
enum status pg_conn_open(struct pg_conn *conn, const struct store_location *location,
			 const char *use, char error[STORE_ERROR_SIZE]);

/* Connects again, where it is not connected. */
enum status pg_conn_connect(struct pg_conn *conn, char error[STORE_ERROR_SIZE]);

/*
 * From now on a statement has to be answered within `ms`, and a connection that is lost stays so:
 * its thread has no time.
 */
void pg_conn_hurry(struct pg_conn *conn, int ms);

/* Ends the connection and makes it anew, also one that stays lost. */
enum status pg_conn_renew(struct pg_conn *conn, char error[STORE_ERROR_SIZE]);

/* Another one to where `like` leads; as pg_conn_open(). */
enum status pg_conn_open_alike(struct pg_conn *conn, const struct pg_conn *like,
			       char error[STORE_ERROR_SIZE]);

/* Closes `conn`, which becomes what `from` was; that is a zeroed one then. */
void pg_conn_take(struct pg_conn *conn, struct pg_conn *from);

/* Ends the connection; what is under way is left to the server. */
void pg_conn_disconnect(struct pg_conn *conn);

/* Legal on a zeroed one. */
void pg_conn_close(struct pg_conn *conn);
