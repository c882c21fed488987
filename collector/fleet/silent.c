#include <assert.h>
#include <stdlib.h>

#include "collector/fleet/internal.h"
#include "proto/base/casefold.h"
#include "proto/base/mem.h"
#include "proto/exposure/exposure.h"
#include "proto/exposure/verdict_json.h"

/* A site as it was at a moment in the past, seen by one of its servers. */
struct past_site {
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
	struct past_site *p = user;
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

static void put_member(struct past_site *p, struct site_member *member)
{
	site_index_put(&p->index, member, member->fresh_until_ms >= p->at_ms, NULL);
}

/* A server that was silent by then, and seen under another name, held no address any more. */
static void release_addresses(struct past_site *p, const struct fleet_server *server,
			      struct site_member *member)
{
	bool renamed = false;

	if (member->fresh)
		return;
	p->status = fleet_renames_was_renamed(p->fleet, server, p->at_ms, &renamed, p->error);
	site_index_hold(&p->index, member, !renamed);
}

/* Adds what a server had reported until then. */
static void put_server(struct past_site *p, const struct fleet_server *server)
{
	struct snapshot *then = NULL;

	if (server->member->at_ms <= p->at_ms) {
		struct site_member *member = site_member_copy(server->member, &p->arena);
		if (server == p->subject)
			p->member = member;
		put_member(p, member);
		release_addresses(p, server, member);
		return;
	}
	p->status = fleet_read_until(p->fleet, server, p->at_ms, &then, p->error);
	/* The server may have been in another site then. */
	if (then && snapshot_compare_sites(then, p->report) == 0)
		put_member(p, site_member_new(&then->report, then->at_ms, &p->arena));
	snapshot_unref(then);
}

static void judge_subject(struct past_site *p, struct changes *changes)
{
	struct view_verdict verdict = { .silent = true, .since_ms = p->at_ms };
	struct site_server seen;

	p->status = fleet_renames_find(p->fleet, p->subject, &verdict.renamed_to, p->error);
	if (p->status != STATUS_OK)
		return;
	assert(p->member);
	site_view_member(&p->index, p->member, &p->report->report, &seen, &p->arena);
	fleet_judge_seen(p->subject, p->report, &seen, verdict, changes, &p->arena);
}

enum status fleet_silent_judge(struct fleet *fleet, struct fleet_server *server,
			       struct changes *changes, char error[FLEET_ERROR_SIZE])
{
	struct past_site p = {
		.fleet = fleet,
		.subject = server,
		.at_ms = server->member->fresh_until_ms,
		.error = error,
	};

	assert(server->silent);
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
		judge_subject(&p, changes);
	arena_deinit(&p.arena);
	snapshot_unref(p.report);
	return p.status;
}

void fleet_silent_mark_for_rejudge(struct fleet *fleet, const struct fleet_site *site,
				   int64_t at_ms)
{
	if (at_ms > site->silent_until_ms)
		return; /* the report is not late */
	for (const struct site_member *m = site->index.members; m; m = m->next) {
		struct fleet_server *server = m->user;
		if (!server->silent || server->needs_rejudge || m->fresh_until_ms < at_ms)
			continue;
		server->needs_rejudge = true;
		server->next_to_rejudge = fleet->to_rejudge;
		fleet->to_rejudge = server;
	}
}

static enum status rejudge(struct fleet *fleet, struct fleet_server **at, struct changes *changes,
			   char error[FLEET_ERROR_SIZE])
{
	struct fleet_server *server = *at;

	assert(server->needs_rejudge);
	*at = server->next_to_rejudge;
	server->needs_rejudge = false;
	if (!server->silent) /* the server has come back since */
		return STATUS_OK;
	enum status status = fleet_silent_judge(fleet, server, changes, error);
	fleet_renames_update_addresses(server);
	return status;
}

/* Those first of which all was read ahead; where nothing was, as they come. */
enum status fleet_silent_rejudge_marked(struct fleet *fleet, struct changes *changes,
					char error[FLEET_ERROR_SIZE])
{
	struct fleet_server **at = &fleet->to_rejudge;
	uint64_t enough = fleet->n_past + FLEET_MAX_READ_AGAIN;
	bool is_ahead = fleet_ahead_is_in_use(fleet);
	enum status status = STATUS_OK;
	size_t n = 0;

	while (*at && n < FLEET_MAX_SILENT_JUDGED && fleet->n_past < enough &&
	       status == STATUS_OK) {
		if (is_ahead && (*at)->silent && !fleet_ahead_covers(fleet, *at)) {
			at = &(*at)->next_to_rejudge;
			continue;
		}
		status = rejudge(fleet, at, changes, error);
		n++;
	}
	if (n == 0 && fleet->to_rejudge) /* so that none waits for ever */
		status = rejudge(fleet, &fleet->to_rejudge, changes, error);
	return status;
}
