/*
 * What collectors that share a database know of each other: the lease of the one that judges, and a
 * row of each.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LEASE_TOKEN_SIZE 37 /* a UUID as text, and its NUL */
#define LEASE_NODE_SIZE  64

/* The lease as it stands, and what its holder says of itself. */
struct lease_seen {
	int64_t epoch;
	char token[LEASE_TOKEN_SIZE]; /* "": nobody has it */
	char node[LEASE_NODE_SIZE];
	char next[LEASE_NODE_SIZE];         /* who is to have it; "": whoever comes first */
	char incarnation[LEASE_TOKEN_SIZE]; /* "": the holder has no row; so the beat, 0 */
	int64_t beat;
};

/* What a collector that takes it compares with, and sets. */
struct lease_attempt {
	int64_t seen_epoch;
	const char *seen_token; /* "": NULL */
	const char *holder;     /* whose row has to be as it was seen; NULL: nobody's */
	const char *incarnation;
	int64_t beat;
	int64_t epoch; /* beyond any that was ever seen */
	const char *token;
};

/* What became of an attempt to take it. */
enum lease_outcome {
	LEASE_TAKEN,
	LEASE_NOT_TAKEN, /* somebody was faster */
	LEASE_BUSY,      /* its holder's commit is under way */
	LEASE_UNKNOWN,   /* the connection was lost: the next look tells */
};

/* As stored: never renamed. */
enum record_collector_state {
	RECORD_COLLECTOR_STARTING,
	RECORD_COLLECTOR_STANDBY,
	RECORD_COLLECTOR_LOADING, /* it has the lease */
	RECORD_COLLECTOR_JUDGING, /* likewise, so CHECKING */
	RECORD_COLLECTOR_CHECKING, /* not ready: it cannot store, or not say whether it judges still */
	RECORD_COLLECTOR_ENDED,
	RECORD_COLLECTOR_STATES
};

/* A collector. Strings are borrowed; times are milliseconds since 1970. */
struct record_collector {
	const char *node;
	const char *incarnation; /* of its process */
	int64_t beat;
	const char *url; /* where it is reached; "": not known */
	const char *version;
	/* The settings that all should have alike: lines of a name, a blank and a hash. */
	const char *settings;
	enum record_collector_state state;
	int64_t since_ms;    /* so it is; so `clock_ms`, by its own clock */
	int64_t clock_ms;    /* when it beat last */
	int64_t last_commit; /* that the database confirmed to it; 0: none */
	int64_t seen_ms;     /* the same by the database's clock */
};

const char *record_collector_state_name(enum record_collector_state state);

/* RECORD_COLLECTOR_STATES: it is none. */
enum record_collector_state record_collector_state_parse(const char *name);

/* Is it a name that a collector may have: 1 to 63 of A-Z a-z 0-9 . _ - ? */
bool record_collector_node_is_valid(const char *node);
