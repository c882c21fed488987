/*
 * The settings of `mtawatch-collector serve`, a row each: what --help says, what a value has to be,
 * and whether a running collector takes a new one over on SIGHUP.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "proto/base/value.h"

struct options;

struct setting {
	struct value value;   /* "--name" on the command line, "name = value" in a file */
	const char *argument; /* what --help calls the value; NULL: a switch, yes or no */
	const char *fallback; /* as if it had been said; NULL: not set */
	bool reloads;         /* else a change needs a restart */
	const char *help;     /* lines parted by '\n' */
};

extern const struct setting settings[];
extern const size_t settings_n; /* at most OPTIONS_MAX_SETTINGS */

/* `fallback`, or what it is where the store is in a database. */
const char *settings_fallback(const struct setting *setting, const struct options *options);

/* What follows from single values: which engine keeps the store. */
void settings_complete(struct options *options);

/*
 * What single values cannot tell: NULL where they go together, else what does not; `*at` is then
 * the name of the setting that has to change.
 */
const char *settings_contradict(const struct options *options, const char **at);
