/*
 * Assessments as JSON: what `mtawatch-agent check --json`, `mtawatch-collector assess` and the
 * API's server objects print, with the same members of the same names.
 */
#pragma once

#include <stdbool.h>

#include "proto/exposure/exposure.h"
#include "proto/report/report.h"

/*
 * {"server", "organization", "site", "verdict", "silent", "reasons", "remedy"} of one machine, as a
 * JSON object; the text is to be passed to free(). `server` is the short host name.
 */
char *verdict_json_write(const struct report *report, bool silent,
			 const struct assessment *assessment);

/*
 * The same object in two parts, for whoever keeps the second: it is what takes time to find out,
 * and stays while a server merely falls silent. `"reasons": [...], "remedy": {...}` without
 * braces; to be passed to free().
 */
char *verdict_json_write_findings(const struct assessment *assessment);
