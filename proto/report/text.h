/* Text as a report may carry it. */
#pragma once

#include "proto/base/arena.h"

/*
 * A copy of `text` (UTF-8) that is cut, between two characters, to the REPORT_MAX_STRING bytes that
 * a report allows; NULL gives NULL.
 */
const char *report_text(const char *text, struct arena *arena);
