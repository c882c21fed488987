/*
 * What the store keeps. Whatever these say, the latest report of each server stays.
 */
#pragma once

#include <stddef.h>

struct store_limits {
	size_t reports; /* per server, the latest ones */
	size_t report_days;
	size_t changes; /* per server: what its history tells */
	size_t change_days;
	size_t max_mb; /* of the database; past it servers lose half of their reports; 0: none */
};

/* A day of reports at one every five minutes, and for more than a year what changed. */
#define STORE_LIMITS_DEFAULT                                                                       \
	((struct store_limits){                                                                    \
		.reports = 288, .report_days = 30, .changes = 1000, .change_days = 400 })

#define STORE_MAX_ROWS_PER_SERVER 1000000 /* of reports and of changes */
#define STORE_MAX_DAYS            36500
#define STORE_MAX_MB              ((size_t)1000 * 1000 * 1000)
