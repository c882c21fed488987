#include <assert.h>
#include <stdlib.h>

#include "collector/fleet/internal.h"
#include "proto/exposure/exposure.h"
#include "proto/exposure/verdict_json.h"

static const char *adapters_text(const struct site_server *seen, struct arena *arena)
{
	struct buffer text;

	buffer_init(&text);
	view_add_adapters(seen, &text);
	const char *kept = arena_strndup(arena, text.bytes, text.size);
	buffer_deinit(&text);
	return kept;
}

void fleet_judge_seen(struct fleet_server *server, const struct snapshot *report,
		      const struct site_server *seen, struct view_verdict verdict,
		      struct changes *changes, struct arena *arena)
{
	struct assessment assessment;

	exposure_assess(seen, &assessment, arena);
	if (!server->current)
		fleet_note_first_report(changes, server, report->at_ms);
	const char *reach =
		fleet_note_reach(changes, server, seen, verdict.since_ms, report->at_ms, arena);
	char *findings = verdict_json_write_findings(&assessment);
	verdict.verdict = assessment.verdict;
	verdict.adapters = view_adapter_states(seen);
	verdict.findings_json = findings;
	verdict.drift = fleet_drift_look(server, seen, arena);
	if (server->current && server->current->verdict == assessment.verdict)
		verdict.since_ms = server->current->since_ms;
	struct view *view = view_make(report, &verdict);
	free(findings);
	if (server->current && !reach && view_shows_the_same(server->current, view))
		view_unref(view);
	else
		fleet_changes_add(changes, server, view,
				  verdict.silent ? adapters_text(seen, arena) : reach);
}

/* Judges a server again if what it sees of its site has changed, or its report is a new one. */
static enum status judge_server(struct fleet *fleet, struct fleet_server *server, int64_t now_ms,
				struct arena *arena, struct changes *changes,
				char error[FLEET_ERROR_SIZE])
{
	struct site_server seen;
	struct snapshot *latest = NULL;

	site_view_member(&server->site->index, server->member, NULL, &seen, arena);
	uint64_t signature = site_view_signature(&seen);
	if (server->is_judged && server->signature == signature)
		return STATUS_OK;
	enum status status = fleet_read_latest(fleet, server, &latest, error);
	if (status != STATUS_OK)
		return status;
	site_view_attach(&seen, &latest->report);
	fleet_judge_seen(server, latest, &seen, (struct view_verdict){ .since_ms = now_ms },
			 changes, arena);
	server->signature = signature;
	server->is_judged = true;
	snapshot_unref(latest);
	return STATUS_OK;
}

static enum status assess_site(struct fleet_site *site, int64_t now_ms, struct changes *changes,
			       char error[FLEET_ERROR_SIZE])
{
	enum status status = STATUS_OK;
	struct site_member *member;
	struct arena arena;

	arena_init(&arena);
	while (status == STATUS_OK && (member = site_index_next_dirty(&site->index))) {
		status = judge_server(site->fleet, member->user, now_ms, &arena, changes, error);
		arena_clear(&arena);
	}
	arena_deinit(&arena);
	return status;
}

enum status fleet_assess_touched(struct fleet *fleet, int64_t now_ms, struct changes *changes,
				 char error[FLEET_ERROR_SIZE])
{
	enum status status = STATUS_OK;

	while (fleet->touched && status == STATUS_OK) {
		struct fleet_site *site = fleet->touched;
		fleet->touched = site->next_touched;
		site->is_touched = false;
		status = assess_site(site, now_ms, changes, error);
	}
	return status;
}

void fleet_restore_signatures(struct fleet_site *site)
{
	struct fleet_server *unjudged = NULL;
	struct site_member *member;
	struct arena arena;

	arena_init(&arena);
	while ((member = site_index_next_dirty(&site->index))) {
		struct fleet_server *server = member->user;
		struct site_server seen;
		if (!server->is_judged) {
			server->next_expired = unjudged;
			unjudged = server;
			continue;
		}
		assert(server->current);
		site_view_member(&site->index, member, NULL, &seen, &arena);
		server->signature = site_view_signature(&seen);
		server->current->adapters = view_adapter_states(&seen);
		arena_clear(&arena);
	}
	arena_deinit(&arena);
	for (; unjudged; unjudged = unjudged->next_expired)
		site_index_mark_dirty(&site->index, unjudged->member);
}

/*
 * A server that falls silent keeps its verdict: it was judged at its last fresh moment, just
 * before.
 */
static enum status keep_verdict(struct fleet *fleet, struct fleet_server *server,
				struct changes *changes, char error[FLEET_ERROR_SIZE])
{
	const char *renamed_to = NULL;
	struct site_server seen;
	struct arena arena;

	enum status status = fleet_renames_find(fleet, server, &renamed_to, error);
	if (status != STATUS_OK)
		return status;
	arena_init(&arena);
	site_view_member(&server->site->index, server->member, NULL, &seen, &arena);
	fleet_changes_add(changes, server, view_renew_silent(server->current, renamed_to),
			  adapters_text(&seen, &arena));
	arena_deinit(&arena);
	return STATUS_OK;
}

/* Takes all servers that share the earliest moment of expiry. */
static struct fleet_server *take_expired(struct fleet *fleet, int64_t *at_ms)
{
	struct fleet_server *expired = NULL;
	struct fleet_server *server = expiry_heap_first(&fleet->expiry);

	assert(server);
	*at_ms = server->expires_ms;
	for (; server && server->expires_ms == *at_ms; server = expiry_heap_first(&fleet->expiry)) {
		expiry_heap_drop(&fleet->expiry, server);
		server->next_expired = expired;
		expired = server;
	}
	return expired;
}

/*
 * Servers that expire at the same moment are all judged before any of them leaves its site's index,
 * because their reports still count for each other at their last fresh moment.
 */
static enum status expire_batch(struct fleet *fleet, struct fleet_server *expired, int64_t at_ms,
				struct changes *changes, char error[FLEET_ERROR_SIZE])
{
	enum status status = STATUS_OK;

	for (struct fleet_server *s = expired; s && status == STATUS_OK; s = s->next_expired) {
		assert(!s->silent && s->current);
		fleet_server_set_silent(s);
		/* A report that is younger than that moment must not count: the past is rebuilt. */
		if (fleet->newest_ms < at_ms)
			status = keep_verdict(fleet, s, changes, error);
		else
			status = fleet_silent_judge(fleet, s, changes, error);
	}
	for (struct fleet_server *s = expired; s; s = s->next_expired) {
		site_index_expire(&s->site->index, s->member);
		fleet_renames_update_addresses(s);
		fleet_site_touch(s->site);
	}
	return status;
}

enum status fleet_expire(struct fleet *fleet, int64_t now_ms, size_t most, struct changes *changes,
			 char error[FLEET_ERROR_SIZE])
{
	enum status status = STATUS_OK;
	size_t n_before = fleet->expiry.n;

	while (status == STATUS_OK && n_before - fleet->expiry.n < most && fleet->expiry.n > 0 &&
	       expiry_heap_first(&fleet->expiry)->expires_ms <= now_ms) {
		int64_t at_ms = 0;
		struct fleet_server *expired = take_expired(fleet, &at_ms);
		status = expire_batch(fleet, expired, at_ms, changes, error);
		if (status == STATUS_OK)
			status = fleet_assess_touched(fleet, at_ms, changes, error);
	}
	return status;
}
