/*
 * The tables in the database, and whose they are. Version 1 is the first; a later one brings the
 * steps from one to the next, to be taken by whoever has the lease.
 */
#pragma once

#include "collector/store/postgresql/conn.h"

/*
 * Looks whether there is a store of a version that we know.
 *
 * STATUS_NOT_FOUND    there is none
 * STATUS_UNSUPPORTED  written by a newer version
 * STATUS_TRUNCATED    a backup is being restored into it, or that was cut off
 */
enum status pg_schema_look(struct pg_conn *conn, char error[STORE_ERROR_SIZE]);

/*
 * Hides it, while a backup is being restored into it: whoever looks gets STATUS_TRUNCATED; shows it
 * when it is complete; or drops it.
 */
enum status pg_schema_hide(struct pg_conn *conn, char error[STORE_ERROR_SIZE]);
enum status pg_schema_show(struct pg_conn *conn, char error[STORE_ERROR_SIZE]);
enum status pg_schema_drop(struct pg_conn *conn, char error[STORE_ERROR_SIZE]);

/* Makes it, whole or not at all, where there is none. */
enum status pg_schema_make(struct pg_conn *conn, char error[STORE_ERROR_SIZE]);
