/*
 * What the store keeps, as plain rows: the language between the fleet, which makes them, and the
 * store, which writes them from a thread of its own and reads them back. A row only points; who
 * made it says how long it lives.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A report as it arrived. Told apart by agent_id, epoch and sequence. */
struct record_report {
	const char *key; /* of the reporting machine (collector/snapshot.h) */
	const char *agent_id;
	const char *epoch;
	int64_t sequence;
	int64_t at_ms; /* time of the report: received_at_ms minus its age */
	int64_t received_at_ms;
	int64_t age_s;
	uint64_t body_hash; /* snapshot_hash() */
	const char *body;   /* the JSON text, not NUL-terminated */
	size_t body_size;
};

/* The state of one server. */
struct record_server {
	const char *key;
	bool is_new_report; /* when written: the report of the same change is its latest */
	bool silent;
	const char *verdict; /* verdict_name() */
	int64_t since_ms;
	const char *verdict_json;  /* the verdict as JSON: held while the server is silent */
	const char *adapters_json; /* its adapters as judged */
};

/* What the hook was last told of a server. */
struct record_told {
	const char *key;
	const char *verdict; /* the alarming verdict that stands, or NULL: all is well */
	int64_t number;      /* of the last notification of this server; 0: none yet */
};
