#include "collector/store/columns.h"

#include <string.h>

#include "proto/base/count.h"

#define COLUMN(column, what, type, member, ...)                                                    \
	{                                                                                          \
		.name = #column, .kind = STORE_COLUMN_##what,                                      \
		.offset = offsetof(struct record_##type, member), __VA_ARGS__                      \
	}
#define TEXT(type, member)   COLUMN(member, TEXT, type, member)
#define NUMBER(type, member) COLUMN(member, NUMBER, type, member)
#define TIME(type, member)   COLUMN(member, TIME, type, member)
#define CHOICE(type, member, least, most)                                                          \
	COLUMN(member, CHOICE, type, member, .first = (least), .last = (most))

static const struct store_column alert_columns[] = {
	NUMBER(alert, id),
	CHOICE(alert, state, RECORD_ALERT_PENDING, RECORD_ALERT_RESOLVED),
	CHOICE(alert, notified, RECORD_NOTIFIED_NOTHING, RECORD_NOTIFIED_RESOLVED),
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
	COLUMN(condition, CONDITION, alert, condition),
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
	CHOICE(audit, kind, RECORD_KIND_NONE, RECORD_KIND_ALERT),
	TEXT(audit, object),
	COLUMN(object_id, TEXT_OR_NULL, audit, object_id),
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

#define TABLE(variable, name, noun)                                                                \
	const struct store_table variable = { #name, noun, name##_columns, COUNT(name##_columns) };

TABLE(store_alerts, alert, "alert")
TABLE(store_audits, audit, "audit row")
TABLE(store_deliveries, delivery, "notification")
TABLE(store_expected, expected, "expected server")
TABLE(store_hooks, hook, "hook")
TABLE(store_identities, identity, "identity")
TABLE(store_removals, removal, "removal")
TABLE(store_silences, silence, "silence")
TABLE(store_summaries, summary, "summary")

const struct store_table *store_table_find(const char *name, size_t n)
{
	static const struct store_table *const all[] = {
		&store_alerts,     &store_audits,
		&store_deliveries, &store_expected,
		&store_hooks,      &store_identities,
		&store_removals,   &store_silences,
		&store_summaries,  NULL,
	};

	for (const struct store_table *const *table = all; *table; table++) {
		if (strlen((*table)->name) == n && memcmp((*table)->name, name, n) == 0)
			return *table;
	}
	return NULL;
}
