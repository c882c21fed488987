/*
 * The site view: what the servers of one site have proven about each other at one moment, and what
 * that says of each adapter. Every term here is defined in the table "Terms" of the exposure rule
 * and is used in that sense: active adapter, peer, row, void row, proof, falls short, conclusive
 * peer, isolated, unjudged, partial, borrowed, good.
 *
 * Pure: same reports and moment in, same view out. A site may be viewed at once, from its reports,
 * or be kept as an index and viewed server by server; both give the same.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/arena.h"
#include "proto/report/report.h"
#include "proto/site/index.h"

/* A report is fresh while it is younger than this many of its server's intervals. */
#define SITE_FRESH_INTERVALS 3

/* The latest report of one machine, and when its facts were collected by the judge's clock. */
struct site_report {
	const struct report *report;
	int64_t at_ms;
	bool is_renamed; /* the machine, silent here, is seen to report under another name */
};

/* Worst last, so that they compare; unjudged is a lack of knowledge and stands apart. */
enum adapter_state {
	ADAPTER_INACTIVE, /* disabled, or without a usable address: no part in the view_context */
	ADAPTER_GOOD,
	ADAPTER_UNJUDGED,
	ADAPTER_BORROWED,
	ADAPTER_PARTIAL,
	ADAPTER_ISOLATED,
};

/* An adapter's way to one peer that its server probed. */
struct site_path {
	const char *peer;       /* the Exchange server name, as the server's own rows spell it */
	enum grade grade;       /* best grade of the adapter's rows; GRADE_UNKNOWN: it has none */
	int64_t for_s;          /* how long it has had that grade; REPORT_ABSENT: not told */
	enum probe_error error; /* of the row that gave the grade */
	enum grade proven; /* the peer's proven grade for this server; GRADE_UNKNOWN: no proof */
	bool falls_short;
	bool conclusive;
	bool borrowed; /* all its successes went via an adapter outside its subnet */
};

/* A target of an adapter's void rows, and the servers that hold it. */
struct site_void {
	uint32_t address;
	bool own; /* the server's own address */
	struct site_holders holders;
};

struct site_adapter {
	const char *id;
	const struct report_adapter *facts; /* NULL where the view was made without the report */
	enum adapter_state state;
	bool link_down_isolates; /* isolated because its link is down */
	struct site_path *paths; /* one per peer that the server probed, in order of their names */
	size_t n_paths;
	size_t n_inbound_failed; /* rows of fresh reports of others that aimed at it, where none of
				    them reached the endpoint mapper; else 0 */
	struct site_void *voids; /* only of an unjudged adapter */
	size_t n_voids;
};

struct site_server {
	const struct report *report; /* NULL where the view was made without it */
	int64_t at_ms;
	bool fresh;
	const char *name;              /* report_server_name() */
	struct site_adapter *adapters; /* one per adapter of the report, in its order */
	size_t n_adapters;
	size_t n_active;
	bool has_peer;            /* the site has, or the server probed, another server */
	bool has_conclusive_peer; /* for at least one active adapter */
};

struct site {
	const struct site_report *reports;
	struct site_server *servers; /* one per report, in their order */
	size_t n;
	int64_t now_ms;
	struct site_index index;
};

/*
 * Views one member of an index. `report` is the one that the member was made of, or NULL: then the
 * view tells all but what the index does not know. Points into the member, the report and `arena`.
 */
void site_view_member(const struct site_index *index, const struct site_member *member,
		      const struct report *report, struct site_server *out, struct arena *arena);

/* Adds the report's facts to a view that was made without it. */
void site_view_attach(struct site_server *server, const struct report *report);

/*
 * A number for all that matters of a view. Of one member whose report stays, views with equal
 * numbers are assessed alike.
 */
uint64_t site_view_signature(const struct site_server *server);

/*
 * Views `n` reports, at most one a machine and all of one organisation and site, at `now_ms`.
 * None may be collected after `now_ms`. `reports` is borrowed for the life of the view.
 * `is_elsewhere` is asked about names that no report here carries; NULL: nothing is known.
 */
void site_view(struct site *out, const struct site_report *reports, size_t n, int64_t now_ms,
	       site_is_elsewhere *is_elsewhere, void *user, struct arena *arena);

/* Is a report collected at `at_ms` fresh at `now_ms`? */
bool site_report_is_fresh(const struct report *report, int64_t at_ms, int64_t now_ms);

/* The last moment at which a report collected at `at_ms` is fresh. */
int64_t site_report_fresh_until(const struct report *report, int64_t at_ms);

/* The name of a state for evidence and pages: "good", "isolated" ... */
const char *adapter_state_name(enum adapter_state state);
