#include "collector/fleet_state.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/mem.h"

static enum status store_report_until(void *user, const char *key, int64_t until_ms,
				      struct arena *arena, struct record_report *out, char *error)
{
	return store_read_report_until(user, key, until_ms, arena, out, error);
}

static enum status store_body_hash(void *user, const char *agent_id, const char *epoch,
				   int64_t sequence, uint64_t *out, char *error)
{
	return store_read_body_hash(user, agent_id, epoch, sequence, out, error);
}

static enum status store_servers(void *user, store_each_server *each, void *each_user, char *error)
{
	return store_read_servers(user, each, each_user, error);
}

struct fleet_history fleet_history_of_store(struct store *store)
{
	return (struct fleet_history){
		.report_until = store_report_until,
		.body_hash = store_body_hash,
		.servers = store_servers,
		.user = store,
	};
}

struct fleet *fleet_new(struct fleet_history history)
{
	struct fleet *fleet = mem_alloc(sizeof *fleet);

	fleet->history = history;
	return fleet;
}

void fleet_free(struct fleet *fleet)
{
	fleet_servers_clear(fleet);
	free(fleet);
}

/* What fleet_load() passes through the store. */
struct loading {
	struct fleet *fleet;
	int64_t now_ms;
	char *error;
};

static enum status load_server(void *user, const struct record_server *row,
			       const struct record_report *latest)
{
	struct loading *loading = user;
	struct report_json_error why = { 0 };
	struct snapshot *snapshot = NULL;
	enum verdict verdict = VERDICT_UNKNOWN;

	enum status status = snapshot_read(latest->body, latest->body_size, latest->received_at_ms,
					   latest->age_s, &snapshot, &why);
	if (status != STATUS_OK || !verdict_from_name(row->verdict, &verdict)) {
		snprintf(loading->error, FLEET_ERROR_SIZE,
			 "could not read what is stored of the server '%s': %s %s", row->key,
			 why.pointer, why.detail);
		snapshot_unref(snapshot);
		return status != STATUS_OK ? status : STATUS_MALFORMED;
	}
	struct fleet_server *server = fleet_server_add(loading->fleet, snapshot);
	server->current = view_restore(snapshot, row->silent, row->since_ms, verdict,
				       row->verdict_json, row->adapters_json);
	server->published = view_ref(server->current);
	snapshot_unref(snapshot);
	/* One that is fresh although it was silent: the clock was set back. */
	server->silent = row->silent &&
			 snapshot_judged_at(server->latest, loading->now_ms) < loading->now_ms;
	if (!server->silent)
		fleet_expiry_set(loading->fleet, server);
	return STATUS_OK;
}

/* Reads and judges everything into a fleet that is empty. */
static enum status load(struct fleet *fleet, int64_t now_ms, struct changes *made,
			char error[FLEET_ERROR_SIZE])
{
	struct loading loading = { .fleet = fleet, .now_ms = now_ms, .error = error };

	enum status status =
		fleet->history.servers(fleet->history.user, load_server, &loading, error);
	now_ms = fleet_clock(fleet, now_ms);
	if (status == STATUS_OK)
		status = fleet_expire(fleet, now_ms, SIZE_MAX, made, error);
	if (status != STATUS_OK)
		return status;
	for (size_t i = 0; i < fleet->n_sites; i++)
		fleet_site_touch(fleet, fleet->sites[i]);
	fleet_assess_touched(fleet, now_ms, made);
	fleet_changes_close(made, false);
	return STATUS_OK;
}

enum status fleet_load(struct fleet *fleet, int64_t now_ms, struct changes **changes,
		       char error[FLEET_ERROR_SIZE])
{
	assert(!fleet->in_flight);
	struct fleet old = *fleet;
	*fleet = (struct fleet){
		.history = old.history,
		.last_changes_id = old.last_changes_id,
	};
	struct changes *made = fleet_changes_new(fleet, NULL, NULL, 0);
	enum status status = load(fleet, now_ms, made, error);
	if (status == STATUS_OK) {
		fleet_servers_clear(&old);
		*changes = made;
	} else {
		changes_free(made);
		fleet_servers_clear(fleet);
		*fleet = old;
	}
	return status;
}

int64_t fleet_next_expiry(const struct fleet *fleet)
{
	const struct fleet_server *first = fleet_expiry_first(fleet);

	if (fleet->stale)
		return 0; /* at once */
	return first ? first->expires_ms : INT64_MAX;
}

enum status fleet_advance(struct fleet *fleet, int64_t now_ms, struct changes **changes,
			  char error[FLEET_ERROR_SIZE])
{
	struct changes *made = fleet_changes_new(fleet, NULL, NULL, 0);

	now_ms = fleet_clock(fleet, now_ms);
	enum status status = fleet_expire(fleet, now_ms, FLEET_MAX_HOLDS, made, error);
	if (status == STATUS_OK)
		status = fleet_hold_stale(fleet, made, error);
	if (status != STATUS_OK) {
		changes_free(made);
		return status;
	}
	fleet_assess_touched(fleet, now_ms, made);
	fleet_changes_close(made, false);
	*changes = made;
	if (made->n_views == 0) {
		changes_free(made);
		*changes = NULL;
	}
	return STATUS_OK;
}

size_t fleet_count(const struct fleet *fleet)
{
	return fleet->n;
}

struct view *fleet_view(const struct fleet *fleet, size_t i)
{
	assert(i < fleet->n);
	return fleet->servers[i]->published;
}

struct view *fleet_find(const struct fleet *fleet, const char *host_name)
{
	char key[SNAPSHOT_KEY_SIZE];
	const struct fleet_server *server = fleet_server_find(fleet, snapshot_key(host_name, key));
	return server ? server->published : NULL;
}

static struct deal *deal_of(struct fleet_site *site)
{
	if (site->deal)
		return site->deal;
	const struct report **reports = mem_alloc_array(site->n, sizeof(struct report *));
	for (size_t i = 0; i < site->n; i++)
		reports[i] = &site->servers[i]->latest->report;
	site->deal = deal_new(reports, site->n);
	free(reports);
	return site->deal;
}

void fleet_deal(struct fleet *fleet, const char *key, struct arena *arena, struct deal_peer **out,
		size_t *n)
{
	const struct fleet_server *server = fleet_server_find(fleet, key);

	*out = NULL;
	*n = 0;
	if (server)
		deal_peers(deal_of(server->site), report_server_name(&server->latest->report),
			   arena, out, n);
}
