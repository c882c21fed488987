/*
 * A notification: what one hook is told at once of the alerts of one group, that is, of one site
 * and cause; or, in a summary, of what happened in many groups. The outbox keeps it in the store as
 * the JSON text of notification_write() until the hook has taken it; hooks send that text, or
 * render the struct in the form of their receivers.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/model/condition.h"
#include "collector/model/remarks.h"
#include "proto/base/arena.h"
#include "proto/base/buffer.h"
#include "proto/base/status.h"
#include "proto/json/fields.h"

/* Alerts in one notification; there may be more in the group. */
#define NOTIFICATION_MAX_ALERTS 64

/* Bytes of its JSON text. */
#define NOTIFICATION_MAX_BYTES ((size_t)4 * 1024 * 1024)

/* Ways to mend a server that an alert tells, and steps of each. */
#define NOTIFICATION_MAX_OPTIONS 4
#define NOTIFICATION_MAX_STEPS   8

/* Why it is sent. Where several are true it is the first of them that counts. */
enum notification_reason {
	NOTIFICATION_ESCALATED,    /* a server is worse than its receivers know */
	NOTIFICATION_OPENED,       /* the group fires for the first time */
	NOTIFICATION_MORE,         /* further alerts fire in it */
	NOTIFICATION_EASED,        /* a server is better than they know, but not well */
	NOTIFICATION_FEWER,        /* some alerts are over */
	NOTIFICATION_RESOLVED,     /* all are over */
	NOTIFICATION_ACKNOWLEDGED, /* somebody looks after one, or no longer does */
	NOTIFICATION_STILL_OPEN,   /* nothing changed, but nobody has mended it yet */
	NOTIFICATION_TEST,         /* somebody tries the hook */
	NOTIFICATION_SUMMARY,      /* a storm: what became known since the last one, in one */
	NOTIFICATION_DIGEST,       /* what was found in the first days of a fleet */
	NOTIFICATION_DAILY_REPORT, /* how the fleet is, at the same time each day */
	NOTIFICATION_REASON_COUNT,
};

/* A step of a way to mend a server. */
struct notification_step {
	const char *text;
	const char *verdict_after; /* a verdict_name(); "": it is not told */
};

/* A way to mend a server: its steps in their order. */
struct notification_option {
	const struct notification_step *steps;
	size_t n;
};

/* Strings are never NULL: "" where there is nothing to say. */
struct notification_alert {
	const char *id;           /* of this alert, GET /v1/alerts */
	const char *fingerprint;  /* of its server and kind: 16 hexadecimal digits */
	enum condition condition; /* its degree now; of one that is over, the last one */
	enum condition before;    /* what its receivers know of, where `has_before` */
	bool has_before;
	bool flapping;
	const char *server; /* "" for a trouble of the collector's own */
	const char *organization;
	const char *site;
	const char *adapter;  /* the one that it is about, if it is about one */
	const char *verdict;  /* of the server, verdict_name() */
	const char *reason;   /* a code: "adapter_isolated" ... */
	const char *text;     /* what is wrong and by what evidence, in sentences */
	const char *now_text; /* of one that is over: what is so now, "clear: ..." */
	const char *remedy;   /* what to do, with the verdict after it, in sentences */
	const struct notification_option *options; /* the same as steps, the smallest way first */
	size_t n_options;
	const char *url;             /* the server's page */
	int64_t event;               /* of the server's own log, that shows it; 0: none does */
	int64_t event_ms;            /* of that event by the server's clock, or TIMESTAMP_NONE */
	int64_t since_ms;            /* since when it has been so */
	int64_t fired_ms;            /* when it opened */
	int64_t resolved_ms;         /* TIMESTAMP_NONE: it fires */
	const char *acknowledged_by; /* "": nobody looks after it */
	int64_t acknowledged_ms;
	const char *comment;        /* of who acknowledged it */
	struct remark_pair remarks; /* of its server, or of its site */
};

/* An alert of which nothing is known: each text "", each moment TIMESTAMP_NONE. */
struct notification_alert notification_alert_empty(void);

/* The most sites that a summary counts one by one; the worst ones. */
#define NOTIFICATION_MAX_SITES 20

/* The alerts that fire at a site. */
struct notification_site {
	const char *organization; /* "" for the collector's own ills; so is the site */
	const char *site;
	size_t firing[CONDITION_COUNT];
};

/* How many servers the fleet has, and how many of them are so. */
struct notification_fleet {
	size_t servers;
	size_t fixed; /* have the fix of the article */
	size_t silent;
	size_t not_monitored;
};

/*
 * What notifications of many groups have beyond their alerts. Its alerts, and what fires, are in a
 * storm and in a digest what became known since `since_ms` and fires still; in a daily report
 * everything that fires.
 */
struct notification_summary {
	int64_t since_ms; /* what happened since then is counted */
	size_t opened;    /* alerts that have fired since then, also those that are over */
	size_t resolved;  /* alerts that were over since then */
	const struct notification_site *sites; /* the worst first */
	size_t n_sites;
	size_t more_sites;                      /* that are not among these */
	const struct notification_fleet *fleet; /* NULL: it does not matter here */
	int64_t next_ms; /* when the next one is due if anything happens; TIMESTAMP_NONE: none is */
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
	bool is_test;      /* somebody tries the hook: nothing is wrong */
	enum notification_reason reason;
	int64_t at_ms; /* when it became due */
	const struct notification_alert *alerts;
	size_t n_alerts;
	size_t truncated;               /* alerts of the group that are left out */
	size_t firing[CONDITION_COUNT]; /* how many fire in the group, by condition: all of them */
	const struct notification_summary *summary; /* NULL unless it is of many groups */
};

/* "escalated" ...; never NULL. */
const char *notification_reason_text(enum notification_reason reason);

/* The nearest of the reasons that Alertmanager has: "first notification" ..., or "unknown". */
const char *notification_reason_of_alertmanager(enum notification_reason reason);

/* The member "options" alone, and its reading: the list lives in the reading's arena. */
void notification_write_options(const struct notification_option *options, size_t n,
				struct buffer *out);
const struct notification_option *notification_read_options(struct json_reading *in,
							    const struct json_place *at, size_t *n);

/*
 * Adds it as JSON, with null for what is not known:
 *   {"id", "hook", "group", "organization", "site", "cause", "url",
 *    "status": "firing" | "resolved", "reason", "test", "at", "truncated",
 *    "firing": {"exposed": 2},
 *    "alerts": [{"id", "fingerprint", "condition", "before", "status", "server", "organization",
 *                "site", "adapter", "verdict", "reason", "text", "now", "remedy",
 *                "options": [{"steps": [{"text", "verdict_after"}]}], "url", "event", "event_at",
 *                "since", "fired_at", "resolved_at", "flapping",
 *                "acknowledged": {"by", "at", "comment"},
 *                "owner": {"name", "by", "at", "of"}, "note": {"text", "by", "at", "of"}}],
 *    "summary": null | {"since", "opened", "resolved", "next", "more_sites",
 *                       "sites": [{"organization", "site", "firing": {"exposed": 2}}],
 *                       "fleet": null | {"servers", "fixed", "silent", "not_monitored"}}}
 */
void notification_write(const struct notification *notification, struct buffer *out);

/*
 * Reads it back, also as versions before wrote it: they had Alertmanager's reasons, and knew
 * nothing of degrees, steps, events, acknowledgements, summaries and owners. Everything lives in `arena`.
 *
 * STATUS_MALFORMED, STATUS_INVALID, STATUS_LIMIT  the text is none
 */
enum status notification_read(const char *text, size_t size, struct arena *arena,
			      struct notification *out);
