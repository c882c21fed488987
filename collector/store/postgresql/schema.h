/*
 * The tables in the database, and whose they are. Version 1 is the first; a later one brings the
 * steps from one to the next, to be taken by whoever has the lease.
 */
#pragma once

#include "collector/store/postgresql/conn.h"

/*
 * Looks whether there is a store of this version, or of an older one where that may be.
 *
 * STATUS_NOT_FOUND    there is none
 * STATUS_CONFLICT     of an older version
 * STATUS_UNSUPPORTED  written by a newer version
 * STATUS_TRUNCATED    a backup is being restored into it, or that was cut off
 */
enum status pg_schema_look(struct pg_conn *conn, bool may_be_older, char error[STORE_ERROR_SIZE]);

/*
 * Brings it up to date, whole or not at all; for whoever has the lease of that token, a UUID.
 *
 * STATUS_FENCED  another one has it
 */
enum status pg_schema_update(struct pg_conn *conn, const char *token, char error[STORE_ERROR_SIZE]);

/*
 * Hides it, while a backup is being restored into it: whoever looks gets STATUS_TRUNCATED; shows it
 * when it is complete; or drops it.
 */
enum status pg_schema_hide(struct pg_conn *conn, char error[STORE_ERROR_SIZE]);
enum status pg_schema_show(struct pg_conn *conn, char error[STORE_ERROR_SIZE]);
enum status pg_schema_drop(struct pg_conn *conn, char error[STORE_ERROR_SIZE]);

/* Makes it, whole or not at all, where there is none. */
enum status pg_schema_make(struct pg_conn *conn, char error[STORE_ERROR_SIZE]);
