/*
 * What the store keeps, as plain rows: the language between the fleet, which makes them, and the
 * store, which writes them from a thread of its own and reads them back. A row only points; who
 * made it says how long it lives.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/crypto/secret.h"
#include "collector/model/condition.h"
#include "collector/model/role.h"

/* A report as it arrived. Told apart by agent_id, epoch and sequence. */
struct record_report {
	const char *key; /* of the reporting machine (collector/model/server_key.h) */
	bool is_latest;  /* when written: its server stands on it from now on */
	const char *agent_id;
	const char *epoch;
	int64_t sequence;
	int64_t at_ms; /* time of the report: received_at_ms minus its age */
	int64_t received_at_ms;
	int64_t age_s;
	uint64_t body_hash;      /* hash_bytes() */
	const char *imported_by; /* who carried it, as its audit row has it; NULL: its agent */
	const char *body;        /* the JSON text, not NUL-terminated */
	size_t body_size;
};

/* The state of one server. */
struct record_server {
	const char *key;
	bool silent;
	const char *verdict; /* verdict_name() */
	int64_t since_ms;
	const char
		*verdict_json; /* the verdict as JSON; when written, NULL: what is stored stays */
	const char *adapters_json; /* its adapters as judged, of a silent server; likewise */
};

/* Something that changed about a server (collector/model/report_diff.h). */
struct record_event {
	const char *key;
	int64_t at_ms; /* time of the report that shows it, or the moment where no report does */
	const char *kind;
	const char *detail; /* JSON, an object */
};

/* A server that was taken out of the fleet by somebody. */
struct record_removal {
	const char *key;
	const char *server; /* as it was shown */
	int64_t at_ms;
	const char *by;     /* as `who` of its audit row */
	const char *reason; /* "" where none was given */
};

/* A server that there should be. */
struct record_expected {
	const char *key;
	const char *server;       /* the short host name */
	const char *organization; /* "" where it is not told; so with `site` */
	const char *site;
	int64_t since_ms; /* since when it is expected */
};

/* States of an alert. Stored: never renumbered. */
enum record_alert_state {
	RECORD_ALERT_NONE = 0, /* in no row */
	RECORD_ALERT_PENDING = 1,
	RECORD_ALERT_FIRING = 2,
	RECORD_ALERT_RESOLVED = 3,
};

/* What the hooks were told of an alert. Stored: never renumbered. */
enum record_alert_told {
	RECORD_TOLD_NOTHING = 0,
	RECORD_TOLD_FIRING = 1,
	RECORD_TOLD_RESOLVED = 2,
};

/* An alert: one condition of one server, from its beginning to its end. Strings are never NULL. */
struct record_alert {
	int64_t id;
	const char *key; /* of the server; "" for an ill of the collector's own */
	enum condition condition;
	enum record_alert_state state;
	const char *server; /* as it is shown; so with the next two */
	const char *organization;
	const char *site;
	int64_t since_ms; /* since when the condition holds */
	int64_t gone_ms;  /* since when it is gone while it fires still, or TIMESTAMP_NONE */
	int64_t fired_ms; /* TIMESTAMP_NONE: not yet; likewise the next one */
	int64_t resolved_ms;
	const char *cause;   /* what alerts are grouped by */
	const char *verdict; /* of the server */
	const char *reason;
	const char *text;
	const char *remedy;
	const char *adapter;
	bool flapping;
	const char *changes; /* when the condition came and went lately: milliseconds, "1 2 3" */
	enum record_alert_told told;
	int64_t told_ms;             /* when something was told of it last, or TIMESTAMP_NONE */
	const char *acknowledged_by; /* "": it is not */
	const char *comment;
	int64_t acknowledged_ms;
	int64_t acknowledged_until_ms; /* TIMESTAMP_NONE: until it is resolved */
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
};

/* What is known of a hook beside its configuration. */
struct record_hook {
	const char *name;
	bool disabled;    /* its receiver wants nothing any more */
	int64_t since_ms; /* since when it is disabled, or known */
};

/* Kinds of identities, and of what an audit row is about. Stored: never renumbered. */
enum record_kind {
	RECORD_KIND_NONE = 0,    /* in an audit row only: nothing with a name */
	RECORD_KIND_AGENT = 1,   /* by the short name of its host */
	RECORD_KIND_TOKEN = 2,   /* of a person or a program */
	RECORD_KIND_SECRET = 3,  /* with which agents enrol */
	RECORD_KIND_SESSION = 4, /* of a browser; its name is a random id */
	RECORD_KIND_SERVER = 5,  /* in an audit row only: a server of the fleet, by its key */
	RECORD_KIND_ALERT = 6,   /* likewise: an alert, a silence or a delivery, by its id */
};

/*
 * Somebody who proves who they are by a secret, of which the hash is here. One of a kind and name.
 */
struct record_identity {
	enum record_kind kind;
	const char *name;
	const char *id; /* of an agent: its UUID; else NULL */
	uint8_t hash[SECRET_HASH_SIZE];
	enum role role;      /* of a token and a session; else ROLE_NONE */
	const char *made_by; /* as `who` of its audit row; of a session: the token's name */
	int64_t made_at_ms;
	int64_t expires_at_ms; /* 0: never */
};

/* A line of the audit log. */
struct record_audit {
	int64_t id; /* when read: grows with every row */
	int64_t at_ms;
	const char *who;    /* "token ops", "agent exch1", "terminal (root)" */
	const char *origin; /* the address of the client, or "terminal" */
	const char *action; /* "agent.enroll" ... */
	enum record_kind kind;
	const char *object;    /* the name of what was changed, "" without one */
	const char *object_id; /* of an agent; else NULL */
};
