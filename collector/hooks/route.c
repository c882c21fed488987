#include "collector/hooks/route.h"

#include "collector/base/pattern.h"
#include "proto/base/arena.h"

static bool takes_site(const struct hook_route *route, const char *organization, const char *site)
{
	struct arena arena;
	bool takes = false;

	arena_init(&arena);
	const char *whole = arena_printf(&arena, "%s/%s", organization, site);
	for (size_t i = 0; i < route->n_sites && !takes; i++)
		takes = pattern_matches(route->sites[i], whole);
	arena_deinit(&arena);
	return takes;
}

bool hook_route_takes(const struct hook_route *route, enum condition condition,
		      const char *organization, const char *site)
{
	if (!(route->conditions & CONDITION_BIT(condition)))
		return false;
	return route->n_sites == 0 ||
	       (!condition_is_own(condition) && takes_site(route, organization, site));
}
