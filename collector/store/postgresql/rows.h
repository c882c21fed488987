/*
 * Records of collector/store/columns.h as parameters of statements and as rows of results, and what
 * else is read from a result. The names of tables and columns are those that SQLite's have, too.
 *
 * In the text of a statement stands for
 *
 *	@alert    the columns: "id, state, ..."
 *	@+alert   those that are written, without what the database gives
 *	@?alert   as many parameters, arrays, as rows with the column `place`, the number in the arrays
 *	@=alert   "state = EXCLUDED.state, ..."
 */
#pragma once

#include <libpq-fe.h>

#include "collector/store/columns.h"
#include "collector/store/pack.h"
#include "collector/store/postgresql/params.h"
#include "proto/base/buffer.h"

void pg_write_columns(struct buffer *out, const char *sql);

/* As many parameters as the columns of `table` that are written, arrays without rows. */
void pg_add_table(struct pg_params *params, const struct store_table *table);

/* Another row of them; they are the parameters from `first` on. */
void pg_append_record(struct pg_params *params, size_t first, const struct store_table *table,
		      const void *record);

/* Values of a result, borrowed from it. Numbers are of 1, 2, 4 or 8 bytes; 0 and "" where NULL. */
int64_t pg_number(const PGresult *result, int row, int column);
const char *pg_text(const PGresult *result, int row, int column);
const char *pg_text_or_null(const PGresult *result, int row, int column);
struct store_bytes pg_bytes(const PGresult *result, int row, int column);

/* The record of a row, whose first columns it is; borrowed. Errors as store_column_set(). */
enum status pg_get_record(const PGresult *result, int row, const struct store_table *table,
			  union store_record *out, const char *place, char error[STORE_ERROR_SIZE]);
