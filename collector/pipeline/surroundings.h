/*
 * Are most servers silent at once, of a site or of all? Then it is hardly they who are
 * silent, but what lies between them and the collector.
 */
#pragma once

#include <stdint.h>

#include "collector/alerts/alerts.h"
#include "collector/fleet/fleet.h"

/* Fewer silent servers are told one by one. */
#define SURROUNDINGS_MIN_SERVERS 5

/*
 * Looks at all servers, and brings the alerts up to date with what it finds. The collector could
 * hear from `heard_from_ms` on: nobody was silent before.
 */
void surroundings_update(struct alerts *alerts, const struct fleet *fleet, int64_t heard_from_ms,
			 int64_t now_ms, struct alert_changes *out);
