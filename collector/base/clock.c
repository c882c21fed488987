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
} steady;

static int64_t go_on(uint64_t monotonic_ms)
{
	int64_t elapsed = (int64_t)(monotonic_ms - steady.at_ms);
	return steady.base_ms + elapsed - (steady.is_ahead ? elapsed / CLOCK_SLOWER_BY : 0);
}

static void set(int64_t ms, uint64_t monotonic_ms, bool is_ahead)
{
	steady.base_ms = ms;
	steady.at_ms = monotonic_ms;
	steady.is_ahead = is_ahead;
}

static void tell(int64_t ahead_ms)
{
	if (ahead_ms < WORTH_TELLING_MS || steady.was_told)
		return;
	steady.was_told = true;
	log_warning("the system's clock is %" PRId64 " s behind the reports: it was set back, or "
		    "was ahead before. Times go on from the latest report until it has caught up",
		    ahead_ms / 1000);
}

int64_t clock_now_ms(void)
{
	uint64_t monotonic_ms = loop_monotonic_ms();
	int64_t system_ms = loop_wall_ms();
	int64_t now_ms = go_on(monotonic_ms);

	if (system_ms >= now_ms) {
		if (steady.was_told)
			log_info("the system's clock has caught up with the reports");
		steady.was_told = false;
		set(system_ms, monotonic_ms, false);
		return system_ms;
	}
	if (!steady.is_ahead)
		set(now_ms, monotonic_ms, true);
	tell(now_ms - system_ms);
	return now_ms;
}

void clock_not_before(int64_t ms)
{
	int64_t now_ms = clock_now_ms();

	if (now_ms >= ms)
		return;
	set(ms, loop_monotonic_ms(), true);
	tell(ms - loop_wall_ms());
}
