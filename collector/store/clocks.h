/*
 * What a store knows of time, over runs: the latest that the system's clock has said, and the clock
 * by which its reports grow old. That one follows the system's, but never back, and at most twice
 * as fast as time passes: a clock that was set to next year for a day makes nothing older than it
 * is by more than another day.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* So much may be lost of them when a run ends. */
#define STORE_CLOCKS_SAVE_MS 60000

/* Zeroed: as yet nothing is known. Milliseconds since 1970 UTC ... */
struct store_clocks {
	int64_t age_ms;
	int64_t latest_ms;
	uint64_t seen_ms;  /* ... but these: by a clock that nobody sets */
	uint64_t saved_ms; /* 0: not by this run */
};

/* Go on to a moment at which the system's clock and one that nobody sets say that. */
void store_clocks_advance(struct store_clocks *clocks, int64_t system_ms, uint64_t monotonic_ms);

bool store_clocks_are_due(const struct store_clocks *clocks);
