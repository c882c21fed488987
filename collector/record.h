/*
 * What the store keeps, as plain rows: the language between the fleet, which makes them, and the
 * store, which writes them from a thread of its own and reads them back. A row only points; who
 * made it says how long it lives.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/role.h"
#include "collector/secret.h"

/* A report as it arrived. Told apart by agent_id, epoch and sequence. */
struct record_report {
	const char *key; /* of the reporting machine (collector/snapshot.h) */
	const char *agent_id;
	const char *epoch;
	int64_t sequence;
	int64_t at_ms; /* time of the report: received_at_ms minus its age */
	int64_t received_at_ms;
	int64_t age_s;
	uint64_t body_hash;      /* snapshot_hash() */
	const char *imported_by; /* who carried it, as `who` of its audit row; NULL: its agent sent
				    it */
	const char *body;        /* the JSON text, not NUL-terminated */
	size_t body_size;
};

/* The state of one server. */
struct record_server {
	const char *key;
	bool is_new_report; /* when written: the report of the same change is its latest */
	bool silent;
	const char *verdict; /* verdict_name() */
	int64_t since_ms;
	const char
		*verdict_json; /* the verdict as JSON; when written, NULL: what is stored stays */
	const char *adapters_json; /* its adapters as judged, of a silent server; likewise */
};

/* Something that changed about a server (collector/history.h). */
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

/* What the hook was last told of a server. */
struct record_told {
	const char *key;
	const char *verdict; /* the alarming verdict that stands, or NULL: all is well */
	int64_t number;      /* of the last notification of this server; 0: none yet */
};

/* Kinds of identities, and of what an audit row is about. Stored: never renumbered. */
enum record_kind {
	RECORD_KIND_NONE = 0,    /* in an audit row only: nothing with a name */
	RECORD_KIND_AGENT = 1,   /* by the short name of its host */
	RECORD_KIND_TOKEN = 2,   /* of a person or a program */
	RECORD_KIND_SECRET = 3,  /* with which agents enrol */
	RECORD_KIND_SESSION = 4, /* of a browser; its name is a random id */
	RECORD_KIND_SERVER = 5,  /* in an audit row only: a server of the fleet, by its key */
};

/* Somebody who proves who they are by a secret, of which the hash is here. One of a kind and name.
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
