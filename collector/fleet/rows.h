/*
 * What the fleet publishes: a row for each server in the order of the keys, as stored last. A row
 * may outlive its server until the removal is durable.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "collector/fleet/fleet.h"

struct fleet_server;

struct published {
	struct fleet_row *rows;
	size_t n;
	size_t room;
	struct name_index names; /* by number of the rows */
	uint64_t membership;     /* grows when a row comes or goes */
};

/* Puts or replaces the row of a view; `server` is NULL where it is removed by now. */
void fleet_row_put(struct fleet *fleet, const struct fleet_server *server, struct view *view);
void fleet_row_drop(struct fleet *fleet, const char *key);

/* Takes over what a load found out about adapters after it had put the rows. */
void fleet_rows_renew_adapters(struct published *published);
void fleet_rows_clear(struct published *published);
