#include "collector/fleet_state.h"

#include <stdio.h>
#include <stdlib.h>

#include "proto/exposure.h"
#include "proto/mem.h"
#include "proto/site.h"
#include "proto/text.h"

/* The reports that are judged together, each a reference. */
struct sample {
	struct snapshot **snapshots;
	struct site_report *reports;
	size_t n;
	size_t subject; /* which one is asked about */
};

static void sample_init(struct sample *sample, size_t room)
{
	*sample = (struct sample){
		.snapshots = mem_alloc_array(room, sizeof(struct snapshot *)),
		.reports = mem_alloc_array(room, sizeof *sample->reports),
	};
}

static void sample_deinit(struct sample *sample)
{
	for (size_t i = 0; i < sample->n; i++)
		snapshot_unref(sample->snapshots[i]);
	free(sample->snapshots);
	free(sample->reports);
}

/* Takes the reference. */
static void sample_add(struct sample *sample, struct snapshot *snapshot)
{
	sample->snapshots[sample->n] = snapshot;
	sample->reports[sample->n] =
		(struct site_report){ .report = &snapshot->report, .at_ms = snapshot->at_ms };
	sample->n++;
}

/* Judges one server of a view and, where it looks different from now on, adds that. */
static void judge(struct fleet_server *server, bool silent, const struct site *site, size_t number,
		  struct arena *arena, struct changes *changes)
{
	struct assessment assessment;
	int64_t since_ms = site->now_ms;

	exposure_assess(&site->servers[number], &assessment, arena);
	if (server->current && server->current->verdict == assessment.verdict)
		since_ms = server->current->since_ms;
	struct view *view =
		view_make(server->latest, silent, since_ms, &assessment, &site->servers[number]);
	if (server->current && view_shows_the_same(server->current, view))
		view_unref(view);
	else
		fleet_changes_add(changes, server, view);
}

/* Reads from the store the latest report of a server until a moment; NULL where it has none. */
static enum status read_until(struct fleet *fleet, const char *key, int64_t until_ms,
			      struct snapshot **out, char error[FLEET_ERROR_SIZE])
{
	struct record_report record;
	struct report_json_error why;
	struct arena arena;

	*out = NULL;
	arena_init(&arena);
	enum status status = fleet->history.report_until(fleet->history.user, key, until_ms, &arena,
							 &record, error);
	if (status == STATUS_OK) {
		status = snapshot_read(record.body, record.body_size, record.received_at_ms,
				       record.age_s, out, &why);
		if (status != STATUS_OK)
			snprintf(error, FLEET_ERROR_SIZE,
				 "could not read a stored report of the server '%s': %s %s", key,
				 why.pointer, why.detail);
	} else if (status == STATUS_NOT_FOUND) {
		status = STATUS_OK;
	}
	arena_deinit(&arena);
	return status;
}

/* The report by which a server counted at a moment, a reference; NULL where it had none yet. */
static enum status latest_until(struct fleet *fleet, const struct fleet_server *server,
				int64_t until_ms, struct snapshot **out,
				char error[FLEET_ERROR_SIZE])
{
	if (server->latest->at_ms <= until_ms) {
		*out = snapshot_ref(server->latest);
		return STATUS_OK;
	}
	enum status status = read_until(fleet, server->key, until_ms, out, error);
	if (status != STATUS_OK)
		return status;
	struct snapshot *unstored = fleet_changes_find_until(fleet, server->key, until_ms);
	if (unstored && (!*out || snapshot_is_later(unstored, *out))) {
		snapshot_unref(*out);
		*out = snapshot_ref(unstored);
	}
	return STATUS_OK;
}

/* What a site view may ask about servers of other sites, as they were at one moment. */
struct elsewhere {
	struct fleet *fleet;
	int64_t at_ms;
	enum status status; /* of the reads that it took */
	char *error;
};

/* The site has no server of that name, so whoever carries it is of another one. */
static bool is_elsewhere(void *user, const char *server_name)
{
	struct elsewhere *e = user;
	const struct fleet_server *server = fleet_name_find(e->fleet, server_name);
	bool found = false;

	for (; server && !found && e->status == STATUS_OK; server = server->next_of_name) {
		struct snapshot *then = NULL;
		e->status = latest_until(e->fleet, server, e->at_ms, &then, e->error);
		found = then && text_equal(report_server_name(&then->report), server_name);
		snapshot_unref(then);
	}
	return found;
}

/* Silent servers take part, with reports that prove nothing any more, but keep their verdicts. */
static void assess_site(struct fleet *fleet, const struct fleet_site *members, int64_t now_ms,
			struct changes *changes)
{
	/* Nothing is later than now, so nothing is read and nothing can fail. */
	struct elsewhere elsewhere = { .fleet = fleet, .at_ms = now_ms };
	struct sample sample;
	struct arena arena;
	struct site site;

	sample_init(&sample, members->n);
	arena_init(&arena);
	for (size_t i = 0; i < members->n; i++)
		sample_add(&sample, snapshot_ref(members->servers[i]->latest));
	site_view(&site, sample.reports, sample.n, now_ms, is_elsewhere, &elsewhere, &arena);
	for (size_t i = 0; i < members->n; i++) {
		/* What has expired but is not held yet is judged when its turn comes. */
		if (!members->servers[i]->silent && site.servers[i].fresh)
			judge(members->servers[i], false, &site, i, &arena, changes);
	}
	arena_deinit(&arena);
	sample_deinit(&sample);
}

void fleet_assess_touched(struct fleet *fleet, int64_t now_ms, struct changes *changes)
{
	while (fleet->touched) {
		struct fleet_site *site = fleet->touched;
		fleet->touched = site->next_touched;
		site->is_touched = false;
		assess_site(fleet, site, now_ms, changes);
	}
}

static enum status gather(struct fleet *fleet, const struct fleet_server *subject, int64_t at_ms,
			  struct sample *sample, char error[FLEET_ERROR_SIZE])
{
	const struct fleet_site *members = subject->site;

	for (size_t i = 0; i < members->n; i++) {
		struct snapshot *found = NULL;
		enum status status = latest_until(fleet, members->servers[i], at_ms, &found, error);
		if (status != STATUS_OK)
			return status;
		if (!found || snapshot_compare_sites(found, subject->latest) != 0) {
			snapshot_unref(found); /* it was elsewhere then */
			continue;
		}
		if (members->servers[i] == subject)
			sample->subject = sample->n;
		sample_add(sample, found);
	}
	return STATUS_OK;
}

enum status fleet_hold(struct fleet *fleet, struct fleet_server *server, struct changes *changes,
		       char error[FLEET_ERROR_SIZE])
{
	int64_t at_ms = snapshot_judged_at(server->latest, INT64_MAX);
	struct elsewhere elsewhere = { .fleet = fleet, .at_ms = at_ms, .error = error };
	struct sample sample;

	sample_init(&sample, server->site->n);
	enum status status = gather(fleet, server, at_ms, &sample, error);
	if (status == STATUS_OK) {
		struct arena arena;
		struct site site;
		arena_init(&arena);
		site_view(&site, sample.reports, sample.n, at_ms, is_elsewhere, &elsewhere, &arena);
		status = elsewhere.status;
		if (status == STATUS_OK)
			judge(server, true, &site, sample.subject, &arena, changes);
		arena_deinit(&arena);
	}
	sample_deinit(&sample);
	return status;
}

void fleet_mark_stale(struct fleet *fleet, const struct fleet_site *site, int64_t at_ms)
{
	for (size_t i = 0; i < site->n; i++) {
		struct fleet_server *server = site->servers[i];
		if (!server->silent || server->is_stale ||
		    snapshot_judged_at(server->latest, INT64_MAX) < at_ms)
			continue;
		server->is_stale = true;
		server->next_stale = fleet->stale;
		fleet->stale = server;
	}
}

enum status fleet_hold_stale(struct fleet *fleet, struct changes *changes,
			     char error[FLEET_ERROR_SIZE])
{
	enum status status = STATUS_OK;

	for (size_t i = 0; i < FLEET_MAX_HOLDS && fleet->stale && status == STATUS_OK; i++) {
		struct fleet_server *server = fleet->stale;
		fleet->stale = server->next_stale;
		server->is_stale = false;
		if (server->silent) /* it may have come back since */
			status = fleet_hold(fleet, server, changes, error);
	}
	return status;
}

enum status fleet_expire(struct fleet *fleet, int64_t now_ms, size_t limit, struct changes *changes,
			 char error[FLEET_ERROR_SIZE])
{
	enum status status = STATUS_OK;

	for (size_t i = 0; i < limit && status == STATUS_OK; i++) {
		struct fleet_server *server = fleet_expiry_first(fleet);
		if (!server || server->expires_ms > now_ms)
			break;
		fleet_expiry_drop(fleet, server);
		server->silent = true;
		fleet_site_touch(fleet, server->site);
		status = fleet_hold(fleet, server, changes, error);
	}
	return status;
}
