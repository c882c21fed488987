#include "collector/store/columns.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/count.h"
#include "proto/base/timestamp.h"

#define COLUMN(column, what, type, member, ...)                                                    \
	{                                                                                          \
		.name = #column, .kind = STORE_COLUMN_##what,                                      \
		.offset = offsetof(struct record_##type, member), __VA_ARGS__                      \
	}
#define TEXT(type, member)   COLUMN(member, TEXT, type, member)
#define NUMBER(type, member) COLUMN(member, NUMBER, type, member)
#define TIME(type, member)   COLUMN(member, TIME, type, member)
#define INDEXED              .is_indexed = true
#define CHOICE(type, member, least, most)                                                          \
	COLUMN(member, CHOICE, type, member, .first = (least), .last = (most))

static const struct store_column alert_columns[] = {
	COLUMN(id, NUMBER, alert, id, INDEXED),
	COLUMN(state, CHOICE, alert, state, .first = RECORD_ALERT_PENDING,
	       .last = RECORD_ALERT_RESOLVED, INDEXED),
	COLUMN(notified, CHOICE, alert, notified, .first = RECORD_NOTIFIED_NOTHING,
	       .last = RECORD_NOTIFIED_RESOLVED, INDEXED),
	COLUMN(flapping, SWITCH, alert, flapping),
	NUMBER(alert, event),
	TEXT(alert, key),
	TEXT(alert, server),
	TEXT(alert, organization),
	TEXT(alert, site),
	TEXT(alert, cause),
	TEXT(alert, verdict),
	TEXT(alert, reason),
	TEXT(alert, text),
	TEXT(alert, now_text),
	TEXT(alert, remedy),
	TEXT(alert, options),
	TEXT(alert, adapter),
	TEXT(alert, clocks),
	TEXT(alert, acknowledged_by),
	TEXT(alert, comment),
	TEXT(alert, acknowledgements),
	COLUMN(condition, CONDITION, alert, condition, INDEXED),
	COLUMN(opened, CONDITION, alert, opened),
	COLUMN(notified_condition, CONDITION, alert, notified_condition),
	COLUMN(acknowledged_condition, CONDITION, alert, acknowledged_condition),
	COLUMN(degrees, CONDITIONS, alert, degrees),
	COLUMN(notified_degrees, CONDITIONS, alert, notified_degrees),
	TIME(alert, since_ms),
	TIME(alert, gone_ms),
	TIME(alert, fired_ms),
	TIME(alert, resolved_ms),
	TIME(alert, event_ms),
	TIME(alert, notified_ms),
	TIME(alert, acknowledged_ms),
	TIME(alert, acknowledged_until_ms),
	TIME(alert, notified_acknowledged_ms),
};

static const struct store_column audit_columns[] = {
	COLUMN(id, SERIAL, audit, id),
	NUMBER(audit, at_ms),
	TEXT(audit, who),
	TEXT(audit, origin),
	TEXT(audit, action),
	CHOICE(audit, kind, RECORD_KIND_NONE, RECORD_KIND_SITE),
	TEXT(audit, object),
	COLUMN(object_id, TEXT_OR_NULL, audit, object_id),
};

static const struct store_column bookmark_columns[] = {
	TEXT(bookmark, person),
	TEXT(bookmark, name),
	TEXT(bookmark, query),
	NUMBER(bookmark, made_ms),
};

static const struct store_column delivery_columns[] = {
	NUMBER(delivery, id),
	TEXT(delivery, hook),
	TEXT(delivery, lane),
	CHOICE(delivery, state, RECORD_DELIVERY_WAITING, RECORD_DELIVERY_DEAD),
	NUMBER(delivery, made_ms),
	NUMBER(delivery, next_ms),
	TIME(delivery, ended_ms),
	NUMBER(delivery, attempts),
	TEXT(delivery, result),
};

static const struct store_column expected_columns[] = {
	TEXT(expected, key),  TEXT(expected, server),     TEXT(expected, organization),
	TEXT(expected, site), NUMBER(expected, since_ms),
};

static const struct store_column hook_columns[] = {
	TEXT(hook, name),
	COLUMN(disabled, SWITCH, hook, disabled),
	NUMBER(hook, since_ms),
};

static const struct store_column identity_columns[] = {
	CHOICE(identity, kind, RECORD_KIND_AGENT, RECORD_KIND_SESSION),
	TEXT(identity, name),
	COLUMN(id, TEXT_OR_NULL, identity, id),
	COLUMN(hash, HASH, identity, hash),
	CHOICE(identity, role, ROLE_NONE, ROLE_ADMIN),
	TEXT(identity, made_by),
	NUMBER(identity, made_at_ms),
	NUMBER(identity, expires_at_ms),
};

static const struct store_column remark_columns[] = {
	TEXT(remark, subject),  TEXT(remark, owner), TEXT(remark, owner_by),
	TIME(remark, owner_ms), TEXT(remark, note),  TEXT(remark, note_by),
	TIME(remark, note_ms),
};

static const struct store_column removal_columns[] = {
	TEXT(removal, key),     TEXT(removal, server),
	NUMBER(removal, at_ms), COLUMN(made_by, TEXT, removal, by),
	TEXT(removal, reason),
};

static const struct store_column silence_columns[] = {
	NUMBER(silence, id),
	TEXT(silence, server),
	TEXT(silence, organization),
	TEXT(silence, site),
	TEXT(silence, condition),
	TEXT(silence, comment),
	COLUMN(made_by, TEXT, silence, by),
	NUMBER(silence, starts_ms),
	NUMBER(silence, ends_ms),
};

static const struct store_column summary_columns[] = {
	TEXT(summary, hook),
	CHOICE(summary, kind, RECORD_SUMMARY_NONE, RECORD_SUMMARY_DIGEST),
	NUMBER(summary, held),
	NUMBER(summary, opened),
	NUMBER(summary, resolved),
	NUMBER(summary, report_opened),
	NUMBER(summary, report_resolved),
	TIME(summary, since_ms),
	TIME(summary, due_ms),
	TIME(summary, storm_ms),
	TIME(summary, calm_ms),
	TIME(summary, reported_ms),
};

static const struct store_column trend_columns[] = {
	TEXT(trend, area),    NUMBER(trend, at_ms),
#define X(symbol, verdict, word, meaning)                                                          \
	{ .name = (verdict),                                                                       \
	  .kind = STORE_COLUMN_NUMBER,                                                             \
	  .offset = offsetof(struct record_trend, by_verdict[VERDICT_##symbol]) },
#include "proto/exposure/verdicts.def"
#undef X
	NUMBER(trend, total), NUMBER(trend, not_monitored), NUMBER(trend, silent),
};

#define TABLE(variable, name, noun)                                                                \
	const struct store_table variable = { #name, noun, name##_columns, COUNT(name##_columns) };

TABLE(store_alerts, alert, "alert")
TABLE(store_audits, audit, "audit row")
TABLE(store_bookmarks, bookmark, "bookmark")
TABLE(store_deliveries, delivery, "notification")
TABLE(store_expected, expected, "expected server")
TABLE(store_hooks, hook, "hook")
TABLE(store_identities, identity, "identity")
TABLE(store_remarks, remark, "owner or note")
TABLE(store_removals, removal, "removal")
TABLE(store_silences, silence, "silence")
TABLE(store_summaries, summary, "summary")
TABLE(store_trends, trend, "row of the trend")

/* The table whose name has these `n` bytes, or NULL. */
static const struct store_table *find_table(const char *name, size_t n)
{
	static const struct store_table *const all[] = {
		&store_alerts,
		&store_audits,
		&store_bookmarks,
		&store_deliveries,
		&store_expected,
		&store_hooks,
		&store_identities,
		&store_remarks,
		&store_removals,
		&store_silences,
		&store_summaries,
		&store_trends,
		NULL,
	};

	for (const struct store_table *const *table = all; *table; table++) {
		if (strlen((*table)->name) == n && memcmp((*table)->name, name, n) == 0)
			return *table;
	}
	return NULL;
}

enum store_type store_column_type(const struct store_column *column)
{
	switch (column->kind) {
	case STORE_COLUMN_TEXT:
	case STORE_COLUMN_TEXT_OR_NULL:
	case STORE_COLUMN_CONDITION:
	case STORE_COLUMN_CONDITIONS:
		return STORE_TYPE_TEXT;
	case STORE_COLUMN_SWITCH:
		return STORE_TYPE_SWITCH;
	case STORE_COLUMN_HASH:
		return STORE_TYPE_BYTES;
	case STORE_COLUMN_NUMBER:
	case STORE_COLUMN_SERIAL:
	case STORE_COLUMN_TIME:
	case STORE_COLUMN_CHOICE:
		break;
	}
	return STORE_TYPE_NUMBER;
}

static struct store_value text_value(const char *text)
{
	return (struct store_value){ .is_null = !text, .text = text };
}

static struct store_value number_value(int64_t number)
{
	return (struct store_value){ .number = number };
}

struct store_value store_column_get(const struct store_column *column, const void *record,
				    char words[CONDITION_SET_TEXT_SIZE])
{
	const void *member = (const char *)record + column->offset;

	switch (column->kind) {
	case STORE_COLUMN_TEXT:
	case STORE_COLUMN_TEXT_OR_NULL:
		return text_value(*(const char *const *)member);
	case STORE_COLUMN_NUMBER:
		return number_value(*(const int64_t *)member);
	case STORE_COLUMN_TIME:
		return *(const int64_t *)member == TIMESTAMP_NONE
			       ? (struct store_value){ .is_null = true }
			       : number_value(*(const int64_t *)member);
	case STORE_COLUMN_SWITCH:
		return number_value(*(const bool *)member);
	case STORE_COLUMN_CHOICE:
		return number_value(*(const int *)member);
	case STORE_COLUMN_CONDITION:
		return text_value(condition_name(*(const enum condition *)member));
	case STORE_COLUMN_CONDITIONS:
		return text_value(condition_set_text(*(const unsigned *)member, words));
	case STORE_COLUMN_HASH:
		return (struct store_value){ .text = member, .size = SECRET_HASH_SIZE };
	case STORE_COLUMN_SERIAL:
		break;
	}
	return (struct store_value){ .is_null = true };
}

static enum status set_choice(const struct store_table *table, size_t i, int64_t number, int *out,
			      const char *place, char error[STORE_ERROR_SIZE])
{
	const struct store_column *column = &table->columns[i];

	if (number >= column->first && number <= column->last) {
		*out = (int)number;
		return STATUS_OK;
	}
	snprintf(error, STORE_ERROR_SIZE, "'%s' is damaged: the %s %s %" PRId64 ", which is none",
		 place, table->noun, column->name, number);
	return STATUS_MALFORMED;
}

static enum status set_condition(const struct store_table *table, const char *name,
				 enum condition *out, const char *place,
				 char error[STORE_ERROR_SIZE])
{
	if (condition_from_name(name, out))
		return STATUS_OK;
	snprintf(error, STORE_ERROR_SIZE,
		 "'%s' holds an %s of the condition '%.60s', which nobody knows", place,
		 table->noun, name);
	return STATUS_MALFORMED;
}

enum status store_column_set(const struct store_table *table, size_t i,
			     const struct store_value *value, void *record, const char *place,
			     char error[STORE_ERROR_SIZE])
{
	void *member = (char *)record + table->columns[i].offset;
	const char *text = value->text ? value->text : "";

	switch (table->columns[i].kind) {
	case STORE_COLUMN_TEXT:
		*(const char **)member = text;
		return STATUS_OK;
	case STORE_COLUMN_TEXT_OR_NULL:
		*(const char **)member = value->text;
		return STATUS_OK;
	case STORE_COLUMN_NUMBER:
	case STORE_COLUMN_SERIAL:
		*(int64_t *)member = value->number;
		return STATUS_OK;
	case STORE_COLUMN_TIME:
		*(int64_t *)member = value->is_null ? TIMESTAMP_NONE : value->number;
		return STATUS_OK;
	case STORE_COLUMN_SWITCH:
		*(bool *)member = value->number != 0;
		return STATUS_OK;
	case STORE_COLUMN_CHOICE:
		return set_choice(table, i, value->number, member, place, error);
	case STORE_COLUMN_CONDITION:
		return set_condition(table, text, member, place, error);
	case STORE_COLUMN_CONDITIONS:
		*(unsigned *)member = condition_set_from_text(text);
		return STATUS_OK;
	case STORE_COLUMN_HASH:
		if (value->text && value->size == SECRET_HASH_SIZE)
			memcpy(member, value->text, SECRET_HASH_SIZE);
		return STATUS_OK;
	}
	return STATUS_OK;
}

void store_columns_write(struct buffer *out, const char *sql, const char *hows,
			 store_add_columns *add)
{
	const char *at = NULL;

	for (; (at = strchr(sql, '@')) != NULL; sql = at) {
		buffer_add(out, sql, (size_t)(at - sql));
		char how = strchr(hows, at[1]) ? at[1] : '\0';
		at += how ? 2 : 1;
		size_t n = strspn(at, "abcdefghijklmnopqrstuvwxyz");
		const struct store_table *table = find_table(at, n);
		assert(table);
		add(out, table, how);
		at += n;
	}
	buffer_add_text(out, sql);
}
