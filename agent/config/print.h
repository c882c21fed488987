/*
 * The settings in force, each with its origin and with what it goes over: for people, and as JSON.
 * Secrets are never among them: a secret is only ever in a file that a setting names, and a URL
 * with a password is not valid and not shown.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "agent/config/config.h"

/* False: it could not be printed. */
bool config_print_text(FILE *stream, const struct config *config);

/*
 * {"file": "/etc/mtawatch/agent.conf", "file_found": false, "settings": [{"name": "interval",
 *  "value_name": "IntervalSec", "value": "60", "origin": "policy", "where": "HKLM\\...", "kept":
 *  false, "sources": [...], "overrides": [{"origin": "installer", "where": "HKLM\\...", "value":
 * "70"}], "invalid":
 *  [{"origin": "file", "where": "...", "value": "0", "expected": "a whole number ..."}]}, ...]}
 *
 * `sources` are the values that it was made of, more than one where there are several peers.
 * Values are texts as they would be written; null stands for one that is not set or not shown.
 */
bool config_print_json(FILE *stream, const struct config *config);

/* Is there a value that does not count because it is not valid? */
bool config_has_invalid(const struct config *config);
