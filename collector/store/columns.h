/*
 * The records that the store keeps as rows, column by column: what each is called, which member it
 * holds, and as what. Every engine binds and reads rows by these tables, so a new column is a row
 * here, its member, and a migration. Reports, which come by the thousand, are bound by hand.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/model/record_alert.h"
#include "collector/model/record_identity.h"
#include "collector/model/record_remark.h"
#include "collector/model/record_report.h"
#include "collector/model/record_trend.h"
#include "collector/store/store.h"
#include "proto/base/buffer.h"
#include "proto/base/status.h"

/* What a column holds, and what the member is. */
enum store_column_kind {
	STORE_COLUMN_TEXT,         /* const char *; never NULL, not even of a damaged row */
	STORE_COLUMN_TEXT_OR_NULL, /* const char * */
	STORE_COLUMN_NUMBER,       /* int64_t */
	STORE_COLUMN_SERIAL,       /* int64_t that the database gives: NULL when written */
	STORE_COLUMN_TIME,         /* int64_t, milliseconds; NULL stands for TIMESTAMP_NONE */
	STORE_COLUMN_SWITCH,       /* bool: 0 or 1 */
	STORE_COLUMN_CHOICE,    /* an enumeration from `first` to `last`; else the row is damaged */
	STORE_COLUMN_CONDITION, /* enum condition by its name; likewise */
	STORE_COLUMN_CONDITIONS, /* unsigned, a set of them: condition_set_text() */
	STORE_COLUMN_HASH,       /* SECRET_HASH_SIZE bytes; zeros where there are not so many */
};

struct store_column {
	const char *name;
	size_t offset;
	enum store_column_kind kind;
	int first, last;
	bool is_indexed; /* in an index: what changes it changes that, too */
};

struct store_table {
	const char *name; /* in the database */
	const char *noun; /* what a row is, for errors */
	const struct store_column *columns;
	size_t n_columns;
};

extern const struct store_table store_alerts;
extern const struct store_table store_audits;
extern const struct store_table store_bookmarks;
extern const struct store_table store_deliveries; /* without body and `about` */
extern const struct store_table store_expected;
extern const struct store_table store_hooks;
extern const struct store_table store_identities;
extern const struct store_table store_remarks;
extern const struct store_table store_removals;
extern const struct store_table store_silences;
extern const struct store_table store_summaries;
extern const struct store_table store_trends;

/* Room for a row of any of them. */
union store_record {
	struct record_alert alert;
	struct record_audit audit;
	struct record_bookmark bookmark;
	struct record_delivery delivery;
	struct record_expected expected;
	struct record_hook hook;
	struct record_identity identity;
	struct record_remark remark;
	struct record_removal removal;
	struct record_silence silence;
	struct record_summary summary;
	struct record_trend trend;
};

/* What a column is in a database. */
enum store_type {
	STORE_TYPE_NUMBER,
	STORE_TYPE_SWITCH, /* a number, 0 or 1, where there is no such type */
	STORE_TYPE_TEXT,
	STORE_TYPE_BYTES,
};
enum store_type store_column_type(const struct store_column *column);

/* A value of a column; a text ends with a NUL, bytes have a size. */
struct store_value {
	bool is_null;
	int64_t number; /* of a switch, too */
	const char *text;
	size_t size;
};

/* What a record has in a column, borrowed from it; a set of conditions is written into `words`. */
struct store_value store_column_get(const struct store_column *column, const void *record,
				    char words[CONDITION_SET_TEXT_SIZE]);

/*
 * Gives a record what a row has in the column number `i`; a text is borrowed. `place` names the
 * database.
 *
 * STATUS_MALFORMED  it is damaged: a number or a word stands for nothing that we know
 */
enum status store_column_set(const struct store_table *table, size_t i,
			     const struct store_value *value, void *record, const char *place,
			     char error[STORE_ERROR_SIZE]);

/*
 * Writes a statement whose text names tables: for each "@alert" `add` adds what that stands for.
 * Between "@" and the name there may be one character of `hows`; else it is told NUL.
 */
typedef void store_add_columns(struct buffer *out, const struct store_table *table, char how);
void store_columns_write(struct buffer *out, const char *sql, const char *hows,
			 store_add_columns *add);
