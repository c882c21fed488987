/*
 * What is not told although it fires: silences, which somebody made through the API, and
 * maintenance windows, which recur and stand in the configuration. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/model/record_alert.h"
#include "proto/base/arena.h"

/* The alert that is asked about. Strings are never NULL. */
struct mute_subject {
	const char *server;
	const char *organization;
	const char *site;
	enum condition condition;
};

/* A window: on those days from one minute of the day to another, all in UTC. */
struct maintenance {
	const char *name;
	unsigned days;        /* bit 0 is Monday; a window past midnight belongs to its first day */
	unsigned from_min;    /* 0 to 1439 */
	unsigned to_min;      /* likewise; not after `from_min`: on the next day */
	const char **sites;   /* for pattern_matches_place() */
	size_t n_sites;       /* 0: all, if there are no servers either */
	const char **servers; /* patterns of names */
	size_t n_servers;
	struct maintenance *next;
};

/* Does it hold at `now_ms`, and for that? */
bool silence_is_in_effect(const struct record_silence *silence, int64_t now_ms);
bool silence_matches(const struct record_silence *silence, const struct mute_subject *subject);

/* Does it hold for that place and server, whatever the condition? */
bool silence_matches_server(const struct record_silence *silence,
			    const struct mute_subject *subject);

/* "7 server=EX* condition=silent: moving": for the audit log, as the silence itself goes. */
const char *silence_text(const struct record_silence *silence, struct arena *arena);

/* Is the window open? */
bool maintenance_is_open(const struct maintenance *window, int64_t now_ms);

/* Does it concern that? A trouble of the collector's own: never. */
bool maintenance_matches(const struct maintenance *window, const struct mute_subject *subject);
