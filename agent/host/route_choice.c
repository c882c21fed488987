#include "agent/host/route_choice.h"

/* Masks are ones from the left: the longer one is the larger number. */
static bool is_better(const struct route *a, const struct route *b)
{
	return a->mask != b->mask ? a->mask > b->mask : a->metric < b->metric;
}

void route_choice_weigh(struct route_choice *choice, const struct route *route, uint32_t address)
{
	if ((address & route->mask) != route->to)
		return;
	if (!choice->found || is_better(route, &choice->best))
		*choice = (struct route_choice){ .found = true, .best = *route };
	else if (!is_better(&choice->best, route) && route->adapter != choice->best.adapter)
		choice->is_tie = true;
}
