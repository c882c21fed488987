#include "collector/store/clocks.h"

/* As fast as time passes, to stay with the system's clock; as fast again, to catch up with it. */
#define AT_MOST_FASTER_BY 2

void store_clocks_advance(struct store_clocks *clocks, int64_t system_ms, uint64_t monotonic_ms)
{
	int64_t passed_ms = clocks->seen_ms > 0 ? (int64_t)(monotonic_ms - clocks->seen_ms) : 0;
	int64_t age_ms = clocks->age_ms + passed_ms * AT_MOST_FASTER_BY;

	clocks->seen_ms = monotonic_ms;
	if (clocks->age_ms == 0 || system_ms < age_ms)
		age_ms = system_ms;
	if (clocks->age_ms < age_ms)
		clocks->age_ms = age_ms;
	if (clocks->latest_ms < system_ms)
		clocks->latest_ms = system_ms;
}

bool store_clocks_are_due(const struct store_clocks *clocks)
{
	return clocks->saved_ms == 0 || clocks->seen_ms - clocks->saved_ms >= STORE_CLOCKS_SAVE_MS;
}
