#include "agent/platform/ticks.h"

uint64_t ticks_count(struct ticks *ticks, uint32_t now)
{
	if (now < ticks->last)
		ticks->rounds_ms += UINT64_C(1) << 32;
	ticks->last = now;
	return ticks->rounds_ms + now;
}

bool ticks_have_passed(uint32_t begun, uint32_t now, uint32_t ms)
{
	return (uint32_t)(now - begun) >= ms;
}
