/*
 * Whole numbers as text, read strictly: digits only, perhaps after a '-'. The C library's strtoll()
 * is not on every Windows that the agent runs on.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * Reads the number that `*at` begins with, and leaves `*at` behind it. False, and both as they
 * were, where it begins with none, or with one that int64_t does not hold.
 */
bool number_take(const char **at, int64_t *out);

/* False, and `*out` as it was, where `text` is no number from `min` to `max`. NULL is none. */
bool number_parse(const char *text, int64_t min, int64_t max, int64_t *out);
