/*
 * Values of keys that are lists: words between commas, "ACME/HQ, ACME/B*".
 */
#pragma once

#include <stdbool.h>

#include "proto/base/arena.h"

/*
 * A value as messages may show it: of a URL with a user and a password not these, in whichever
 * part.
 */
const char *value_shown(const char *value, struct arena *arena);

#define SITE_PATTERN_EXPECTED "ORGANIZATION/SITE, such as ACME/HQ or ACME/*; several with commas"

/* The next word, trimmed, in `arena`; moves `*rest` on. NULL: there is none left. */
char *value_list_next(const char **rest, struct arena *arena);

/* Is it ORGANIZATION/SITE, where either may hold '*' and '?' (collector/base/pattern.h)? */
bool value_is_site_pattern(const char *word);
