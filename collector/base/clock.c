#include "collector/base/clock.h"

#include <inttypes.h>
#include <stdbool.h>

#include "collector/base/log.h"
#include "collector/base/loop.h"

/* Less than that is told to nobody. */
#define WORTH_TELLING_MS 1000

/* The process has one clock, as the system has. */
static struct {
	int64_t base_ms; /* what it said ... */
	uint64_t at_ms;  /* ... when the monotonic clock said this */
	bool is_ahead;   /* of the system's clock, for which it waits */
	bool was_told;
	bool was_seen;
	int64_t offset_ms; /* of the system's clock from the monotonic one, when last seen */
	struct clock_step last;
	int64_t gap_ms; /* the end of the last one */
} steady;

static int64_t steady_at(uint64_t monotonic_ms)
{
	int64_t elapsed = (int64_t)(monotonic_ms - steady.at_ms);
	return steady.base_ms + elapsed - (steady.is_ahead ? elapsed / CLOCK_SLOWER_BY : 0);
}

static void set_clock(int64_t ms, uint64_t monotonic_ms, bool is_ahead)
{
	steady.base_ms = ms;
	steady.at_ms = monotonic_ms;
	steady.is_ahead = is_ahead;
}

static void log_jump(int64_t ahead_ms)
{
	if (ahead_ms < WORTH_TELLING_MS || steady.was_told)
		return;
	steady.was_told = true;
	log_warning("the system's clock is %" PRId64 " s behind the reports: it was set back, or "
		    "was ahead before. Times go on from the latest report until it has caught up",
		    ahead_ms / 1000);
}

/* The monotonic clock is not set: what the other does beyond it is a step. */
static void watch_steps(int64_t system_ms, uint64_t monotonic_ms)
{
	int64_t offset_ms = system_ms - (int64_t)monotonic_ms;
	int64_t by_ms = offset_ms - steady.offset_ms;
	bool is_first = !steady.was_seen;

	steady.offset_ms = offset_ms;
	steady.was_seen = true;
	if (is_first || (by_ms < WORTH_TELLING_MS && by_ms > -WORTH_TELLING_MS))
		return;
	int64_t now_ms = steady_at(monotonic_ms);
	steady.last = (struct clock_step){ system_ms > now_ms ? system_ms : now_ms, by_ms };
	log_warning("the system's clock was set %s by %" PRId64 " s%s",
		    by_ms > 0 ? "forward" : "back", (by_ms > 0 ? by_ms : -by_ms) / 1000,
		    by_ms > 0 ? ", or the machine slept" : "");
}

int64_t clock_now_ms(void)
{
	uint64_t monotonic_ms = loop_monotonic_ms();
	int64_t system_ms = loop_wall_ms();
	bool is_first = !steady.was_seen;
	watch_steps(system_ms, monotonic_ms);
	int64_t now_ms = steady_at(monotonic_ms);

	if (system_ms >= now_ms) {
		if (!is_first && system_ms - now_ms > CLOCK_GAP_MS)
			steady.gap_ms = system_ms;
		if (steady.was_told)
			log_info("the system's clock has caught up with the reports");
		steady.was_told = false;
		set_clock(system_ms, monotonic_ms, false);
		return system_ms;
	}
	if (!steady.is_ahead)
		set_clock(now_ms, monotonic_ms, true);
	log_jump(now_ms - system_ms);
	return now_ms;
}

struct clock_step clock_last_step(void)
{
	clock_now_ms(); /* looks */
	return steady.last;
}

int64_t clock_last_gap_ms(void)
{
	return steady.gap_ms;
}

void clock_not_before(int64_t ms)
{
	int64_t now_ms = clock_now_ms();

	if (now_ms >= ms)
		return;
	if (ms > CLOCK_MAX_MS) {
		log_error("the store has a time beyond the year 9999, which does not count: it is "
			  "damaged; see mtawatch-collector check");
		return;
	}
	set_clock(ms, loop_monotonic_ms(), true);
	log_jump(ms - loop_wall_ms());
}
