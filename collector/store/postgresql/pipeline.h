/*
 * A pipeline: statements that are sent without waiting, and their results at its end. Every call
 * may be made after one that failed; the end tells the first failure, and then the connection is
 * closed. `params` are cleared; NULL: there are none.
 */
#pragma once

#include "collector/store/postgresql/statement.h"

void pg_pipeline_begin(struct pg_conn *conn);
void pg_pipeline_send(struct pg_conn *conn, const struct pg_statement *statement,
		      struct pg_params *params);
/*
 * One of the statements has to be a COMMIT; what comes behind it sees what is so by then.
 *
 * STATUS_OK  it committed, and the server warned of nothing: with a WARNING it may be that no
 *            standby has it, however well the COMMIT looks (PostgreSQL, SyncRepWaitForLSN())
 */
enum status pg_pipeline_commit(struct pg_conn *conn, char error[STORE_ERROR_SIZE]);
