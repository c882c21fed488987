#include <stdlib.h>
#include <string.h>

#include "collector/base/hash.h"
#include "collector/fleet/internal.h"
#include "collector/model/drift_marks.h"
#include "collector/model/record_report.h"
#include "collector/model/report_diff.h"
#include "proto/base/mem.h"
#include "proto/json/write.h"
#include "proto/site/site.h"

/* The state that passes through a comparison. */
struct noting {
	struct changes *changes;
	const char *key;
	int64_t at_ms;
};

static void add_event(struct changes *changes, const char *key, int64_t at_ms, const char *kind,
		      const char *detail)
{
	changes->events = mem_make_room(changes->events, changes->n_events, &changes->events_room,
					sizeof *changes->events);
	changes->events[changes->n_events++] = (struct record_event){
		.key = arena_strdup(&changes->arena, key),
		.at_ms = at_ms,
		.kind = kind,
		.detail = arena_strdup(&changes->arena, detail),
	};
}

static void note_difference(void *user, const char *kind, const char *detail)
{
	const struct noting *n = user;
	add_event(n->changes, n->key, n->at_ms, kind, detail);
}

enum status fleet_note_report(struct fleet *fleet, struct fleet_server *server,
			      const struct snapshot *latest, struct changes *changes,
			      char error[FLEET_ERROR_SIZE])
{
	struct noting noting = { changes, server->key, latest->at_ms };
	uint64_t fingerprint = report_diff_fingerprint(&latest->report);
	struct snapshot *before = NULL;

	if (server->fingerprint == fingerprint) {
		if (server->drift)
			fleet_drift_follow_report(server, NULL, latest);
		return STATUS_OK;
	}
	enum status status = fleet_read_latest(fleet, server, &before, error);
	if (status != STATUS_OK)
		return status;
	report_diff_compare(&before->report, &latest->report, note_difference, &noting);
	fleet_drift_follow_report(server, &before->report, latest);
	server->fingerprint = fingerprint;
	snapshot_unref(before);
	return STATUS_OK;
}

static void note_verdict(struct changes *changes, const struct fleet_server *server,
			 const struct view *view)
{
	const struct view *before = server->current;
	char *reasons = report_diff_reasons(view->findings_json);
	struct buffer detail = { 0 };

	json_open_object(&detail, NULL);
	json_put_text(&detail, "before", before ? verdict_name(before->verdict) : NULL);
	json_put_text(&detail, "after", verdict_name(view->verdict));
	json_put_json(&detail, "reasons", reasons);
	json_close_object(&detail);
	add_event(changes, server->key, view->since_ms, "verdict", detail.bytes);
	buffer_deinit(&detail);
	free(reasons);
}

/* A report that lay in a spool is of a time before the server was silent; it was silent still. */
static int64_t heard_again_ms(const struct view *before, const struct view *view)
{
	int64_t silent_ms =
		before->reported_at_ms + SITE_FRESH_INTERVALS * before->interval_s * 1000;

	return view->reported_at_ms > silent_ms ? view->reported_at_ms : silent_ms;
}

/* The marks that came, and those that went: undone, or usual by now. */
static void note_drift(struct changes *changes, const struct fleet_server *server,
		       const struct view *view)
{
	const char *before = server->current ? server->current->drift : NULL;
	struct buffer detail = { 0 };

	if (!view->drifted && !(server->current && server->current->drifted))
		return;
	json_open_object(&detail, NULL);
	size_t n = drift_add_new_marks(view->drift, before, "began", &detail);
	n += drift_add_new_marks(before, view->drift, "ended", &detail);
	json_close_object(&detail);
	if (n > 0)
		add_event(changes, server->key, view->reported_at_ms, "drift", detail.bytes);
	buffer_deinit(&detail);
}

void fleet_note_first_report(struct changes *changes, const struct fleet_server *server,
			     int64_t reported_at_ms)
{
	add_event(changes, server->key, reported_at_ms, "reported", "{}");
}

void fleet_note_view(struct changes *changes, const struct fleet_server *server,
		     const struct view *view)
{
	const struct view *before = server->current;

	if (!before || before->verdict != view->verdict)
		note_verdict(changes, server, view);
	note_drift(changes, server, view);
	if (view->silent && (!before || !before->silent))
		add_event(changes, server->key, server->member->fresh_until_ms, "silent",
			  "{\"silent\":true}");
	if (!view->silent && before && before->silent)
		add_event(changes, server->key, heard_again_ms(before, view), "silent",
			  "{\"silent\":false}");
}

const char *fleet_note_reach(struct changes *changes, struct fleet_server *server,
			     const struct site_server *seen, int64_t now_ms, int64_t reported_at_ms,
			     struct arena *arena)
{
	struct buffer states = { 0 };
	const char *news = NULL;

	view_add_reach(seen, &states);
	uint64_t reach = hash_bytes(states.bytes, states.size);
	if (server->reach != reach && (seen->n_adapters > 0 || server->reach != 0)) {
		struct buffer detail = { 0 };
		json_open_object(&detail, NULL);
		json_put_json(&detail, "adapters", states.bytes);
		json_close_object(&detail);
		add_event(changes, server->key, server->reach != 0 ? now_ms : reported_at_ms,
			  "reach", detail.bytes);
		buffer_deinit(&detail);
		server->reach = reach;
		news = arena_strndup(arena, states.bytes, states.size);
	}
	buffer_deinit(&states);
	return news;
}

void fleet_note_gone(struct changes *changes, const struct record_removal *removal)
{
	struct buffer detail;

	buffer_init(&detail);
	json_open_object(&detail, NULL);
	json_put_text(&detail, "by", removal->by);
	json_put_text(&detail, "reason", removal->reason);
	json_close_object(&detail);
	add_event(changes, removal->key, removal->at_ms, "removed", detail.bytes);
	buffer_deinit(&detail);
}
