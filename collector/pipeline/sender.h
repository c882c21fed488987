/*
 * How far an agent's word on its own addresses is believed (collector/fleet/probe_mesh.h).
 *
 * Where a report comes from shows little: a report may come through address translation, a proxy of
 * the site's or one that nobody named to the collector, and all of that is honest. So an address
 * that does not fit hides nothing and refuses nothing: it only takes longer until its agent stands
 * for its server. One that fits proves that one address, and none of the others.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "collector/model/principal.h"
#include "proto/report/report.h"

/*
 * An agent stands for its server so long after it enrolled: time enough to see in the list of
 * agents who does not belong there. Where its reports come from an address that they do not name,
 * longer.
 */
#define SENDER_STANDING_MS       (INT64_C(86400) * 1000)
#define SENDER_STANDING_UNFIT_MS (7 * SENDER_STANDING_MS)

/* Does it, by its own report that came from the IPv4 address `from`? 0: that shows nothing. */
bool sender_has_standing(const struct principal *caller, const struct report *report, uint32_t from,
			 int64_t now_ms);
