/* Records as rows, by the tables of collector/store/columns.h. */
#include "collector/store/sqlite/internal.h"

#include <string.h>

/* SQLite copies what is made here; of the record it borrows. */
static bool bind_column(sqlite3_stmt *put, int at, const struct store_column *column,
			const void *record)
{
	char words[CONDITION_SET_TEXT_SIZE];
	struct store_value value = store_column_get(column, record, words);

	if (value.is_null)
		return sqlite3_bind_null(put, at) == SQLITE_OK;
	switch (store_column_type(column)) {
	case STORE_TYPE_NUMBER:
	case STORE_TYPE_SWITCH:
		return store_db_bind_number(put, at, value.number);
	case STORE_TYPE_TEXT:
		return sqlite3_bind_text(put, at, value.text, -1,
					 value.text == words ? SQLITE_TRANSIENT : SQLITE_STATIC) ==
		       SQLITE_OK;
	case STORE_TYPE_BYTES:
		return sqlite3_bind_blob64(put, at, value.text, value.size, SQLITE_STATIC) ==
		       SQLITE_OK;
	}
	return false;
}

enum status store_db_put(struct store_db *db, enum store_statement which,
			 const struct store_table *table, const void *record, const char *what,
			 char error[STORE_ERROR_SIZE])
{
	sqlite3_stmt *put = store_db_statement(db, which);
	bool bound = put != NULL;

	for (size_t i = 0; bound && i < table->n_columns; i++)
		bound = bind_column(put, (int)i + 1, &table->columns[i], record);
	return store_db_run(db, bound ? put : NULL, what, error);
}

static struct store_value value_of(sqlite3_stmt *row, int i, enum store_type type)
{
	struct store_value value = { .is_null = sqlite3_column_type(row, i) == SQLITE_NULL };

	switch (type) {
	case STORE_TYPE_NUMBER:
	case STORE_TYPE_SWITCH:
		value.number = sqlite3_column_int64(row, i);
		break;
	case STORE_TYPE_TEXT:
		value.text = store_db_text_or_null(row, i);
		break;
	case STORE_TYPE_BYTES:
		value.text = sqlite3_column_blob(row, i);
		value.size = (size_t)sqlite3_column_bytes(row, i);
		break;
	}
	return value;
}

enum status store_db_get(const struct store_db *db, sqlite3_stmt *row,
			 const struct store_table *table, union store_record *out,
			 char error[STORE_ERROR_SIZE])
{
	enum status status = STATUS_OK;

	memset(out, 0, sizeof *out);
	for (size_t i = 0; status == STATUS_OK && i < table->n_columns; i++) {
		struct store_value value =
			value_of(row, (int)i, store_column_type(&table->columns[i]));
		status = store_column_set(table, i, &value, out, db->path, error);
	}
	return status;
}

/* A list of rows on its way to whoever reads it. */
struct reading {
	const struct store_db *db;
	const struct store_table *table;
	struct store_reader *reader;
	char *error;
};

static enum status visit(sqlite3_stmt *row, void *user)
{
	const struct reading *reading = user;
	union store_record record;
	enum status status =
		store_db_get(reading->db, row, reading->table, &record, reading->error);

	reading->reader->n++;
	return status == STATUS_OK ? reading->reader->give(row, &record, reading->reader) : status;
}

enum status store_db_rows(struct store_db *db, sqlite3_stmt *list, const struct store_table *table,
			  const char *what, struct store_reader *reader,
			  char error[STORE_ERROR_SIZE])
{
	struct reading reading = { db, table, reader, error };

	return store_db_list(db, list, what, visit, &reading, error);
}

/* "name = ?2, made_at_ms = ?3" of the columns that are in no index; "id = ?1" of those that are. */
static void add_settings(struct buffer *out, const struct store_table *table, bool indexed)
{
	const char *between = "";

	for (size_t i = 0; i < table->n_columns; i++) {
		if (table->columns[i].is_indexed != indexed)
			continue;
		buffer_printf(out, "%s%s = ?%zu", between, table->columns[i].name, i + 1);
		between = indexed ? " AND " : ", ";
	}
}

/* "id, name, made_at_ms", or "?1, ?2, ?3". */
static void add_columns(struct buffer *out, const struct store_table *table, char how)
{
	if (how == '=' || how == '&') {
		add_settings(out, table, how == '&');
		return;
	}
	for (size_t i = 0; i < table->n_columns; i++) {
		buffer_add_text(out, i == 0 ? "" : ", ");
		if (how)
			buffer_printf(out, "?%zu", i + 1);
		else
			buffer_add_text(out, table->columns[i].name);
	}
}

void store_db_write_columns(struct buffer *out, const char *sql)
{
	store_columns_write(out, sql, "?=&", add_columns);
}
