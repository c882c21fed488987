/*
 * Parameters of a statement in PostgreSQL's binary format, and arrays of them: whole columns of
 * rows that one statement stores by unnest().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/buffer.h"

/* Enough for the widest table, an alert, and an audit row. */
#define PG_MAX_PARAMETERS 48

/* Types by their OIDs (PostgreSQL, src/include/catalog/pg_type.dat). */
enum pg_type {
	PG_BOOL = 16,
	PG_BYTEA = 17,
	PG_INT8 = 20,
	PG_TEXT = 25,
};

/* One value, or the array of so many elements. */
struct pg_parameter {
	unsigned type;     /* its OID */
	const char *value; /* NULL: it is NULL */
	int size;
	char number[8]; /* of one that is a number, as it is sent */
	bool is_array;
	enum pg_type element;
	bool has_null;
	uint32_t n;
	struct buffer elements; /* behind the header of the array */
};

/* A zeroed one is empty. */
struct pg_params {
	size_t n;
	struct pg_parameter at[PG_MAX_PARAMETERS];
};

/* Frees them; it is empty then. */
void pg_params_clear(struct pg_params *params);

void pg_add_number(struct pg_params *params, int64_t number);
/* Borrowed until it is sent; NULL is allowed. */
void pg_add_text(struct pg_params *params, const char *text);
/* Another parameter, an empty array. */
void pg_add_array(struct pg_params *params, enum pg_type element);

/* Another element of the parameter `i`, an array; copied. NULL is allowed. */
void pg_append_number(struct pg_params *params, size_t i, int64_t number);
void pg_append_switch(struct pg_params *params, size_t i, bool on);
void pg_append_text(struct pg_params *params, size_t i, const char *text);
void pg_append_bytes(struct pg_params *params, size_t i, const void *bytes, size_t size);
void pg_append_null(struct pg_params *params, size_t i);

/* How many elements its first parameter has, an array; 0: there is none yet. */
size_t pg_params_rows(const struct pg_params *params);

/* Makes the arrays what is sent; nothing is appended any more. */
void pg_params_seal(struct pg_params *params);
