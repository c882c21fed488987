/*
 * What people write about servers and sites, and what they keep for themselves, as plain rows (see
 * collector/model/record_report.h).
 */
#pragma once

#include <stdint.h>

#include "proto/base/arena.h"

/* Characters of an owner, and of a note. */
#define REMARK_MAX_OWNER 100
#define REMARK_MAX_NOTE  1000

/*
 * Who owns a server or a site, and a note about it, each with whom it is from. "": there is none;
 * then who took it away, and when, or "" and TIMESTAMP_NONE where there never was one.
 */
struct record_remark {
	const char *subject; /* the key of a server, or record_remark_site() */
	const char *owner;   /* a person or a team */
	const char *owner_by;
	int64_t owner_ms;
	const char *note; /* may have several lines */
	const char *note_by;
	int64_t note_ms;
};

/*
 * What stands for a site, whatever the case of its names; "" and NULL: none is told. No server has
 * such a key. In `arena`.
 */
const char *record_remark_site(const char *organization, const char *site, struct arena *arena);

/* A query of the list of servers that somebody keeps by a name. */
struct record_bookmark {
	const char *person; /* "token ops", as `who` of an audit row */
	const char *name;
	const char *query; /* "verdict=exposed&site=HQ" */
	int64_t made_ms;
};
