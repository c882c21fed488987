/*
 * The reports of report.lua, for measuring without a network: `servers_per_site` to a site, each
 * with two adapters that probe 16 peers, some 4 KB of JSON. In each site every tenth server is
 * exposed. What changes from one report to the next, and from these to those of report.lua, is what
 * changes in life: times, durations, milliseconds, the sequence.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define CROWD_BODY_SIZE 16384

struct crowd {
	size_t n;
	size_t servers_per_site;
};

/* The host name of a server. Returns `name`. */
char *crowd_name(const struct crowd *crowd, size_t server, char name[32]);

/*
 * Writes the `round`th report of a server into `body`, of agent `id`; returns its size.
 */
size_t crowd_body(const struct crowd *crowd, size_t server, int64_t round, const char *id,
		  char body[CROWD_BODY_SIZE]);
