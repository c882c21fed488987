#include "collector/fleet/internal.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/base/hash.h"
#include "proto/base/mem.h"

struct fleet *fleet_new(const struct store_connection *store)
{
	struct fleet *fleet = mem_alloc(sizeof *fleet);

	fleet->store = store;
	arena_init(&fleet->removals_arena);
	return fleet;
}

void fleet_free(struct fleet *fleet)
{
	assert(LIST_EMPTY(&fleet->aheads));
	fleet_servers_clear(fleet);
	free(fleet);
}

/* The state of fleet_read() that it passes through the store. */
struct loading {
	struct fleet *fleet;
	int64_t now_ms;
	const atomic_bool *stop;
	char *error;
};

/* The view of a server as it was stored, and its drift. */
static struct view *restore_view(const struct record_server *row, const struct snapshot *latest,
				 enum verdict verdict, char **drift)
{
	char *findings;

	view_read_stored(row->verdict_json, &findings, drift);
	struct view_verdict stored = {
		.verdict = verdict,
		.silent = row->silent,
		.adapters = view_stored_adapter_states(row->adapters_json),
		.since_ms = row->since_ms,
		.findings_json = findings,
		.drift = *drift,
	};
	struct view *view = view_make(latest, &stored);
	free(findings);
	return view;
}

static enum status load_server(void *user, const struct record_server *row,
			       const struct record_report *latest)
{
	struct loading *loading = user;
	struct fleet *fleet = loading->fleet;
	struct snapshot *snapshot = NULL;
	enum verdict verdict = VERDICT_UNKNOWN;

	if (loading->stop && *loading->stop)
		return STATUS_REFUSED;
	if (!verdict_from_name(row->verdict, &verdict)) {
		snprintf(loading->error, FLEET_ERROR_SIZE,
			 "the server '%s' is stored with the verdict '%s', which is none", row->key,
			 row->verdict);
		return STATUS_MALFORMED;
	}
	enum status status = fleet_parse_stored(latest, &snapshot, loading->error);
	if (status != STATUS_OK)
		return status;
	/* A server that is fresh although it was silent: the clock was set back. */
	bool silent =
		row->silent && snapshot_judged_at(snapshot, loading->now_ms) < loading->now_ms;
	struct fleet_server *server = fleet_server_add(fleet, snapshot, !silent);
	server->current = restore_view(row, snapshot, verdict, &server->drift);
	fleet_row_put(fleet, server, server->current);
	server->is_judged = row->silent == silent;
	server->reach = hash_bytes(row->adapters_json, strlen(row->adapters_json));
	snapshot_unref(snapshot);
	if (silent)
		fleet_server_set_silent(server);
	else
		expiry_heap_put(&fleet->expiry, server);
	return STATUS_OK;
}

static enum status load_removal(void *user, const struct record_removal *removal)
{
	fleet_note_removal(user, removal);
	return STATUS_OK;
}

/*
 * Reads everything into a fleet that is empty. The stored verdicts were made from the stored
 * reports, so nobody has to be judged again but for what time has changed since.
 */
static enum status load_all(struct loading *loading, struct changes *made)
{
	struct fleet *fleet = loading->fleet;
	char *error = loading->error;

	enum status status = store_read_removals(fleet->store, load_removal, fleet, error);
	if (status == STATUS_OK)
		status = store_read_servers(fleet->store, load_server, loading, error);
	if (status == STATUS_OK)
		status = fleet_renames_load(fleet, error);
	for (size_t i = 0; i < fleet->n_sites && status == STATUS_OK; i++)
		fleet_restore_signatures(fleet->sites[i]);
	fleet_rows_renew_adapters(&fleet->published);
	int64_t now_ms = fleet_clock(fleet, loading->now_ms);
	if (status == STATUS_OK)
		status = fleet_expire(fleet, now_ms, FLEET_MAX_EXPIRED, made, error);
	if (status == STATUS_OK)
		status = fleet_assess_touched(fleet, now_ms, made, error);
	if (status == STATUS_OK)
		fleet_changes_close(made, false);
	return status;
}

enum status fleet_read(const struct store_connection *store, int64_t now_ms,
		       const atomic_bool *stop, struct fleet **out, struct changes **changes,
		       char error[FLEET_ERROR_SIZE])
{
	struct loading loading = { fleet_new(store), now_ms, stop, error };
	struct changes *made = fleet_changes_new(loading.fleet, NULL, NULL, 0);

	error[0] = '\0';
	enum status status = load_all(&loading, made);
	if (status == STATUS_OK) {
		*out = loading.fleet;
		*changes = made;
	} else {
		changes_free(made);
		fleet_free(loading.fleet);
	}
	return status;
}

void fleet_become(struct fleet *fleet, struct fleet *read, struct changes *changes)
{
	struct fleet before = *fleet;

	assert(before.flights.n == 0 && read->flights.n == 0);
	*fleet = *read;
	fleet->store = before.store;
	fleet->aheads = before.aheads;
	fleet_ahead_outdate(fleet, NULL);
	fleet->published.membership = before.published.membership + 1;
	if (before.flights.last_id > fleet->flights.last_id)
		fleet->flights.last_id = before.flights.last_id;
	for (size_t i = 0; i < fleet->n_sites; i++)
		fleet->sites[i]->fleet = fleet;
	changes->fleet = fleet;
	fleet_servers_clear(&before);
	free(read);
}

enum status fleet_load(struct fleet *fleet, int64_t now_ms, struct changes **changes,
		       char error[FLEET_ERROR_SIZE])
{
	struct fleet *read;

	enum status status = fleet_read(fleet->store, now_ms, NULL, &read, changes, error);
	if (status == STATUS_OK)
		fleet_become(fleet, read, *changes);
	return status;
}

int64_t fleet_next_expiry(const struct fleet *fleet)
{
	const struct fleet_server *first = expiry_heap_first(&fleet->expiry);

	if (fleet->to_rejudge)
		return 0; /* at once */
	return first ? first->expires_ms : INT64_MAX;
}

bool fleet_is_behind(const struct fleet *fleet, int64_t now_ms)
{
	const struct fleet_server *first = expiry_heap_first(&fleet->expiry);

	return first && first->expires_ms < fleet_clock(fleet, now_ms) - FLEET_MAX_LAG_MS;
}

enum status fleet_advance(struct fleet *fleet, int64_t now_ms, struct changes **changes,
			  char error[FLEET_ERROR_SIZE])
{
	struct changes *made = fleet_changes_new(fleet, NULL, NULL, 0);

	now_ms = fleet_clock(fleet, now_ms);
	enum status status = fleet_expire(fleet, now_ms, FLEET_MAX_EXPIRED, made, error);
	if (status == STATUS_OK)
		status = fleet_silent_rejudge_marked(fleet, made, error);
	if (status == STATUS_OK)
		status = fleet_assess_touched(fleet, now_ms, made, error);
	status = fleet_changes_hand_over(made, false, status, changes);
	if (status == STATUS_OK && made->n_views == 0) {
		changes_free(made);
		*changes = NULL;
	}
	return status;
}

uint64_t fleet_detail_tag(const struct fleet *fleet, const struct view *view)
{
	const struct fleet_server *server = fleet_server_find(fleet, view->key);
	return (server ? server->signature * 31 : 0) + view_tag(view);
}

void fleet_add_peers(const struct fleet *fleet, const char *key, struct buffer *out)
{
	const struct fleet_server *server = fleet_server_find(fleet, key);

	if (server)
		probe_mesh_add_peers(&server->site->mesh, &server->site->index,
				     server->member->self, out);
}
