#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "collector/base/hash.h"
#include "collector/fleet/internal.h"
#include "collector/model/report_diff.h"
#include "proto/base/casefold.h"
#include "proto/base/mem.h"

int64_t fleet_clock(const struct fleet *fleet, int64_t now_ms)
{
	return now_ms > fleet->newest_ms ? now_ms : fleet->newest_ms;
}

int64_t fleet_newest_ms(const struct fleet *fleet)
{
	return fleet->newest_ms;
}

struct fleet_server *fleet_server_find(const struct fleet *fleet, const char *key)
{
	return text_map_get(&fleet->by_key, key);
}

/* A number for an agent's id and epoch: sequences compare within them. */
uint64_t fleet_agent_epoch_hash(const struct report *report)
{
	const char *id = report->agent.id ? report->agent.id : "";
	const char *epoch = report->agent.epoch ? report->agent.epoch : "";

	return hash_bytes(id, strlen(id)) * 31 + hash_bytes(epoch, strlen(epoch));
}

bool fleet_server_is_later(const struct fleet_server *server, const struct snapshot *snapshot)
{
	if (snapshot->at_ms != server->member->at_ms)
		return snapshot->at_ms > server->member->at_ms;
	if (fleet_agent_epoch_hash(&snapshot->report) == server->agent_epoch_hash)
		return snapshot->report.sequence > server->sequence;
	return true; /* nothing tells them apart: what came last counts (snapshot_is_later) */
}

/* Takes over what is remembered of the latest report beside its member. */
static void note_latest(struct fleet *fleet, struct fleet_server *server,
			const struct snapshot *latest)
{
	assert(strcmp(server->key, latest->key) == 0);
	if (latest->at_ms > fleet->newest_ms)
		fleet->newest_ms = latest->at_ms;
	server->agent_epoch_hash = fleet_agent_epoch_hash(&latest->report);
	server->sequence = latest->report.sequence;
	fleet_renames_set_cards(fleet, server, &latest->report);
	server->is_judged = false;
	server->stands = latest->stands;
}

static struct site_member *new_member(struct fleet_server *server, const struct snapshot *latest)
{
	struct site_member *member = site_member_new(&latest->report, latest->at_ms, NULL);

	member->user = server;
	return member;
}

/* Is it the only one of its name in its site? */
static bool is_alone_of_name(const struct fleet_server *server)
{
	const struct site_peer *self = server->member->self;
	return !self->members->next_of_name;
}

static void join_site(struct fleet *fleet, struct fleet_server *server, bool fresh)
{
	assert(server->site && server->member->user == server);
	fleet_name_join(fleet, server);
	site_index_put(&server->site->index, server->member, fresh, NULL);
	if (is_alone_of_name(server))
		probe_mesh_join(&server->site->mesh, server->member->self);
	if (server->stands)
		probe_mesh_promote(&server->site->mesh, server->member->self);
	fleet_site_touch(server->site);
}

static void leave_site(struct fleet_server *server)
{
	assert(server->name && server->member->user == server);
	if (is_alone_of_name(server))
		probe_mesh_leave(&server->site->mesh, server->member->self);
	fleet_name_leave(server);
	site_index_remove(&server->site->index, server->member);
	fleet_site_touch(server->site);
}

struct fleet_server *fleet_server_add(struct fleet *fleet, const struct snapshot *latest,
				      bool fresh)
{
	size_t size = strlen(latest->key) + 1;
	struct fleet_server *server = mem_alloc(sizeof *server + size);

	memcpy(server->key, latest->key, size);
	server->expiry_slot = EXPIRY_NOT_QUEUED;
	fleet->servers = mem_make_room(fleet->servers, fleet->n, &fleet->room,
				       sizeof(struct fleet_server *));
	fleet->servers[fleet->n++] = server;
	text_map_add(&fleet->by_key, server->key, server);
	note_latest(fleet, server, latest);
	server->fingerprint = report_diff_fingerprint(&latest->report);
	server->member = new_member(server, latest);
	server->site = fleet_site_find_or_add(fleet, latest);
	join_site(fleet, server, fresh);
	return server;
}

void fleet_server_set_latest(struct fleet *fleet, struct fleet_server *server,
			     const struct snapshot *latest, bool fresh)
{
	struct fleet_site *site = fleet_site_find_or_add(fleet, latest);
	struct site_member *old = server->member;
	struct site_member *member = new_member(server, latest);
	bool stood = server->stands;

	note_latest(fleet, server, latest);
	if (server->stands != stood)
		probe_mesh_note_standing(&server->site->mesh);
	if (site == server->site && old->name_hash == member->name_hash &&
	    casefold_equal(site_member_name(old), site_member_name(member))) {
		site_index_put(&site->index, member, fresh, old);
		server->member = member;
		if (server->stands && !stood)
			probe_mesh_promote(&site->mesh, member->self);
		fleet_site_touch(site);
	} else {
		leave_site(server);
		server->member = member;
		server->site = site;
		join_site(fleet, server, fresh);
	}
	fleet_drift_follow_peers(server, old, member);
	free(old);
}

void fleet_server_set_silent(struct fleet_server *server)
{
	assert(server->expiry_slot == EXPIRY_NOT_QUEUED);
	server->silent = true;
	if (server->member->fresh_until_ms > server->site->silent_until_ms)
		server->site->silent_until_ms = server->member->fresh_until_ms;
}

static void free_server(struct fleet_server *server)
{
	free(server->member);
	free(server->cards);
	free(server->drift);
	snapshot_unref(server->unstored);
	view_unref(server->current);
	free(server);
}

void fleet_server_drop(struct fleet *fleet, struct fleet_server *server)
{
	size_t i = 0;

	assert(server->expiry_slot == EXPIRY_NOT_QUEUED);
	for (; fleet->servers[i] != server; i++)
		assert(i + 1 < fleet->n);
	fleet->servers[i] = fleet->servers[--fleet->n];
	text_map_remove(&fleet->by_key, server->key);
	fleet_renames_drop_cards(fleet, server);
	leave_site(server);
	free_server(server);
}

void fleet_servers_clear(struct fleet *fleet)
{
	fleet_sites_clear(fleet);
	for (size_t i = 0; i < fleet->n; i++)
		free_server(fleet->servers[i]);
	fleet_rows_clear(&fleet->published);
	fleet_imports_clear(fleet);
	free(fleet->servers);
	expiry_heap_clear(&fleet->expiry);
	fleet_renames_clear(&fleet->cards);
	text_map_deinit(&fleet->removals);
	arena_deinit(&fleet->removals_arena);
	text_map_deinit(&fleet->by_key);
	fleet->servers = NULL;
	fleet->n = fleet->room = 0;
	fleet->to_rejudge = NULL;
	fleet->touched = NULL;
}
