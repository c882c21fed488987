#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/fleet/internal.h"
#include "proto/base/casefold.h"
#include "proto/base/mem.h"

static const char *or_empty(const char *name)
{
	return name ? name : "";
}

/* Stands between the parts of a site's key: a byte that no UTF-8 has. */
#define SEPARATOR '\xFF'

/* Room for the longest key of a site, or of a name. */
#define KEY_SIZE (3 * REPORT_MAX_STRING + 32)

/* One text per site, as snapshot_compare_sites() tells them apart. Returns `key`. */
static const char *site_key(const struct snapshot *snapshot, char key[KEY_SIZE])
{
	const char *organization = or_empty(snapshot->report.exchange.organization);
	const char *site = or_empty(snapshot->report.exchange.site);
	char *at = key;

	at += casefold_copy(at, organization);
	*at++ = SEPARATOR;
	at += casefold_copy(at, site);
	if (!*organization && !*site) {
		*at++ = SEPARATOR;
		memcpy(at, snapshot->key, strlen(snapshot->key) + 1); /* folded as that of a host */
	}
	assert((size_t)(at - key) < KEY_SIZE);
	return key;
}

struct fleet_site *fleet_site_find(const struct fleet *fleet, const struct snapshot *snapshot)
{
	char key[KEY_SIZE];
	return text_map_get(&fleet->by_site, site_key(snapshot, key));
}

static struct fleet_name *find_name(const struct fleet *fleet, const char *server_name)
{
	char key[KEY_SIZE];

	if (strlen(server_name) >= sizeof key)
		return NULL;
	casefold_copy(key, server_name);
	return text_map_get(&fleet->by_name, key);
}

static struct fleet_name *find_or_add_name(struct fleet *fleet, const char *server_name)
{
	struct fleet_name *name = find_name(fleet, server_name);
	size_t size = strlen(server_name) + 1;

	if (name)
		return name;
	name = mem_alloc(sizeof *name + size);
	casefold_copy(name->key, server_name);
	fleet->names = mem_make_room(fleet->names, fleet->n_names, &fleet->names_room,
				     sizeof(struct fleet_name *));
	fleet->names[fleet->n_names++] = name;
	text_map_add(&fleet->by_name, name->key, name);
	return name;
}

const struct fleet_server *fleet_name_find(const struct fleet *fleet, const char *server_name)
{
	const struct fleet_name *name = find_name(fleet, server_name);
	return name ? name->first : NULL;
}

/* The site is to be told when the answer may change. */
static void note_asker(struct fleet_name *name, struct fleet_site *site)
{
	for (size_t i = 0; i < name->n_askers; i++) {
		if (name->askers[i] == site)
			return;
	}
	name->askers =
		mem_realloc(name->askers, (name->n_askers + 1) * sizeof(struct fleet_site *));
	name->askers[name->n_askers++] = site;
}

static bool is_elsewhere(void *user, const char *server_name)
{
	struct fleet_site *site = user;
	struct fleet_name *name = find_or_add_name(site->fleet, server_name);

	note_asker(name, site);
	for (const struct fleet_server *s = name->first; s; s = s->next_of_name) {
		if (s->site != site)
			return true;
	}
	return false;
}

static bool stands(const struct site_member *member)
{
	const struct fleet_server *server = member->user;
	return server->stands;
}

struct fleet_site *fleet_site_find_or_add(struct fleet *fleet, const struct snapshot *snapshot)
{
	char key[KEY_SIZE];
	struct fleet_site *site = text_map_get(&fleet->by_site, site_key(snapshot, key));
	size_t size = strlen(key) + 1;

	if (site)
		return site;
	site = mem_alloc(sizeof *site + size);
	memcpy(site->key, key, size);
	site->fleet = fleet;
	site->number = (uint32_t)fleet->n_sites;
	site->organization = mem_strdup(or_empty(snapshot->report.exchange.organization));
	site->name = mem_strdup(or_empty(snapshot->report.exchange.site));
	site->silent_until_ms = INT64_MIN;
	site->mesh.stands = stands;
	site_index_init(&site->index, NULL);
	site_index_ask(&site->index, is_elsewhere, site);
	fleet->sites = mem_make_room(fleet->sites, fleet->n_sites, &fleet->sites_room,
				     sizeof(struct fleet_site *));
	fleet->sites[fleet->n_sites++] = site;
	text_map_add(&fleet->by_site, site->key, site);
	return site;
}

void fleet_site_touch(struct fleet_site *site)
{
	if (site->is_touched)
		return;
	site->is_touched = true;
	site->next_touched = site->fleet->touched;
	site->fleet->touched = site;
}

/* Has the sites ask again that asked who carries the name. */
static void notify_askers(const struct fleet_name *name)
{
	for (size_t i = 0; i < name->n_askers; i++) {
		site_index_ask_again(&name->askers[i]->index, name->key);
		fleet_site_touch(name->askers[i]);
	}
}

void fleet_name_join(struct fleet *fleet, struct fleet_server *server)
{
	struct fleet_name *name = find_or_add_name(fleet, site_member_name(server->member));

	assert(!server->next_of_name);
	server->name = name;
	server->next_of_name = name->first;
	name->first = server;
	notify_askers(name);
}

void fleet_name_leave(struct fleet_server *server)
{
	struct fleet_server **at = &server->name->first;

	for (; *at != server; at = &(*at)->next_of_name)
		assert(*at);
	*at = server->next_of_name;
	notify_askers(server->name);
}

static void free_site(struct fleet_site *site)
{
	site_index_deinit(&site->index);
	probe_mesh_deinit(&site->mesh);
	free(site->organization);
	free(site->name);
	free(site);
}

void fleet_sites_clear(struct fleet *fleet)
{
	for (size_t i = 0; i < fleet->n_sites; i++)
		free_site(fleet->sites[i]);
	for (size_t i = 0; i < fleet->n_names; i++) {
		free(fleet->names[i]->askers);
		free(fleet->names[i]);
	}
	free(fleet->names);
	free(fleet->sites);
	text_map_deinit(&fleet->by_site);
	text_map_deinit(&fleet->by_name);
	fleet->sites = NULL;
	fleet->names = NULL;
	fleet->n_sites = fleet->sites_room = fleet->n_names = fleet->names_room = 0;
}
