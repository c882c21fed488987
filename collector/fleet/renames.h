/*
 * What a machine was called before. A machine whose name changes enrols anew, as
 * another server, and the old name falls silent. The addresses of its network cards stay: a silent
 * server probably reports under the name of whoever has one of them, reported later, and never
 * before the silent one's last report. A name that two live machines could be is not given.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/fleet/fleet.h"

struct fleet_card;
struct fleet_server;

/* Every network card of the fleet's latest reports, by its address: a hash table. */
struct card_index {
	struct fleet_card **buckets;
	size_t n_buckets; /* a power of two, or 0 */
	size_t n;
};

/* Forgets all cards, which are freed with their servers. */
void fleet_renames_clear(struct card_index *cards);

/* Takes over the network cards of the server's latest report. */
void fleet_renames_set_cards(struct fleet *fleet, struct fleet_server *server,
			     const struct report *report);
void fleet_renames_drop_cards(struct fleet *fleet, struct fleet_server *server);

/* The name under which a silent server probably reports now, or NULL; until it is judged again. */
enum status fleet_renames_find(struct fleet *fleet, const struct fleet_server *server,
			       const char **name, char error[FLEET_ERROR_SIZE]);

/* A machine that reports under another name now holds no address under this one. */
void fleet_renames_update_addresses(const struct fleet_server *server);

/* Was a server that has a new name by now seen under it at a moment in the past? */
enum status fleet_renames_was_renamed(struct fleet *fleet, const struct fleet_server *server,
				      int64_t at_ms, bool *out, char error[FLEET_ERROR_SIZE]);

/* After a server's report: silent servers may be the same machine. */
enum status fleet_renames_update_silent(struct fleet *fleet, const struct fleet_server *server,
					struct changes *changes, char error[FLEET_ERROR_SIZE]);

/*
 * After a late report of a server: silent servers that were heard of after it are other machines.
 */
void fleet_renames_take_back(const struct fleet *fleet, const struct fleet_server *server,
			     int64_t at_ms, struct changes *changes);

/* Before a server is dropped: drops its cards, and finds the names of silent servers anew. */
enum status fleet_renames_leave(struct fleet *fleet, struct fleet_server *server,
				struct changes *changes, char error[FLEET_ERROR_SIZE]);

/* After loading: finds the new names of silent servers. */
enum status fleet_renames_load(struct fleet *fleet, char error[FLEET_ERROR_SIZE]);
