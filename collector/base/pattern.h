/*
 * Names as people select them: '*' stands for any number of characters, '?' for one; case does not
 * count.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * A mark for each letter and digit that a pattern needs, and for each two beside each other, and
 * those that a text has: where the pattern has one that the text has not, they do not match. For
 * asking many patterns about many texts; also where the patterns are anagrams of each other.
 */
uint64_t pattern_letters(const char *pattern);
uint64_t pattern_letters_of(const char *text);

bool pattern_matches(const char *pattern, const char *text);

/*
 * Of a place, "ORGANIZATION/SITE": the first '/' parts the two, so a '*' stays on its side. Where
 * an organisation's name has a '/' itself, '?' stands for that.
 */
bool pattern_matches_place(const char *pattern, const char *organization, const char *site);
