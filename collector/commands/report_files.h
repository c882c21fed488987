/*
 * Report files that a command is given, as reports of one moment.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/fleet/report_set.h"

/*
 * Adds the reports of these files that were not collected after `at_ms`; "-" is standard input.
 * False: some file is not one of valid reports alone, which standard error tells.
 */
bool report_files_add(struct report_set *set, char *const *names, size_t n, int64_t at_ms);
