/*
 * A notification: what one hook is told at once of the alerts of one group, that is, of one site
 * and cause. The outbox keeps it in the store as the JSON text of notification_write() until the
 * hook has taken it; hooks send that text, or render the struct in the form of their receivers.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/model/condition.h"
#include "proto/base/arena.h"
#include "proto/base/buffer.h"
#include "proto/base/status.h"

/* Alerts in one notification; there may be more in the group. */
#define NOTIFICATION_MAX_ALERTS 64

/* Bytes of its JSON text. */
#define NOTIFICATION_MAX_BYTES ((size_t)1024 * 1024)

/* Why it is sent. */
enum notification_reason {
	NOTIFICATION_FIRST,         /* the group fires for the first time */
	NOTIFICATION_NEW,           /* further alerts fire in it */
	NOTIFICATION_SOME_RESOLVED, /* some are over */
	NOTIFICATION_ALL_RESOLVED,  /* all are over */
	NOTIFICATION_REPEAT,        /* nothing changed, but nobody has mended it yet */
	NOTIFICATION_TEST,          /* somebody tries the hook */
	NOTIFICATION_REASON_COUNT,
};

/* Strings are never NULL: "" where there is nothing to say. */
struct notification_alert {
	const char *id;          /* of this alert, GET /v1/alerts */
	const char *fingerprint; /* of its server and condition: 16 hexadecimal digits */
	enum condition condition;
	const char *server; /* "" for an ill of the collector's own */
	const char *organization;
	const char *site;
	const char *adapter; /* the one that it is about, if it is about one */
	const char *verdict; /* of the server, verdict_name() */
	const char *reason;  /* a code: "adapter_isolated" ... */
	const char *text;    /* what is wrong and by what evidence, in sentences */
	const char *remedy;  /* what to do, with the verdict after it, in sentences */
	const char *url;     /* the server's page */
	int64_t since_ms;    /* since when it has been so */
	int64_t fired_ms;
	int64_t resolved_ms; /* TIMESTAMP_NONE: it fires */
	bool flapping;
};

struct notification {
	const char *id;        /* the same for each attempt at it; letters, digits, '-' */
	const char *hook;      /* the name of the hook that is told */
	const char *group_key; /* the same for each notification of that group */
	const char *organization;
	const char *site;
	const char *cause; /* what the alerts of the group have in common */
	const char *url;   /* of the collector; "" where it does not know it */
	bool resolved;     /* no alert of it fires any more */
	enum notification_reason reason;
	int64_t at_ms; /* when it became due */
	const struct notification_alert *alerts;
	size_t n_alerts;
	size_t truncated; /* alerts of the group that are left out */
};

/* "first notification" ..., as Alertmanager's notification_reason has it; never NULL. */
const char *notification_reason_text(enum notification_reason reason);

/*
 * Adds it as JSON:
 *   {"id", "hook", "group", "organization", "site", "cause", "url",
 *    "status": "firing" | "resolved", "reason", "at", "truncated",
 *    "alerts": [{"id", "fingerprint", "condition", "status", "server", "organization", "site",
 *                "adapter", "verdict", "reason", "text", "remedy", "url", "since", "fired_at",
 *                "resolved_at", "flapping"}]}
 */
void notification_write(const struct notification *notification, struct buffer *out);

/*
 * Reads it back; everything lives in `arena`.
 *
 * STATUS_MALFORMED, STATUS_INVALID, STATUS_LIMIT  the text is none
 */
enum status notification_read(const char *text, size_t size, struct arena *arena,
			      struct notification *out);
