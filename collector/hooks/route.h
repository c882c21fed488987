/*
 * The route of a hook: which alerts go there.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "collector/model/condition.h"

struct hook_route {
	const char **sites;  /* "ORGANIZATION/SITE" with '*' and '?', without case */
	size_t n_sites;      /* 0: all */
	unsigned conditions; /* CONDITION_BIT() of each */
	bool send_resolved;
};

/* Do alerts of servers there go there, whatever their condition? */
bool hook_route_takes_site(const struct hook_route *route, const char *organization,
			   const char *site);

/*
 * Does an alert of this condition go there, as far as its site tells? One of the collector itself
 * (its site is "") goes where no sites were named; one of the surroundings of all everywhere, for
 * what is wrong at each site is inside it.
 */
bool hook_route_takes(const struct hook_route *route, enum condition condition,
		      const char *organization, const char *site);
