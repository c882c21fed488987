/*
 * Inside the fleet: its servers and sites, and what its parts do for each other. Only fleet*.c
 * include this; collector/fleet.h is the contract.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/deal.h"
#include "collector/fleet.h"
#include "collector/snapshot.h"
#include "collector/text_map.h"
#include "collector/view.h"

struct fleet_site;
struct fleet_name;

struct fleet_server {
	char *key;
	struct snapshot *latest;
	struct view *current;   /* as judged last; ahead of `published` until the commit */
	struct view *published; /* NULL until its first commit */
	struct fleet_site *site;
	struct fleet_name *name;
	struct fleet_server *next_of_name;
	bool silent;

	int64_t expires_ms; /* when its latest report ceases to be fresh */
	size_t heap_at;     /* its place among the expiries; FLEET_NOWHERE while it is silent */

	bool is_stale; /* silent, and a late report may change what is held of it */
	struct fleet_server *next_stale;

	uint64_t changes_id; /* of the change set that has a view of it... */
	size_t changes_at;   /* ...and which one */
};

#define FLEET_NOWHERE SIZE_MAX

struct fleet_site {
	char *key;
	struct fleet_server **servers;
	size_t n;
	size_t room;
	struct deal *deal; /* NULL: to be made when it is asked for */
	bool is_touched;   /* to be assessed again before the call ends */
	struct fleet_site *next_touched;
};

/* The machines that carry one Exchange server name, wherever they are. */
struct fleet_name {
	char *key; /* in lower case */
	struct fleet_server *first;
};

struct fleet {
	struct fleet_history history;
	struct text_map by_key;
	struct fleet_server **servers; /* in order of arrival */
	size_t n;
	size_t room;
	struct text_map by_site;
	struct fleet_site **sites;
	size_t n_sites;
	size_t sites_room;
	struct text_map by_name;
	struct fleet_name **names;
	size_t n_names;
	size_t names_room;

	struct fleet_server **heap; /* by expires_ms, the next one first; room as `servers` */
	size_t n_heap;
	struct fleet_server *stale; /* in no order */
	struct fleet_site *touched;

	struct changes *in_flight; /* with a report that is not durable yet */
	uint64_t last_changes_id;
	int64_t newest_ms; /* the latest time of a report: it is never earlier than that here */
};

/* fleet_servers.c: servers and sites as such. */

/* The server of that key, or NULL. */
struct fleet_server *fleet_server_find(const struct fleet *fleet, const char *key);

/* A new server with its first report; not judged, not among the expiries. */
struct fleet_server *fleet_server_add(struct fleet *fleet, struct snapshot *latest);

/* Makes it the latest report; moves the server where it names another site. */
void fleet_server_set_latest(struct fleet *fleet, struct fleet_server *server,
			     struct snapshot *latest);

/* The site that a report names, or NULL where no server ever did. */
struct fleet_site *fleet_site_find(const struct fleet *fleet, const struct snapshot *snapshot);

/*
 * `now_ms`, or the latest time of a report where the system's clock was set back: no report may lie
 * after the moment that it is judged at.
 */
int64_t fleet_clock(const struct fleet *fleet, int64_t now_ms);

/* The first of the machines that carry an Exchange server name, without case, or NULL. */
const struct fleet_server *fleet_name_find(const struct fleet *fleet, const char *server_name);

/* To be assessed by fleet_assess_touched(). */
void fleet_site_touch(struct fleet *fleet, struct fleet_site *site);

/* Frees all servers and sites. */
void fleet_servers_clear(struct fleet *fleet);

/* fleet_expiry.c: when reports cease to be fresh. */

/* From now on the server expires when its latest report ceases to be fresh. */
void fleet_expiry_set(struct fleet *fleet, struct fleet_server *server);
void fleet_expiry_drop(struct fleet *fleet, struct fleet_server *server);

/* The server that expires next, or NULL. */
struct fleet_server *fleet_expiry_first(const struct fleet *fleet);

/* fleet_judge.c: verdicts. */

/* Judges what is fresh in every touched site. */
void fleet_assess_touched(struct fleet *fleet, int64_t now_ms, struct changes *changes);

/*
 * Judges a silent server at its last fresh moment, from the reports collected until then.
 *
 * STATUS_SYSTEM ...  an earlier report could not be read
 */
enum status fleet_hold(struct fleet *fleet, struct fleet_server *server, struct changes *changes,
		       char error[FLEET_ERROR_SIZE]);

/* A report of that time came late to the site: what silent servers saw may have to be judged again.
 */
void fleet_mark_stale(struct fleet *fleet, const struct fleet_site *site, int64_t at_ms);

/* Judges up to FLEET_MAX_HOLDS of them again. */
enum status fleet_hold_stale(struct fleet *fleet, struct changes *changes,
			     char error[FLEET_ERROR_SIZE]);

/* Makes silent what has expired by `now_ms`, `limit` servers at most; touches their sites. */
enum status fleet_expire(struct fleet *fleet, int64_t now_ms, size_t limit, struct changes *changes,
			 char error[FLEET_ERROR_SIZE]);

/* fleet_changes.c: change sets. */

/* `snapshot` and `body`: of the report that it stores, or NULL. */
struct changes *fleet_changes_new(struct fleet *fleet, struct snapshot *snapshot, const char *body,
				  size_t size);

/* Takes the reference `view`: it is what the server looks like from now on. */
void fleet_changes_add(struct changes *changes, struct fleet_server *server, struct view *view);

/* Makes the rows; nothing is added afterwards. `latest`: its report is the latest of its server. */
void fleet_changes_close(struct changes *changes, bool latest);

/* The report of that identity that is on its way to the store, or NULL. */
struct snapshot *fleet_changes_find(const struct fleet *fleet, const char *agent_id,
				    const char *epoch, int64_t sequence);

/* The latest report of a server until a moment, among those on their way to the store, or NULL. */
struct snapshot *fleet_changes_find_until(const struct fleet *fleet, const char *key,
					  int64_t until_ms);
