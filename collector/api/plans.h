/*
 * What what-if and plan share of the calls; only what_if.c and plan.c include this.
 */
#pragma once

#include "collector/fleet/site_facts.h"
#include "collector/http/call.h"

/* The facts of the site of the path. NULL: the call is answered. */
struct fleet_site_facts *api_site_facts(struct call *call);
