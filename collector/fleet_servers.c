#include "collector/fleet_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/mem.h"
#include "proto/text.h"

/* Room for one more element of an array that doubles. */
static void *with_room(void *array, size_t n, size_t *room, size_t size)
{
	if (n < *room)
		return array;
	*room = *room ? *room * 2 : 8;
	return mem_realloc(array, *room * size);
}

static const char *or_empty(const char *name)
{
	return name ? name : "";
}

static char *lower(char *text)
{
	for (char *c = text; *c; c++)
		*c = text_lower(*c);
	return text;
}

/* One text per site, as snapshot_compare_sites() tells them apart. To be passed to free(). */
static char *site_key(const struct snapshot *snapshot)
{
	const char *organization = or_empty(snapshot->report.exchange.organization);
	const char *site = or_empty(snapshot->report.exchange.site);
	bool is_alone = !*organization && !*site;
	size_t size = strlen(organization) + strlen(site) + strlen(snapshot->key) + 32;
	char *key = mem_alloc(size);

	if (is_alone)
		snprintf(key, size, "alone:%s", snapshot->key);
	else
		snprintf(key, size, "%zu:%s%s", strlen(organization), organization, site);
	return lower(key);
}

struct fleet_site *fleet_site_find(const struct fleet *fleet, const struct snapshot *snapshot)
{
	char *key = site_key(snapshot);
	struct fleet_site *site = text_map_get(&fleet->by_site, key);
	free(key);
	return site;
}

static struct fleet_site *find_or_add_site(struct fleet *fleet, const struct snapshot *snapshot)
{
	struct fleet_site *site = fleet_site_find(fleet, snapshot);
	if (site)
		return site;

	site = mem_alloc(sizeof *site);
	site->key = site_key(snapshot);
	fleet->sites = with_room(fleet->sites, fleet->n_sites, &fleet->sites_room,
				 sizeof(struct fleet_site *));
	fleet->sites[fleet->n_sites++] = site;
	text_map_add(&fleet->by_site, site->key, site);
	return site;
}

void fleet_site_touch(struct fleet *fleet, struct fleet_site *site)
{
	if (site->is_touched)
		return;
	site->is_touched = true;
	site->next_touched = fleet->touched;
	fleet->touched = site;
}

static void forget_deal(struct fleet_site *site)
{
	deal_free(site->deal);
	site->deal = NULL;
}

static void join_site(struct fleet *fleet, struct fleet_server *server)
{
	struct fleet_site *site = find_or_add_site(fleet, server->latest);

	site->servers =
		with_room(site->servers, site->n, &site->room, sizeof(struct fleet_server *));
	site->servers[site->n++] = server;
	server->site = site;
	forget_deal(site);
}

static void leave_site(struct fleet_server *server)
{
	struct fleet_site *site = server->site;

	for (size_t i = 0; i < site->n; i++) {
		if (site->servers[i] == server) {
			site->servers[i] = site->servers[--site->n];
			break;
		}
	}
	forget_deal(site);
}

const struct fleet_server *fleet_name_find(const struct fleet *fleet, const char *server_name)
{
	char *key = lower(mem_strdup(server_name));
	const struct fleet_name *name = text_map_get(&fleet->by_name, key);
	free(key);
	return name ? name->first : NULL;
}

static void join_name(struct fleet *fleet, struct fleet_server *server)
{
	char *key = lower(mem_strdup(report_server_name(&server->latest->report)));
	struct fleet_name *name = text_map_get(&fleet->by_name, key);

	if (name) {
		free(key);
	} else {
		name = mem_alloc(sizeof *name);
		name->key = key;
		fleet->names = with_room(fleet->names, fleet->n_names, &fleet->names_room,
					 sizeof(struct fleet_name *));
		fleet->names[fleet->n_names++] = name;
		text_map_add(&fleet->by_name, name->key, name);
	}
	server->name = name;
	server->next_of_name = name->first;
	name->first = server;
}

static void leave_name(struct fleet_server *server)
{
	struct fleet_server **at = &server->name->first;
	while (*at != server)
		at = &(*at)->next_of_name;
	*at = server->next_of_name;
}

static bool same_addresses(const struct report_adapter *a, const struct report_adapter *b)
{
	if (a->enabled != b->enabled || a->n_addresses != b->n_addresses)
		return false;
	for (size_t i = 0; i < a->n_addresses; i++) {
		if (strcmp(a->addresses[i], b->addresses[i]) != 0)
			return false;
	}
	return true;
}

/* Would both reports be dealt alike? */
static bool deals_alike(const struct report *a, const struct report *b)
{
	if (!text_equal(report_server_name(a), report_server_name(b)) ||
	    a->n_adapters != b->n_adapters)
		return false;
	for (size_t i = 0; i < a->n_adapters; i++) {
		if (!same_addresses(&a->adapters[i], &b->adapters[i]))
			return false;
	}
	return true;
}

int64_t fleet_clock(const struct fleet *fleet, int64_t now_ms)
{
	return now_ms > fleet->newest_ms ? now_ms : fleet->newest_ms;
}

static void note_time(struct fleet *fleet, const struct snapshot *latest)
{
	if (latest->at_ms > fleet->newest_ms)
		fleet->newest_ms = latest->at_ms;
}

struct fleet_server *fleet_server_find(const struct fleet *fleet, const char *key)
{
	return text_map_get(&fleet->by_key, key);
}

struct fleet_server *fleet_server_add(struct fleet *fleet, struct snapshot *latest)
{
	struct fleet_server *server = mem_alloc(sizeof *server);
	size_t room = fleet->room;

	note_time(fleet, latest);
	server->key = mem_strdup(latest->key);
	server->latest = snapshot_ref(latest);
	server->heap_at = FLEET_NOWHERE;
	fleet->servers =
		with_room(fleet->servers, fleet->n, &fleet->room, sizeof(struct fleet_server *));
	if (fleet->room != room)
		fleet->heap = mem_realloc(fleet->heap, fleet->room * sizeof(struct fleet_server *));
	fleet->servers[fleet->n++] = server;
	text_map_add(&fleet->by_key, server->key, server);
	join_site(fleet, server);
	join_name(fleet, server);
	return server;
}

void fleet_server_set_latest(struct fleet *fleet, struct fleet_server *server,
			     struct snapshot *latest)
{
	struct snapshot *old = server->latest;

	note_time(fleet, latest);
	leave_name(server);
	server->latest = snapshot_ref(latest);
	join_name(fleet, server);
	if (snapshot_compare_sites(old, latest) != 0) {
		fleet_site_touch(fleet, server->site);
		leave_site(server);
		join_site(fleet, server);
	} else if (!deals_alike(&old->report, &latest->report)) {
		forget_deal(server->site);
	}
	snapshot_unref(old);
}

static void free_server(struct fleet_server *server)
{
	snapshot_unref(server->latest);
	view_unref(server->current);
	view_unref(server->published);
	free(server->key);
	free(server);
}

static void free_site(struct fleet_site *site)
{
	forget_deal(site);
	free(site->servers);
	free(site->key);
	free(site);
}

void fleet_servers_clear(struct fleet *fleet)
{
	for (size_t i = 0; i < fleet->n; i++)
		free_server(fleet->servers[i]);
	for (size_t i = 0; i < fleet->n_sites; i++)
		free_site(fleet->sites[i]);
	for (size_t i = 0; i < fleet->n_names; i++) {
		free(fleet->names[i]->key);
		free(fleet->names[i]);
	}
	free(fleet->servers);
	free(fleet->names);
	free(fleet->sites);
	free(fleet->heap);
	text_map_deinit(&fleet->by_key);
	text_map_deinit(&fleet->by_site);
	text_map_deinit(&fleet->by_name);
	fleet->servers = NULL;
	fleet->sites = NULL;
	fleet->names = NULL;
	fleet->heap = NULL;
	fleet->n = fleet->room = fleet->n_sites = fleet->sites_room = 0;
	fleet->n_names = fleet->names_room = fleet->n_heap = 0;
	fleet->stale = NULL;
	fleet->touched = NULL;
}
