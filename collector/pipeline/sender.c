#include "collector/pipeline/sender.h"

#include "proto/base/ipv4.h"

static bool has_address(const struct report_adapter *adapter, uint32_t wanted)
{
	struct ipv4_prefix address;

	for (size_t i = 0; i < adapter->n_addresses; i++) {
		if (ipv4_prefix_parse(adapter->addresses[i], &address) && address.address == wanted)
			return true;
	}
	return false;
}

/* Is it one that the report names? */
static bool has_source_address(const struct report *report, uint32_t from)
{
	for (size_t i = 0; i < report->n_adapters; i++) {
		if (has_address(&report->adapters[i], from))
			return true;
	}
	return from == 0;
}

bool sender_has_standing(const struct principal *caller, const struct report *report, uint32_t from,
			 int64_t now_ms)
{
	int64_t age_ms = now_ms - caller->made_at_ms;

	if (age_ms < SENDER_STANDING_MS || age_ms >= SENDER_STANDING_UNFIT_MS)
		return age_ms >= SENDER_STANDING_UNFIT_MS;
	return has_source_address(report, from);
}
