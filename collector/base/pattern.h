/*
 * Names as people select them: '*' stands for any number of characters, '?' for one; case does not
 * count.
 */
#pragma once

#include <stdbool.h>

bool pattern_matches(const char *pattern, const char *text);
