/*
 * Reading the detail of a change (collector/model/report_diff.h), whose members need no escapes in
 * their names. A detail of a damaged store may be anything, so it is to be checked first. Pure.
 */
#pragma once

#include <stdbool.h>

#include "proto/base/arena.h"
#include "proto/exposure/exposure.h"

/* Is it JSON? Only then the others may be asked. */
bool event_detail_is_valid(const char *detail);

/* The text of a member, in `arena`; "" where there is none. */
const char *event_detail_text(const char *detail, const char *member, struct arena *arena);

/* The verdict that a member names; false: none, and `out` stays as it is. */
bool event_detail_verdict(const char *detail, const char *member, enum verdict *out);

bool event_detail_is_true(const char *detail, const char *member);
