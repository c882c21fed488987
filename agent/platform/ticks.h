/*
 * Milliseconds of a clock that nobody sets and that has 32 bits, as GetTickCount() of Windows NT:
 * it begins anew after 49.7 days. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Counts on over the clock's rounds; asked at least once in each of them. One thread. */
struct ticks {
	uint32_t last;
	uint64_t rounds_ms; /* of all rounds that are over */
};

/* Milliseconds since the round in which `ticks` began; never runs backwards. */
uint64_t ticks_count(struct ticks *ticks, uint32_t now);

/* Have `ms`, less than a round, passed since `begun`? */
bool ticks_have_passed(uint32_t begun, uint32_t now, uint32_t ms);
