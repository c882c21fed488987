/* What each change does to the facts, declared in collector/plans/what_if_internal.h. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "collector/plans/what_if_internal.h"
#include "proto/base/casefold.h"
#include "proto/base/ipv4.h"
#include "proto/exposure/advisory.h"
#include "proto/exposure/facts.h"

#define SP4_VERSION "5.5.2653.23"
#define FIX_VERSION "5.5.2654.54"

/* Gives a server another report. */
static void set_report(struct what_if *w, struct what_if_server *server,
		       const struct report *report)
{
	struct site_member *old = server->member;

	what_if_save(w, server);
	server->report = report;
	what_if_put(w, server, site_member_new(report, old->at_ms, &w->top->arena), old);
}

/* The same where nothing is different of what others need of it. */
static void set_own_facts(struct what_if *w, struct what_if_server *server,
			  const struct report *report)
{
	what_if_save(w, server);
	server->report = report;
	site_index_mark_dirty(&w->index, server->member);
}

/* A copy of a server's report for changes; NULL: it could not be read. */
static struct report *copy_report(struct what_if *w, struct what_if_server *server)
{
	const struct report *report = what_if_report(w, server);

	return report ? change_copy_report(report, &w->top->arena) : NULL;
}

/* What a server gives up: all rows on its name, or those on addresses that it held. */
struct given_up {
	const struct site_peer *peer;
	const struct site_member *before; /* one that held the addresses */
	bool all;
};

static bool is_held_by_name(const struct site_peer *peer, uint32_t address)
{
	for (const struct site_member *m = peer->members; m; m = m->next_of_name) {
		if (site_member_has_address(m, address))
			return true;
	}
	return false;
}

static bool is_given_up(const struct report_probe *row, void *user)
{
	const struct given_up *g = user;
	uint32_t to;

	if (!row->peer || !casefold_equal(row->peer, g->peer->name))
		return false;
	return g->all || (row->to && ipv4_parse(row->to, &to) &&
			  site_member_has_address(g->before, to) && !is_held_by_name(g->peer, to));
}

/* The fresh members that have rows on a peer; in the frame's arena. */
static struct what_if_server **list_probers(struct what_if *w, const struct site_peer *peer,
					    size_t *n)
{
	struct what_if_server **list = NULL;
	size_t room = 0;

	*n = 0;
	for (const struct site_peer_rows *r = site_peer_first_rows(peer); r;
	     r = site_peer_next_rows(r)) {
		if (!r->member->fresh)
			continue;
		list = arena_make_room(&w->top->arena, list, *n, &room,
				       sizeof(struct what_if_server *));
		list[(*n)++] = r->member->user;
	}
	return list;
}

static bool has_such_a_row(const struct report *report, struct given_up *g)
{
	for (size_t i = 0; i < report->n_probes; i++) {
		if (is_given_up(&report->probes[i], g))
			return true;
	}
	return false;
}

/* Takes what was given up out of the reports of those who probe it. */
static enum status drop_given_up(struct what_if *w, struct given_up *g,
				 struct what_if_server **probers, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct report *report = what_if_report(w, probers[i]);
		if (!report)
			return STATUS_SYSTEM;
		if (!has_such_a_row(report, g))
			continue;
		struct report *copy = change_copy_report(report, &w->top->arena);
		change_drop_rows(copy, is_given_up, g, &w->top->arena);
		set_report(w, probers[i], copy);
	}
	return STATUS_OK;
}

/* The changes themselves. */

static enum status refuse(struct what_if_error *error, const char *code, const char *format, ...)
	__attribute__((format(PRINTF_FORMAT, 3, 4)));

static enum status refuse(struct what_if_error *error, const char *code, const char *format, ...)
{
	va_list args;

	error->code = code;
	va_start(args, format);
	vsnprintf(error->detail, sizeof error->detail, format, args);
	va_end(args);
	return STATUS_INVALID;
}

/* The first adapter of that id, or SIZE_MAX. */
static size_t find_adapter(const struct report *report, const char *id)
{
	for (size_t i = 0; i < report->n_adapters; i++) {
		if (strcmp(report->adapters[i].id, id) == 0)
			return i;
	}
	return SIZE_MAX;
}

/* `number`: as find_adapter() says */
static enum status require_active(const struct what_if_server *server, const struct report *report,
				  size_t number, const struct change *change,
				  struct what_if_error *error)
{
	if (number == SIZE_MAX)
		return refuse(error, "unknown_adapter", "%s has no adapter '%s'",
			      server->facts->name, change->adapter);
	if (!site_adapter_is_active(&report->adapters[number]))
		return refuse(error, "inactive_adapter", "adapter %s of %s is not active",
			      change->adapter, server->facts->name);
	return STATUS_OK;
}

static enum status disable(struct what_if *w, struct what_if_server *server,
			   const struct change *change, struct what_if_error *error)
{
	const struct site_member *before = server->member;
	struct report *report = copy_report(w, server);
	size_t n;

	if (!report)
		return STATUS_SYSTEM;
	size_t number = find_adapter(report, change->adapter);
	enum status status = require_active(server, report, number, change, error);
	if (status != STATUS_OK)
		return status;
	change_disable_adapter(report, number, &w->top->arena);
	change_forget_failure(report, &w->top->arena);
	set_report(w, server, report);
	struct given_up g = { .peer = server->member->self, .before = before };
	struct what_if_server **probers = list_probers(w, g.peer, &n);
	return drop_given_up(w, &g, probers, n);
}

static size_t find_peer(const struct what_if *w, const struct what_if_server *server,
			const char *name)
{
	for (size_t i = 0; i < w->facts->n; i++) {
		if (!w->servers[i].removed && &w->servers[i] != server &&
		    casefold_equal(site_member_name(w->servers[i].member), name))
			return i;
	}
	return SIZE_MAX;
}

/* Another node of its cluster is no peer of a server. */
static bool is_peer(const struct what_if_server *server, const struct what_if_server *other)
{
	return other != server && !other->removed &&
	       !casefold_equal(site_member_name(server->member), site_member_name(other->member));
}

static void add_way(struct what_if *w, struct report *report, const char *adapter, size_t peer)
{
	if (w->known[peer] >= GRADE_EPM)
		change_add_way(report, adapter, site_member_name(w->servers[peer].member),
			       w->known[peer]);
}

static enum status add_ways(struct what_if *w, const struct what_if_server *server,
			    struct report *report, const struct change *change,
			    struct what_if_error *error)
{
	size_t more = change->n_peers > 0 ? change->n_peers : w->facts->n;

	if (report->n_probes + more > REPORT_MAX_PROBES)
		return refuse(error, "too_many_ways",
			      "%s would have more than %d probe rows with these ways",
			      server->facts->name, REPORT_MAX_PROBES);
	change_reserve_ways(report, more, &w->top->arena);
	for (size_t i = 0; change->n_peers == 0 && i < w->facts->n; i++) {
		if (is_peer(server, &w->servers[i]))
			add_way(w, report, change->adapter, i);
	}
	for (size_t i = 0; i < change->n_peers; i++) {
		size_t peer = find_peer(w, server, change->peers[i]);
		if (peer == SIZE_MAX || !is_peer(server, &w->servers[peer]))
			return refuse(error, "unknown_peer",
				      "'%s' is the Exchange server name of no other server of "
				      "the site",
				      change->peers[i]);
		add_way(w, report, change->adapter, peer);
	}
	return STATUS_OK;
}

/* Gives a server a report that is changed already, with the ways of its changed adapter. */
static enum status set_report_with_ways(struct what_if *w, struct what_if_server *server,
					struct report *report, const struct change *change,
					struct what_if_error *error)
{
	enum status status = add_ways(w, server, report, change, error);

	if (status != STATUS_OK)
		return status;
	change_forget_failure(report, &w->top->arena);
	set_report(w, server, report);
	return STATUS_OK;
}

static enum status connect(struct what_if *w, struct what_if_server *server,
			   const struct change *change, struct what_if_error *error)
{
	struct report *report = copy_report(w, server);

	if (!report)
		return STATUS_SYSTEM;
	size_t number = find_adapter(report, change->adapter);
	enum status status = require_active(server, report, number, change, error);
	if (status != STATUS_OK)
		return status;
	if (report->adapters[number].link == LINK_DOWN)
		report->adapters[number].link = LINK_UP;
	return set_report_with_ways(w, server, report, change, error);
}

static enum status add(struct what_if *w, struct what_if_server *server,
		       const struct change *change, struct what_if_error *error)
{
	struct report *report = copy_report(w, server);

	if (!report)
		return STATUS_SYSTEM;
	if (!report->adapters_known)
		return refuse(error, "unknown_adapters", "the adapters of %s are not known",
			      server->facts->name);
	if (find_adapter(report, change->adapter) != SIZE_MAX)
		return refuse(error, "adapter_exists", "%s has an adapter '%s' already",
			      server->facts->name, change->adapter);
	if (report->n_adapters == REPORT_MAX_ADAPTERS)
		return refuse(error, "too_many_adapters", "%s has %d adapters already",
			      server->facts->name, REPORT_MAX_ADAPTERS);
	change_add_adapter(report, change, &w->top->arena);
	return set_report_with_ways(w, server, report, change, error);
}

static bool has_no_mta(const struct report *report)
{
	return exposure_has_mta(report) == FACT_IS(false);
}

/* Is Emsmta.exe known to be at this version or later? */
static bool is_at_least(const struct report *report, const struct version *wanted)
{
	struct version version;

	return exposure_mta_version(report, &version) && version_compare(&version, wanted) >= 0;
}

static enum status install(struct what_if *w, struct what_if_server *server,
			   const struct change *change, struct what_if_error *error)
{
	bool pack = change->action == CHANGE_INSTALL_SERVICE_PACK;
	struct report *report = copy_report(w, server);

	if (!report)
		return STATUS_SYSTEM;
	if (has_no_mta(report))
		return refuse(error, "no_mta", "there is no Exchange 5.5 with an MTA on %s",
			      server->facts->name);
	if (!pack && exposure_needs_service_pack(report))
		return refuse(error, "needs_service_pack",
			      "the fix needs Service Pack 4 on %s: install that first",
			      server->facts->name);
	if (!is_at_least(report, pack ? &advisory_q285350.needs : &advisory_q285350.fixed_in)) {
		change_set_mta_version(report, pack ? SP4_VERSION : FIX_VERSION, &w->top->arena);
		if (pack) {
			report->exchange.service_pack = 4;
			report->exchange.build = SP4_VERSION;
		}
	}
	change_forget_failure(report, &w->top->arena);
	set_own_facts(w, server, report);
	return STATUS_OK;
}

static enum status start(struct what_if *w, struct what_if_server *server,
			 struct what_if_error *error)
{
	struct report *report = copy_report(w, server);

	if (!report)
		return STATUS_SYSTEM;
	if (has_no_mta(report))
		return refuse(error, "no_mta", "there is no Exchange 5.5 with an MTA on %s",
			      server->facts->name);
	change_forget_failure(report, &w->top->arena);
	report->mta.service = SERVICE_STATE_RUNNING;
	set_own_facts(w, server, report);
	return STATUS_OK;
}

static enum status take_out(struct what_if *w, struct what_if_server *server)
{
	struct given_up g = { .peer = server->member->self, .before = server->member };
	size_t n;

	what_if_save(w, server);
	g.all = !g.peer->members->next_of_name;
	struct what_if_server **probers = list_probers(w, g.peer, &n);
	if (g.all) { /* while the peer is there, for its name */
		enum status status = drop_given_up(w, &g, probers, n);
		if (status != STATUS_OK)
			return status;
	}
	server->removed = true;
	site_index_remove(&w->index, server->member);
	w->n_probed -= server->member->n_peer_rows;
	return g.all ? STATUS_OK : drop_given_up(w, &g, probers, n);
}

enum status what_if_apply(struct what_if *w, const struct change *change,
			  struct what_if_error *error)
{
	size_t number = what_if_find(w, change->server);

	if (number == SIZE_MAX)
		return refuse(error, "unknown_server", "there is no server '%s' in the site",
			      change->server);
	struct what_if_server *server = &w->servers[number];
	if (server->removed)
		return refuse(error, "removed_server", "%s is taken out by an earlier change",
			      server->facts->name);
	if (!server->facts->fresh && change->action != CHANGE_REMOVE_SERVER)
		return refuse(error, "silent_server",
			      "%s is silent, so nobody knows what a change would do: it can only "
			      "be taken out",
			      server->facts->name);
	switch (change->action) {
	case CHANGE_DISABLE_ADAPTER:
		return disable(w, server, change, error);
	case CHANGE_ADD_ADAPTER:
		return add(w, server, change, error);
	case CHANGE_CONNECT_ADAPTER:
		return connect(w, server, change, error);
	case CHANGE_INSTALL_SERVICE_PACK:
	case CHANGE_INSTALL_FIX:
		return install(w, server, change, error);
	case CHANGE_START_MTA:
		return start(w, server, error);
	case CHANGE_REMOVE_SERVER:
		break;
	}
	return take_out(w, server);
}
