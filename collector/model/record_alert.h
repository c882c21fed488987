/*
 * What the store keeps of alerts, and of what the hooks are told of them, as plain rows (see
 * collector/model/record_report.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/model/condition.h"

/* States of an alert. Stored: never renumbered. */
enum record_alert_state {
	RECORD_ALERT_NONE = 0, /* in no row */
	RECORD_ALERT_PENDING = 1,
	RECORD_ALERT_FIRING = 2,
	RECORD_ALERT_RESOLVED = 3,
};

/* How far the hooks were notified. Stored: never renumbered. */
enum record_alert_notified {
	RECORD_NOTIFIED_NOTHING = 0,
	RECORD_NOTIFIED_FIRING = 1,
	RECORD_NOTIFIED_RESOLVED = 2,
};

/*
 * An alert: one incident of one server, from its beginning to its end, over all its degrees
 * (condition_kind()). Strings are never NULL.
 */
struct record_alert {
	int64_t id;
	const char *key;          /* of the server; "" for a trouble of the collector's own */
	enum condition condition; /* its degree now; of one that is over, the last one */
	enum condition opened;    /* its degree when it fired first */
	unsigned degrees;         /* CONDITION_BIT() of all that it has had since */
	enum record_alert_state state;
	const char *server; /* as it is shown; so with the next two */
	const char *organization;
	const char *site;
	int64_t since_ms; /* since when the condition holds */
	int64_t gone_ms;  /* since when it is gone while it fires still, or TIMESTAMP_NONE */
	int64_t fired_ms; /* when it opened; TIMESTAMP_NONE: not yet; likewise the next one */
	int64_t resolved_ms;
	const char *cause;   /* what alerts are grouped by */
	const char *verdict; /* of the server */
	const char *reason;
	const char *text;
	const char *now_text; /* what is so now, where that is not what `text` says; else "" */
	const char *remedy;
	const char *options; /* the remedy as steps: JSON, notification_write_options() */
	const char *adapter;
	int64_t event;    /* of the server's own log, that shows it; 0: none does */
	int64_t event_ms; /* by the server's clock, or TIMESTAMP_NONE */
	bool flapping;
	const char *clocks; /* of its degrees: alert_clock_write() */
	enum record_alert_notified notified;
	enum condition notified_condition; /* the degree that hooks know, once they know one */
	unsigned notified_degrees;         /* all that they know of */
	int64_t notified_ms; /* when something was sent of it last, or TIMESTAMP_NONE */
	int64_t notified_acknowledged_ms; /* the acknowledgement that hooks know */
	const char *acknowledged_by;      /* "": it is not */
	const char *comment;
	int64_t acknowledged_ms;
	int64_t acknowledged_until_ms;         /* TIMESTAMP_NONE: until it is resolved */
	enum condition acknowledged_condition; /* its degree then: a worse one ends that */
	/*
	 * All that there were, the oldest first, JSON: [{"by", "at", "comment", "until",
	 * "condition", "ended_at"}].
	 */
	const char *acknowledgements;
};

/* Somebody wants to hear nothing of some alerts for a while. Patterns: collector/base/pattern.h. */
struct record_silence {
	int64_t id;
	const char *server; /* patterns; "" where anything is right */
	const char *organization;
	const char *site;
	const char *condition;
	const char *comment;
	const char *by;
	int64_t starts_ms;
	int64_t ends_ms;
};

/* States of a delivery. Stored: never renumbered. */
enum record_delivery_state {
	RECORD_DELIVERY_WAITING = 1,
	RECORD_DELIVERY_DONE = 2,
	RECORD_DELIVERY_DEAD = 3, /* it could not be delivered */
};

/* The first alert of a notification, for lists. Texts are "" where it has none. */
struct record_about {
	const char *alert; /* its id */
	const char *server;
	const char *condition; /* condition_name() */
	int64_t n_alerts;      /* in the notification */
};

/* A notification to a hook, and how far it is. */
struct record_delivery {
	int64_t id;
	const char *hook;
	const char *lane; /* those of one hook and lane go out one after another */
	enum record_delivery_state state;
	int64_t made_ms;
	int64_t next_ms;  /* when it is tried next, while it waits */
	int64_t ended_ms; /* TIMESTAMP_NONE while it waits */
	int64_t attempts;
	const char *result; /* of the last attempt, in words; "" before it */
	const char *body;   /* notification_write(); NULL where it is not wanted */
	size_t body_size;
	struct record_about about; /* only in lists */
};

/* How a hook is notified. Stored: never renumbered. */
enum record_summary_kind {
	RECORD_SUMMARY_NONE = 0,   /* of each group by itself */
	RECORD_SUMMARY_STORM = 1,  /* of many groups in one, for a storm goes on */
	RECORD_SUMMARY_DIGEST = 2, /* of many groups in one a day, for the fleet is new */
};

/*
 * What a hook is to be notified of in a summary, which is in no delivery yet, and what its next
 * daily report counts. Times are TIMESTAMP_NONE where there is nothing to tell.
 */
struct record_summary {
	const char *hook;
	enum record_summary_kind kind;
	int64_t since_ms; /* what became known since then is in the next one */
	int64_t due_ms;   /* when that is due */
	int64_t held;     /* notifications that it stands for */
	int64_t opened;   /* alerts that fired in these, and that were over */
	int64_t resolved;
	int64_t storm_ms; /* when the storm or the first days began: what their incident is known by */
	int64_t calm_ms; /* when that was over, while a receiver that keeps incidents has it open */
	int64_t reported_ms; /* when its last daily report was made; what happened since then: */
	int64_t report_opened;
	int64_t report_resolved;
};

/* A hook's state beside its configuration. */
struct record_hook {
	const char *name;
	bool disabled;    /* its receiver wants nothing any more */
	int64_t since_ms; /* since when it is disabled, or known */
};
