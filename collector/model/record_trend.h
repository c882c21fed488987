/*
 * How many servers there were of each verdict at a moment: what the store keeps of the past of a
 * site and of the whole fleet, as plain rows. A row holds until the next one of its area.
 */
#pragma once

#include <stdint.h>

#include "proto/base/arena.h"
#include "proto/exposure/exposure.h"

/* The area of the whole fleet; others are sites. */
#define RECORD_TREND_FLEET ""

struct record_trend {
	const char *area; /* record_trend_area() */
	int64_t at_ms;
	int64_t by_verdict[VERDICT_COUNT]; /* good ones only of who is heard of */
	int64_t total;
	int64_t not_monitored;
	int64_t silent;
};

/* The area of a site, whatever the case of its names; "" and NULL: none is told. In `arena`. */
const char *record_trend_area(const char *organization, const char *site, struct arena *arena);
