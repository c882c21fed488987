#include "collector/hooks/route.h"

#include "collector/base/pattern.h"

bool hook_route_takes_site(const struct hook_route *route, const char *organization,
			   const char *site)
{
	for (size_t i = 0; i < route->n_sites; i++) {
		if (pattern_matches_place(route->sites[i], organization, site))
			return true;
	}
	return route->n_sites == 0;
}

bool hook_route_takes(const struct hook_route *route, enum condition condition,
		      const char *organization, const char *site)
{
	if (!(route->conditions & CONDITION_BIT(condition)))
		return false;
	if (condition_is_own(condition))
		return route->n_sites == 0;
	if (condition == CONDITION_SURROUNDINGS && !*organization && !*site)
		return true;
	return hook_route_takes_site(route, organization, site);
}
