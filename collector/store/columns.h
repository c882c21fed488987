/*
 * The records that the store keeps as rows, column by column: what each is called, which member it
 * holds, and as what. Every engine binds and reads rows by these tables, so a new column is a row
 * here, its member, and a migration. Reports, which come by the thousand, are bound by hand.
 */
#pragma once

#include <stddef.h>

#include "collector/model/record_alert.h"
#include "collector/model/record_identity.h"
#include "collector/model/record_report.h"

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
	enum store_column_kind kind;
	size_t offset;
	int first, last;
};

struct store_table {
	const char *name; /* in the database */
	const char *noun; /* what a row is, for errors */
	const struct store_column *columns;
	size_t n_columns;
};

extern const struct store_table store_alerts;
extern const struct store_table store_audits;
extern const struct store_table store_deliveries; /* without body and `about` */
extern const struct store_table store_expected;
extern const struct store_table store_hooks;
extern const struct store_table store_identities;
extern const struct store_table store_removals;
extern const struct store_table store_silences;
extern const struct store_table store_summaries;

/* Room for a row of any of them. */
union store_record {
	struct record_alert alert;
	struct record_audit audit;
	struct record_delivery delivery;
	struct record_expected expected;
	struct record_hook hook;
	struct record_identity identity;
	struct record_removal removal;
	struct record_silence silence;
	struct record_summary summary;
};

/* The table whose name has these `n` bytes, or NULL. */
const struct store_table *store_table_find(const char *name, size_t n);
