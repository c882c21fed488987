#include "collector/store/postgresql/rows.h"

#include <string.h>

#define HOWS "+?="

static const char *type_name(const struct store_column *column)
{
	switch (store_column_type(column)) {
	case STORE_TYPE_NUMBER:
		return "bigint";
	case STORE_TYPE_SWITCH:
		return "boolean";
	case STORE_TYPE_TEXT:
		return "text";
	case STORE_TYPE_BYTES:
		return "bytea";
	}
	return "";
}

static enum pg_type type_of(const struct store_column *column)
{
	switch (store_column_type(column)) {
	case STORE_TYPE_NUMBER:
		return PG_INT8;
	case STORE_TYPE_SWITCH:
		return PG_BOOL;
	case STORE_TYPE_BYTES:
		return PG_BYTEA;
	case STORE_TYPE_TEXT:
		break;
	}
	return PG_TEXT;
}

static bool is_written(const struct store_column *column)
{
	return column->kind != STORE_COLUMN_SERIAL;
}

static void add_names(struct buffer *out, const struct store_table *table, char how)
{
	const char *before = "";

	for (size_t i = 0; i < table->n_columns; i++) {
		const char *name = table->columns[i].name;
		if (how && !is_written(&table->columns[i]))
			continue;
		buffer_add_text(out, before);
		if (how == '=')
			buffer_printf(out, "%s = EXCLUDED.%s", name, name);
		else
			buffer_add_text(out, name);
		before = ", ";
	}
}

/* Statements of two tables number their parameters on: those that are there are counted. */
static int count_parameters(const struct buffer *sql)
{
	int n = 0;

	for (size_t i = 0; i < sql->size; i++)
		n += sql->bytes[i] == '$';
	return n;
}

static void add_rows(struct buffer *out, const struct store_table *table)
{
	int n = count_parameters(out);
	const char *before = "unnest(";

	for (size_t i = 0; i < table->n_columns; i++) {
		if (!is_written(&table->columns[i]))
			continue;
		buffer_printf(out, "%s$%d::%s[]", before, ++n, type_name(&table->columns[i]));
		before = ", ";
	}
	buffer_printf(out, ") WITH ORDINALITY AS new_%s (", table->name);
	add_names(out, table, '+');
	buffer_add_text(out, ", place)");
}

static void add_columns(struct buffer *out, const struct store_table *table, char how)
{
	if (how == '?')
		add_rows(out, table);
	else
		add_names(out, table, how);
}

void pg_write_columns(struct buffer *out, const char *sql)
{
	store_columns_write(out, sql, HOWS, add_columns);
}

void pg_add_table(struct pg_params *params, const struct store_table *table)
{
	for (size_t i = 0; i < table->n_columns; i++) {
		if (is_written(&table->columns[i]))
			pg_add_array(params, type_of(&table->columns[i]));
	}
}

static void append(struct pg_params *params, size_t i, const struct store_column *column,
		   const void *record)
{
	char words[CONDITION_SET_TEXT_SIZE];
	struct store_value value = store_column_get(column, record, words);

	if (value.is_null) {
		pg_append_null(params, i);
		return;
	}
	switch (store_column_type(column)) {
	case STORE_TYPE_NUMBER:
		pg_append_number(params, i, value.number);
		break;
	case STORE_TYPE_SWITCH:
		pg_append_switch(params, i, value.number != 0);
		break;
	case STORE_TYPE_TEXT:
		pg_append_text(params, i, value.text);
		break;
	case STORE_TYPE_BYTES:
		pg_append_bytes(params, i, value.text, value.size);
		break;
	}
}

void pg_append_record(struct pg_params *params, size_t first, const struct store_table *table,
		      const void *record)
{
	for (size_t i = 0; i < table->n_columns; i++) {
		if (is_written(&table->columns[i]))
			append(params, first++, &table->columns[i], record);
	}
}

int64_t pg_number(const PGresult *result, int row, int column)
{
	const unsigned char *at = (const unsigned char *)PQgetvalue(result, row, column);
	int size = PQgetlength(result, row, column);
	uint64_t value = size > 0 && at[0] & 0x80 ? UINT64_MAX : 0;

	for (int i = 0; i < size; i++)
		value = value << 8 | at[i];
	return (int64_t)value;
}

const char *pg_text_or_null(const PGresult *result, int row, int column)
{
	return PQgetisnull(result, row, column) ? NULL : PQgetvalue(result, row, column);
}

const char *pg_text(const PGresult *result, int row, int column)
{
	return PQgetvalue(result, row, column); /* "" where it is NULL */
}

struct store_bytes pg_bytes(const PGresult *result, int row, int column)
{
	return (struct store_bytes){ PQgetvalue(result, row, column),
				     (size_t)PQgetlength(result, row, column) };
}

static struct store_value value_of(const PGresult *result, int row, int i, enum store_type type)
{
	struct store_value value = { .is_null = PQgetisnull(result, row, i) != 0 };

	if (type == STORE_TYPE_NUMBER || type == STORE_TYPE_SWITCH) {
		value.number = pg_number(result, row, i);
	} else {
		value.text = pg_text_or_null(result, row, i);
		value.size = (size_t)PQgetlength(result, row, i);
	}
	return value;
}

enum status pg_get_record(const PGresult *result, int row, const struct store_table *table,
			  union store_record *out, const char *place, char error[STORE_ERROR_SIZE])
{
	enum status status = STATUS_OK;

	memset(out, 0, sizeof *out);
	for (size_t i = 0; status == STATUS_OK && i < table->n_columns; i++) {
		struct store_value value =
			value_of(result, row, (int)i, store_column_type(&table->columns[i]));
		status = store_column_set(table, i, &value, out, place, error);
	}
	return status;
}
