/*
 * The collector's clock, by which reports are in the order in which they came: the system's, but
 * that it never goes back. When the system's clock is set back, this one goes on from where it was,
 * a little slower, until the other has caught up. The loop's thread only.
 */
#pragma once

#include <stdint.h>

/* A clock that waits for the system's leaves one part in so many out. */
#define CLOCK_SLOWER_BY 16

/* The end of the year 9999; what a store says beyond it is damage. */
#define CLOCK_MAX_MS INT64_C(253402300799999)

/* Milliseconds since 1970 UTC. */
int64_t clock_now_ms(void);

/*
 * The last time that the system's clock was seen to be set while this ran, by more than a second;
 * it is logged, too. A machine that slept looks the same: its monotonic clock stood still.
 */
struct clock_step {
	int64_t at_ms; /* on the clock as it was set, by clock_now_ms() where that is later */
	int64_t by_ms; /* forward; back where negative; 0: it never was */
};
struct clock_step clock_last_step(void);

/* A step forward that is longer left out a time in which nobody could be heard. */
#define CLOCK_GAP_MS INT64_C(60000)

/* The end of the last such time that clock_now_ms() has seen, on this clock; 0: there was none. */
int64_t clock_last_gap_ms(void);

/*
 * Sets the clock to at least the time of the latest report, which a run before this has stored; one
 * beyond CLOCK_MAX_MS does not count, and is logged.
 */
void clock_not_before(int64_t ms);
