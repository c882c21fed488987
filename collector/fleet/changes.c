#include "collector/fleet/changes.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "collector/fleet/internal.h"
#include "collector/model/record_report.h"
#include "proto/base/mem.h"

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

/* The list of changes whose reports have the same agent and epoch. */
static size_t flight_of(const struct report *report)
{
	return fleet_agent_epoch_hash(report) % FLIGHTS_N_LISTS;
}

static void put_in_flight(struct fleet *fleet, struct changes *changes)
{
	struct changes **first = &fleet->flights.lists[flight_of(&changes->snapshot->report)];

	assert(!changes->link);
	changes->next = *first;
	changes->link = first;
	if (*first)
		(*first)->link = &changes->next;
	*first = changes;
	fleet->flights.n++;
}

static void take_out_of_flight(struct changes *changes)
{
	if (!changes->link)
		return;
	*changes->link = changes->next;
	if (changes->next)
		changes->next->link = changes->link;
	changes->link = NULL;
	assert(changes->fleet->flights.n > 0);
	changes->fleet->flights.n--;
}

struct changes *fleet_changes_new(struct fleet *fleet, struct snapshot *snapshot, const char *body,
				  size_t size)
{
	struct changes *changes = mem_alloc(sizeof *changes);

	arena_init(&changes->arena);
	changes->fleet = fleet;
	changes->id = ++fleet->flights.last_id;
	if (!snapshot)
		return changes;

	struct record_report *report = arena_alloc(&changes->arena, sizeof *report);
	report->key = snapshot->key;
	report->agent_id = or_empty(snapshot->report.agent.id);
	report->epoch = or_empty(snapshot->report.agent.epoch);
	report->sequence = snapshot->report.sequence;
	report->at_ms = snapshot->at_ms;
	report->received_at_ms = snapshot->report.received_at_ms;
	report->age_s = snapshot->report.age_s;
	report->body_hash = snapshot->body_hash;
	report->imported_by = snapshot->imported_by;
	report->body = arena_strndup(&changes->arena, body, size);
	report->body_size = size;
	changes->report = report;
	changes->snapshot = snapshot_ref(snapshot);
	put_in_flight(fleet, changes);
	return changes;
}

void changes_free(struct changes *changes)
{
	if (!changes)
		return;
	take_out_of_flight(changes);
	for (size_t i = 0; i < changes->n_views; i++)
		view_unref(changes->views[i]);
	free(changes->views);
	free(changes->details);
	free(changes->events);
	snapshot_unref(changes->snapshot);
	arena_deinit(&changes->arena);
	free(changes);
}

/* The place of a server in the change set, which may have one already. */
static size_t place_of(struct changes *changes, struct fleet_server *server)
{
	if (server->changes_id == changes->id)
		return server->changes_at;
	if (changes->n_views == changes->room) {
		changes->room = changes->room ? changes->room * 2 : 4;
		changes->views = mem_realloc(changes->views, changes->room * sizeof(struct view *));
		changes->details =
			mem_realloc(changes->details, changes->room * sizeof *changes->details);
	}
	server->changes_id = changes->id;
	server->changes_at = changes->n_views;
	changes->views[changes->n_views] = NULL;
	changes->details[changes->n_views] = (struct changes_detail){ 0 };
	assert(changes->n_views < changes->room);
	return changes->n_views++;
}

void fleet_changes_add(struct changes *changes, struct fleet_server *server, struct view *view,
		       const char *adapters_json)
{
	size_t at = place_of(changes, server);

	assert(!changes->servers); /* not closed */
	fleet_note_view(changes, server, view);
	changes->details[at].says_something_new |= !server->current ||
						   server->current->since_ms != view->since_ms ||
						   !view_says_the_same(server->current, view);
	if (adapters_json)
		changes->details[at].adapters_json = arena_strdup(&changes->arena, adapters_json);
	view_unref(changes->views[at]);
	changes->views[at] = view;
	view_unref(server->current);
	server->current = view_ref(view);
}

void fleet_changes_forget(struct changes *changes, struct fleet_server *server)
{
	if (server->changes_id != changes->id)
		return;
	size_t at = server->changes_at;
	assert(!changes->servers && at < changes->n_views);
	view_unref(changes->views[at]);
	changes->n_views--;
	changes->views[at] = changes->views[changes->n_views];
	changes->details[at] = changes->details[changes->n_views];
	if (at < changes->n_views)
		fleet_server_find(changes->fleet, changes->views[at]->key)->changes_at = at;
	server->changes_id = 0;
}

static const char *verdict_text(struct changes *changes, const struct view *view)
{
	struct buffer text;

	buffer_init(&text);
	view_add_verdict(view, &text);
	const char *kept = arena_strndup(&changes->arena, text.bytes, text.size);
	buffer_deinit(&text);
	return kept;
}

void fleet_changes_close(struct changes *changes, bool latest)
{
	struct record_server *rows =
		arena_alloc_array(&changes->arena, changes->n_views, sizeof *rows);
	size_t n = 0;

	assert(!changes->servers);
	if (changes->report)
		changes->report->is_latest = latest;
	for (size_t i = 0; i < changes->n_views; i++) {
		const struct view *view = changes->views[i];
		const struct changes_detail *detail = &changes->details[i];
		if (!detail->says_something_new && !detail->adapters_json)
			continue; /* its stored row stays right */
		rows[n++] = (struct record_server){
			.key = view->key,
			.silent = view->silent,
			.verdict = verdict_name(view->verdict),
			.since_ms = view->since_ms,
			.verdict_json =
				detail->says_something_new ? verdict_text(changes, view) : NULL,
			.adapters_json = detail->adapters_json,
		};
	}
	changes->servers = rows;
	changes->n_servers = n;
}

enum status fleet_changes_hand_over(struct changes *changes, bool latest, enum status status,
				    struct changes **out)
{
	if (status != STATUS_OK) {
		changes_free(changes);
		return status;
	}
	fleet_changes_close(changes, latest);
	*out = changes;
	return STATUS_OK;
}

struct store_change changes_for_store(const struct changes *changes)
{
	return (struct store_change){
		.report = changes->report,
		.servers = changes->servers,
		.n_servers = changes->n_servers,
		.events = changes->events,
		.n_events = changes->n_events,
		.removal = changes->removal,
		.audit = changes->audit,
	};
}

void fleet_publish(struct fleet *fleet, const struct changes *changes)
{
	if (changes->removal)
		fleet_row_drop(fleet, changes->removal->key);
	if (changes->report)
		fleet_ahead_outdate(fleet, changes->report->key);
	for (size_t i = 0; i < changes->n_views; i++) {
		struct fleet_server *server = fleet_server_find(fleet, changes->views[i]->key);
		fleet_row_put(fleet, server, changes->views[i]);
		if (server && server->unstored && server->unstored == changes->snapshot) {
			snapshot_unref(server->unstored);
			server->unstored = NULL;
		}
	}
}

struct snapshot *fleet_changes_find(const struct fleet *fleet, const struct report *as)
{
	for (const struct changes *c = fleet->flights.lists[flight_of(as)]; c; c = c->next) {
		const struct record_report *report = c->report;
		if (report->sequence == as->sequence &&
		    strcmp(report->agent_id, or_empty(as->agent.id)) == 0 &&
		    strcmp(report->epoch, or_empty(as->agent.epoch)) == 0)
			return c->snapshot;
	}
	return NULL;
}

int64_t fleet_changes_last_sequence(const struct fleet *fleet, const struct report *of,
				    int64_t last)
{
	for (const struct changes *c = fleet->flights.lists[flight_of(of)]; c; c = c->next) {
		if (c->report->sequence > last &&
		    strcmp(c->report->agent_id, or_empty(of->agent.id)) == 0 &&
		    strcmp(c->report->epoch, or_empty(of->agent.epoch)) == 0)
			last = c->report->sequence;
	}
	return last;
}

struct snapshot *fleet_changes_find_until(const struct fleet *fleet, const char *key,
					  int64_t until_ms)
{
	struct snapshot *best = NULL;

	for (size_t i = 0; i < FLIGHTS_N_LISTS; i++) {
		for (const struct changes *c = fleet->flights.lists[i]; c; c = c->next) {
			if (c->report->at_ms <= until_ms && strcmp(c->report->key, key) == 0 &&
			    (!best || snapshot_is_later(c->snapshot, best)))
				best = c->snapshot;
		}
	}
	return best;
}
