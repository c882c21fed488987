/*
 * The report: all that one agent knows of its server at one moment. The only type that agent and
 * collector share; its wire format is proto/report/report.schema.json, read and written by
 * proto/report/json.h.
 *
 * Whoever fills a report owns the strings and arrays behind it, usually in one arena; a report only
 * points. What could not be read is absent: NULL, a zero count, REPORT_ABSENT, TIMESTAMP_NONE or
 * the enumerator of value 0. An absent fact is never replaced by a guess; `problems` says why.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/arena.h"
#include "proto/base/timestamp.h"
#include "proto/rpc/grade.h"

#define REPORT_SCHEMA "mtawatch.report/1"

/* Limits of a report (PROTOCOL): past them it is refused and nothing is stored. */
#define REPORT_MAX_BYTES    1048576 /* of its JSON text: 1 MiB */
#define REPORT_MAX_ADAPTERS 64
#define REPORT_MAX_PROBES   4096
#define REPORT_MAX_STRING   1024  /* bytes of UTF-8, without the NUL */
#define REPORT_MAX_INTERVAL 86400 /* seconds */
#define REPORT_INTERVAL     300 /* seconds between two, where no setting of the server says otherwise */

/* An absent number. */
#define REPORT_ABSENT INT64_C(-1)

enum tristate { TRISTATE_UNKNOWN, TRISTATE_NO, TRISTATE_YES };

enum link_state { LINK_UNKNOWN, LINK_UP, LINK_DOWN };

/* SERVICE_STATE_*: the state of MSExchangeMTA; names as the service controller has them. */
enum service_state {
	SERVICE_STATE_UNKNOWN,
	SERVICE_STATE_RUNNING,
	SERVICE_STATE_STOPPED,
	SERVICE_STATE_START_PENDING,
	SERVICE_STATE_STOP_PENDING,
	SERVICE_STATE_PAUSED,
	SERVICE_STATE_NOT_INSTALLED,
};

enum start_type { START_TYPE_UNKNOWN, START_TYPE_AUTO, START_TYPE_MANUAL, START_TYPE_DISABLED };

enum start_outcome { START_OUTCOME_UNKNOWN, START_OUTCOME_STARTED, START_OUTCOME_FAILED };

enum file_state {
	FILE_STATE_UNKNOWN,
	FILE_STATE_VERSIONED,
	FILE_STATE_UNVERSIONED, /* it is there and carries no version resource */
	FILE_STATE_MISSING,
	FILE_STATE_UNREADABLE,
};

/* The name that one address of an adapter resolves to, and Winsock's error of both ways. */
struct report_lookup {
	const char *address;
	const char *name;
	int64_t reverse_error; /* 0, 11001 ... */
	int64_t forward_error;
};

struct report_adapter {
	const char *id; /* "" where the report names none */
	const char *description;
	const char *mac;
	enum tristate enabled; /* unknown counts as enabled: it is in the list */
	enum link_state link;
	const char **addresses; /* "10.0.0.5/24" */
	size_t n_addresses;
	const char **gateways;
	size_t n_gateways;
	struct report_lookup *lookups;
	size_t n_lookups;
};

/* One probe row: one adapter to one address of a peer. For a self-probe `peer`, `from` are NULL. */
struct report_probe {
	const char *adapter;
	const char *peer;
	const char *from;
	const char *to;
	const char *via; /* NULL: the system does not tell */
	enum grade grade;
	enum probe_error error;
	int64_t for_s; /* seconds that this grade has stood in every cycle */
	int64_t ms;    /* the probe took */
	int64_t attempts;
};

struct report_event {
	int64_t id;       /* masked with 0xFFFF */
	int64_t at_ms;    /* by the server's clock */
	int64_t nt_error; /* of 9321, 9318, 9322 */
	const char *text;
};

/* An attempt to start the MTA, as the event log tells it. */
struct report_start {
	bool present;
	int64_t at_ms; /* by the server's clock */
	enum start_outcome outcome;
	struct report_event *events; /* in record order */
	size_t n_events;
};

/* The event log that was read, and how far it reaches; members that are absent were not told. */
struct report_log {
	bool known;           /* false: the whole member is absent */
	const char *path;     /* of several saved logs: of all */
	int64_t records;      /* sound ones, whoever wrote them */
	int64_t lost;         /* damaged ones */
	int64_t foreign;      /* of the MTA, left out: another Computer wrote them */
	int64_t oldest_at_ms; /* when the first record was written, by the server's clock */
	int64_t newest_at_ms;
};

struct report_file {
	const char *name;
	const char *path;
	enum file_state state;
	const char *version; /* "5.5.2653.23", only where state is versioned */
	int64_t size;
	int64_t modified_ms;
	const char *sha256;
};

struct report_problem {
	const char *fact; /* its path: "mta.events", "files/Emsmta.exe" */
	int64_t code;     /* of the system; absent where there is none */
	const char *message;
};

struct report {
	struct {
		const char *id;
		const char *epoch;
		const char *version;
		const char *platform;
	} agent;
	int64_t sequence;
	int64_t collected_at_ms; /* by the server's clock */
	int64_t interval_s;
	int64_t duration_ms;

	/* Only in a report that a collector exported: when it was received, how old it was then. */
	int64_t received_at_ms;
	int64_t age_s;

	struct {
		const char *name;
		const char *short_name; /* up to its first dot; NULL: `name` is short already */
		const char *os;
		int64_t booted_at_ms;
		const char **name_resolves_to; /* the addresses of its own name */
		size_t n_name_resolves_to;
	} host;

	struct {
		enum tristate installed;
		const char *version; /* "5.5", "6.0" */
		int64_t service_pack;
		const char *build;
		const char *organization;
		const char *site;
		const char *server; /* the Exchange server name; the nodes of a cluster share one */
		const char *directory;
		enum tristate clustered;
	} exchange;

	bool adapters_known; /* false: the whole list is absent */
	struct report_adapter *adapters;
	size_t n_adapters;
	const char **tcpip_bindings; /* Tcpip\Linkage\Bind, in order */
	size_t n_tcpip_bindings;
	const char **rpc_bindings; /* Rpc\Linkage\Bind, in order */
	size_t n_rpc_bindings;

	struct report_probe *probes;
	size_t n_probes;
	struct report_probe *self_probes;
	size_t n_self_probes;

	struct {
		bool known; /* false: the whole member is absent */
		enum service_state service;
		enum start_type start_type;
		int64_t exit_code;
		int64_t rpc_port; /* the static port, where one is set */
		struct report_start last_start;
		struct report_start last_failure;
		struct report_log log;
	} mta;

	struct report_file *files;
	size_t n_files;
	struct report_problem *problems;
	size_t n_problems;
};

/* A report in which everything is absent. */
void report_init(struct report *report);

/*
 * A copy of `text` (UTF-8) that is cut, between two characters, to the REPORT_MAX_STRING bytes that
 * a report allows; NULL gives NULL.
 */
const char *report_text(const char *text, struct arena *arena);

/* Adds an entry to `problems`; the texts are copied into `arena`. */
void report_add_problem(struct report *report, struct arena *arena, const char *fact, int64_t code,
			const char *message);

/* The file of that name, without ASCII case, or NULL. */
const struct report_file *report_find_file(const struct report *report, const char *name);

/* The first problem of that fact, or NULL. */
const struct report_problem *report_find_problem(const struct report *report, const char *fact);

/* The Exchange server name, or else the short host name (PROTOCOL: the name of a peer). */
const char *report_server_name(const struct report *report);

/*
 * Names of enumerators on the wire. *_name gives NULL for the "unknown" enumerator; *_from_name
 * returns false for a name that is none and leaves `*out` as it was.
 */
const char *link_state_name(enum link_state value);
bool link_state_from_name(const char *name, enum link_state *out);
const char *grade_name(enum grade value);
bool grade_from_name(const char *name, enum grade *out);
const char *probe_error_name(enum probe_error value); /* NULL for PROBE_OK */
bool probe_error_from_name(const char *name, enum probe_error *out);
const char *service_state_name(enum service_state value);
bool service_state_from_name(const char *name, enum service_state *out);
const char *start_type_name(enum start_type value);
bool start_type_from_name(const char *name, enum start_type *out);
const char *start_outcome_name(enum start_outcome value);
bool start_outcome_from_name(const char *name, enum start_outcome *out);
const char *file_state_name(enum file_state value);
bool file_state_from_name(const char *name, enum file_state *out);
