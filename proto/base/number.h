/*
 * Whole numbers as text, read strictly: digits only, perhaps after a '-'. The C library's strtoll()
 * is not on every Windows that the agent runs on.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* False, and `*out` as it was, where `text` is no number from `min` to `max`. NULL is none. */
bool number_parse(const char *text, int64_t min, int64_t max, int64_t *out);
