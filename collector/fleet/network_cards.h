/*
 * The addresses of a machine's network cards, which stay when its name changes. Those that somebody
 * chose, or that Windows gives to every machine alike, are left out.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "proto/report/report.h"

/* Returns how many the report tells; none twice. */
size_t network_cards_of(const struct report *report, uint64_t out[REPORT_MAX_ADAPTERS]);
