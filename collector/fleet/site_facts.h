/*
 * The facts of a site as the fleet knows them, for what-if and plan. Copies: what happens in the
 * fleet afterwards does not change them. The loop's thread only, but for what is read already.
 */
#pragma once

#include "collector/fleet/fleet.h"
#include "collector/plans/site_facts.h"

struct fleet_site_facts;

/*
 * STATUS_NOT_FOUND  no server of such a site has reported
 * STATUS_LIMIT      it has more than SITE_FACTS_MAX_SERVERS
 */
enum status fleet_site_facts_new(struct fleet *fleet, const char *organization, const char *site,
				 struct fleet_site_facts **out);
void fleet_site_facts_free(struct fleet_site_facts *facts);

struct site_facts *fleet_site_facts_get(struct fleet_site_facts *facts);

/*
 * Reads the report of a server that has none yet, for whoever needs all of them. Where another one
 * has come meanwhile, the facts of the server become that one's; where the server has gone, it is
 * silent here. Not while a what-if uses the facts.
 */
enum status fleet_site_facts_read(struct fleet_site_facts *facts, size_t server,
				  char error[FLEET_ERROR_SIZE]);

/*
 * Nothing more is asked of the fleet from then on, so that another thread may have the facts: every
 * report is read, and every name that a report tells was asked about by a what-if.
 */
void fleet_site_facts_seal(struct fleet_site_facts *facts);

/* Why the last report could not be read that a what-if asked for; "" where none was. */
const char *fleet_site_facts_error(const struct fleet_site_facts *facts);
