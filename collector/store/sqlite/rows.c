/* Records as rows, by the tables of collector/store/columns.h. */
#include "collector/store/sqlite/internal.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* SQLite copies what is made here; of the record it borrows. */
static bool bind_column(sqlite3_stmt *put, int at, const struct store_column *column,
			const void *record)
{
	const void *member = (const char *)record + column->offset;
	char words[CONDITION_SET_TEXT_SIZE];

	switch (column->kind) {
	case STORE_COLUMN_TEXT:
	case STORE_COLUMN_TEXT_OR_NULL:
		return store_db_bind_text(put, at, *(const char *const *)member);
	case STORE_COLUMN_NUMBER:
		return store_db_bind_number(put, at, *(const int64_t *)member);
	case STORE_COLUMN_SERIAL:
		return sqlite3_bind_null(put, at) == SQLITE_OK;
	case STORE_COLUMN_TIME:
		return store_db_bind_time(put, at, *(const int64_t *)member);
	case STORE_COLUMN_SWITCH:
		return store_db_bind_number(put, at, *(const bool *)member);
	case STORE_COLUMN_CHOICE:
		return store_db_bind_number(put, at, *(const int *)member);
	case STORE_COLUMN_CONDITION:
		return store_db_bind_text(put, at, condition_name(*(const enum condition *)member));
	case STORE_COLUMN_CONDITIONS:
		return sqlite3_bind_text(put, at,
					 condition_set_text(*(const unsigned *)member, words), -1,
					 SQLITE_TRANSIENT) == SQLITE_OK;
	case STORE_COLUMN_HASH:
		return sqlite3_bind_blob(put, at, member, SECRET_HASH_SIZE, SQLITE_STATIC) ==
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

static enum status get_choice(const struct store_db *db, sqlite3_stmt *row, int i,
			      const struct store_table *table, int *out,
			      char error[STORE_ERROR_SIZE])
{
	const struct store_column *column = &table->columns[i];
	int64_t number = sqlite3_column_int64(row, i);

	if (number >= column->first && number <= column->last) {
		*out = (int)number;
		return STATUS_OK;
	}
	snprintf(error, STORE_ERROR_SIZE, "'%s' is damaged: the %s %s %" PRId64 ", which is none",
		 db->path, table->noun, column->name, number);
	return STATUS_MALFORMED;
}

static enum status get_condition(const struct store_db *db, sqlite3_stmt *row, int i,
				 const struct store_table *table, enum condition *out,
				 char error[STORE_ERROR_SIZE])
{
	const char *name = store_db_text(row, i);

	if (condition_from_name(name, out))
		return STATUS_OK;
	snprintf(error, STORE_ERROR_SIZE,
		 "'%s' holds an %s of the condition '%.60s', which nobody knows", db->path,
		 table->noun, name);
	return STATUS_MALFORMED;
}

static enum status get_column(const struct store_db *db, sqlite3_stmt *row, int i,
			      const struct store_table *table, void *member,
			      char error[STORE_ERROR_SIZE])
{
	switch (table->columns[i].kind) {
	case STORE_COLUMN_TEXT:
		*(const char **)member = store_db_text(row, i);
		return STATUS_OK;
	case STORE_COLUMN_TEXT_OR_NULL:
		*(const char **)member = store_db_text_or_null(row, i);
		return STATUS_OK;
	case STORE_COLUMN_NUMBER:
	case STORE_COLUMN_SERIAL:
		*(int64_t *)member = sqlite3_column_int64(row, i);
		return STATUS_OK;
	case STORE_COLUMN_TIME:
		*(int64_t *)member = store_db_time(row, i);
		return STATUS_OK;
	case STORE_COLUMN_SWITCH:
		*(bool *)member = sqlite3_column_int(row, i) != 0;
		return STATUS_OK;
	case STORE_COLUMN_CHOICE:
		return get_choice(db, row, i, table, member, error);
	case STORE_COLUMN_CONDITION:
		return get_condition(db, row, i, table, member, error);
	case STORE_COLUMN_CONDITIONS:
		*(unsigned *)member = condition_set_from_text(store_db_text(row, i));
		return STATUS_OK;
	case STORE_COLUMN_HASH:
		if (sqlite3_column_bytes(row, i) == SECRET_HASH_SIZE)
			memcpy(member, sqlite3_column_blob(row, i), SECRET_HASH_SIZE);
		return STATUS_OK;
	}
	return STATUS_OK;
}

enum status store_db_get(const struct store_db *db, sqlite3_stmt *row,
			 const struct store_table *table, union store_record *out,
			 char error[STORE_ERROR_SIZE])
{
	enum status status = STATUS_OK;

	memset(out, 0, sizeof *out);
	for (size_t i = 0; status == STATUS_OK && i < table->n_columns; i++)
		status = get_column(db, row, (int)i, table, (char *)out + table->columns[i].offset,
				    error);
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

/* "id, name, made_at_ms", or "?1, ?2, ?3". */
static void add_columns(struct buffer *out, const struct store_table *table, bool as_parameters)
{
	for (size_t i = 0; i < table->n_columns; i++) {
		buffer_add_text(out, i == 0 ? "" : ", ");
		if (as_parameters)
			buffer_printf(out, "?%zu", i + 1);
		else
			buffer_add_text(out, table->columns[i].name);
	}
}

void store_db_write_columns(struct buffer *out, const char *sql)
{
	const char *at = NULL;

	for (; (at = strchr(sql, '@')) != NULL; sql = at) {
		buffer_add(out, sql, (size_t)(at - sql));
		bool as_parameters = at[1] == '?';
		at += as_parameters ? 2 : 1;
		size_t n = strspn(at, "abcdefghijklmnopqrstuvwxyz");
		const struct store_table *table = store_table_find(at, n);
		assert(table);
		add_columns(out, table, as_parameters);
		at += n;
	}
	buffer_add_text(out, sql);
}
