/*
 * What the store keeps of servers and their reports, as plain rows: the language between the fleet,
 * which makes them, and the store, which writes them from a thread of its own and reads them back.
 * A row only points; who made it says how long it lives.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
	/* Its adapters as judged: of a silent server in full, else view_add_reach(); likewise. */
	const char *adapters_json;
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
