/*
 * What the store keeps of those who may do something, and of what they did, as plain rows (see
 * collector/model/record_report.h).
 */
#pragma once

#include <stdint.h>

#include "collector/crypto/secret.h"
#include "collector/model/role.h"

/* Kinds of identities, and of what an audit row is about. Stored: never renumbered. */
enum record_kind {
	RECORD_KIND_NONE = 0,    /* in an audit row only: nothing with a name */
	RECORD_KIND_AGENT = 1,   /* by the short name of its host */
	RECORD_KIND_TOKEN = 2,   /* of a person or a program */
	RECORD_KIND_SECRET = 3,  /* with which agents enrol */
	RECORD_KIND_SESSION = 4, /* of a browser; its name is a random id */
	RECORD_KIND_SERVER = 5,  /* in an audit row only: a server of the fleet, by its key */
	RECORD_KIND_ALERT = 6,   /* likewise: an alert, a silence or a delivery, by its id */
	RECORD_KIND_SITE = 7,    /* in an audit row only: a site, "ORGANIZATION/SITE" */
	RECORD_KIND_USER = 8,    /* never stored: somebody whom a proxy names */
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
