/*
 * What several fuzz targets ask for. Each ends the process (abort) where it is not so.
 */
#pragma once

#include "proto/report/report.h"

/* Is it UTF-8 throughout? */
void check_utf8(const char *text);

/* Do both reports say the same, in every member? */
void check_same_report(const struct report *a, const struct report *b);
