#include <stdlib.h>

#include "collector/fleet/internal.h"
#include "proto/base/casefold.h"
#include "proto/base/mem.h"
#include "proto/exposure/exposure.h"
#include "proto/exposure/verdict_json.h"

/* A site as it was at a moment in the past, seen by one of its servers. */
struct past {
	struct fleet *fleet;
	struct fleet_server *subject;
	struct snapshot *report; /* the subject's */
	int64_t at_ms;
	struct site_index index;
	struct site_member *member; /* the subject's */
	struct arena arena;
	enum status status; /* of the reads that it took */
	char *error;
};

/* May an index ask about servers of other sites: who carried that name then? */
static bool is_elsewhere(void *user, const char *server_name)
{
	struct past *p = user;
	const struct fleet_server *server = fleet_name_find(p->fleet, server_name);

	for (; server && p->status == STATUS_OK; server = server->next_of_name) {
		struct snapshot *then = NULL;
		if (server->member->at_ms <= p->at_ms)
			return true; /* it carries the name, and has since then */
		p->status = fleet_read_until(p->fleet, server, p->at_ms, &then, p->error);
		bool found = then && casefold_equal(report_server_name(&then->report), server_name);
		snapshot_unref(then);
		if (found)
			return true;
	}
	return false;
}

static void put(struct past *p, struct site_member *member)
{
	site_index_put(&p->index, member, member->fresh_until_ms >= p->at_ms, NULL);
}

/* One that was silent by then and seen under another name held no address any more. */
static void release(struct past *p, const struct fleet_server *server, struct site_member *member)
{
	bool renamed = false;

	if (member->fresh)
		return;
	p->status = fleet_renames_was_renamed(p->fleet, server, p->at_ms, &renamed, p->error);
	site_index_hold(&p->index, member, !renamed);
}

/* Puts in what a server had reported until then. */
static void put_server(struct past *p, const struct fleet_server *server)
{
	struct snapshot *then = NULL;

	if (server->member->at_ms <= p->at_ms) {
		struct site_member *member = site_member_copy(server->member, &p->arena);
		if (server == p->subject)
			p->member = member;
		put(p, member);
		release(p, server, member);
		return;
	}
	p->status = fleet_read_until(p->fleet, server, p->at_ms, &then, p->error);
	/* It may have been elsewhere then. */
	if (then && snapshot_compare_sites(then, p->report) == 0)
		put(p, site_member_new(&then->report, then->at_ms, &p->arena));
	snapshot_unref(then);
}

static void conclude(struct past *p, struct changes *changes)
{
	struct fleet_server *subject = p->subject;
	struct assessment assessment;
	struct site_server seen;
	const char *renamed_to = NULL;

	p->status = fleet_renames_find(p->fleet, subject, &renamed_to, p->error);
	if (p->status != STATUS_OK)
		return;
	site_view_member(&p->index, p->member, &p->report->report, &seen, &p->arena);
	exposure_assess(&seen, &assessment, &p->arena);
	char *findings = verdict_json_write_findings(&assessment);
	struct view_verdict verdict = {
		.verdict = assessment.verdict,
		.silent = true,
		.adapters = view_adapter_states(&seen),
		.since_ms = p->at_ms,
		.findings_json = findings,
		.renamed_to = renamed_to,
	};
	if (subject->current && subject->current->verdict == assessment.verdict)
		verdict.since_ms = subject->current->since_ms;
	struct view *view = view_make(p->report, &verdict);
	free(findings);
	if (subject->current && view_shows_the_same(subject->current, view))
		view_unref(view);
	else
		fleet_changes_add(changes, subject, view, &seen);
}

enum status fleet_silent_judge(struct fleet *fleet, struct fleet_server *server,
			       struct changes *changes, char error[FLEET_ERROR_SIZE])
{
	struct past p = {
		.fleet = fleet,
		.subject = server,
		.at_ms = server->member->fresh_until_ms,
		.error = error,
	};

	p.status = fleet_read_latest(fleet, server, &p.report, error);
	if (p.status != STATUS_OK)
		return p.status;
	arena_init(&p.arena);
	site_index_init(&p.index, &p.arena);
	const struct site_member *m = server->site->index.members;
	for (; m && p.status == STATUS_OK; m = m->next)
		put_server(&p, m->user);
	if (p.status == STATUS_OK)
		site_index_ask(&p.index, is_elsewhere, &p);
	if (p.status == STATUS_OK)
		conclude(&p, changes);
	arena_deinit(&p.arena);
	snapshot_unref(p.report);
	return p.status;
}

void fleet_silent_mark_stale(struct fleet *fleet, const struct fleet_site *site, int64_t at_ms)
{
	if (at_ms > site->silent_until_ms)
		return; /* as with every report that is not late */
	for (const struct site_member *m = site->index.members; m; m = m->next) {
		struct fleet_server *server = m->user;
		if (!server->silent || server->is_stale || m->fresh_until_ms < at_ms)
			continue;
		server->is_stale = true;
		server->next_stale = fleet->stale;
		fleet->stale = server;
	}
}

enum status fleet_silent_judge_stale(struct fleet *fleet, struct changes *changes,
				     char error[FLEET_ERROR_SIZE])
{
	enum status status = STATUS_OK;

	for (size_t i = 0; i < FLEET_MAX_SILENT_JUDGED && fleet->stale && status == STATUS_OK;
	     i++) {
		struct fleet_server *server = fleet->stale;
		fleet->stale = server->next_stale;
		server->is_stale = false;
		if (!server->silent) /* it has come back since */
			continue;
		status = fleet_silent_judge(fleet, server, changes, error);
		fleet_renames_hold(server);
	}
	return status;
}
