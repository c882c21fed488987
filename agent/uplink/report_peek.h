/*
 * Who a report is of, read from and put into its text as report_json_write() makes it. Not a reader
 * of JSON: our own text is looked at, in which a quotation mark that is not escaped can only belong
 * to a member of ours. (proto/report/json.h's reader would make the agent a fiftieth longer.)
 */
#pragma once

#include "proto/base/arena.h"

/* The host's name, in `arena`; NULL: it has none, or one with characters that are escaped. */
const char *report_peek_host(const char *report, struct arena *arena);

/* The report with this agent's id in place of its own, in `arena`; or itself, if it is the same. */
const char *report_peek_with_id(const char *report, const char *id, struct arena *arena);
