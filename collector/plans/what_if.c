#include "collector/plans/what_if.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/base/lower_bound.h"
#include "collector/model/server_key.h"
#include "proto/base/casefold.h"
#include "proto/base/ipv4.h"
#include "proto/base/mem.h"
#include "proto/exposure/advisory.h"
#include "proto/exposure/facts.h"
#include "proto/site/proof.h"

#define SP4_VERSION "5.5.2653.23"
#define FIX_VERSION "5.5.2654.54"

/* A server as it is with the changes. */
struct server {
	struct site_facts_server *facts;
	const struct report *report; /* NULL: as in the facts */
	struct site_member *member;
	uint64_t signature; /* of its view */
	enum verdict verdict;
	bool removed;
	bool was_saved; /* by the last push */
};

/* A server as it was before a push. */
struct saved {
	size_t number;
	struct server server;
};

/* One push. */
struct frame {
	struct frame *below;
	struct saved *saved;
	size_t n;
	size_t room;
	struct arena arena; /* of reports, members and `saved` */
};

struct what_if {
	struct site_facts *facts;
	struct server *servers;
	enum grade *known; /* how far anybody gets to each, in the facts as they are */
	struct site_index index;
	struct frame *top;
	struct arena scratch; /* of a view */
	size_t n_probed;      /* servers that the members have probed, in all */
	size_t work;
};

static size_t number_of(const struct what_if *w, const struct server *server)
{
	return (size_t)(server - w->servers);
}

/*
 * To put a member in, or to view it, takes longer the more it has probed, and the more servers have
 * probed each of its peers; to put it in (`pairs_at_once` 16) more so than to view it (256).
 */
static void count_work(struct what_if *w, const struct site_member *member, size_t pairs_at_once)
{
	size_t pairs = member->n_peer_rows * (w->n_probed / w->facts->n);

	w->work += 1 + member->n_rows / 32 + pairs / pairs_at_once;
}

static void put(struct what_if *w, struct server *server, struct site_member *member,
		struct site_member *old)
{
	member->user = server;
	server->member = member;
	site_index_put(&w->index, member, server->facts->fresh, old);
	w->n_probed += member->n_peer_rows;
	w->n_probed -= old ? old->n_peer_rows : 0;
	site_index_hold(&w->index, member, server->facts->holds);
	count_work(w, member, 16);
}

/* The report of a server with its changes, or NULL: it could not be read. */
static const struct report *report_of(struct what_if *w, struct server *server)
{
	if (server->report)
		return server->report;
	if (!server->facts->report && w->facts->read &&
	    !w->facts->read(w->facts->user, server->facts))
		return NULL;
	return server->facts->report;
}

static enum grade better(enum grade a, enum grade b)
{
	return a > b ? a : b;
}

/* Views the servers as they are, so that it can be told which ones see something else later. */
static void sign_all(struct what_if *w)
{
	struct site_member *member;

	while ((member = site_index_next_dirty(&w->index))) {
		struct server *server = member->user;
		struct site_server seen;
		site_view_member(&w->index, member, NULL, &seen, &w->scratch);
		server->signature = site_view_signature(&seen);
		arena_clear(&w->scratch);
	}
}

struct what_if *what_if_new(struct site_facts *facts)
{
	struct what_if *w = mem_alloc(sizeof *w);

	w->facts = facts;
	w->servers = mem_alloc_array(facts->n, sizeof *w->servers);
	w->known = mem_alloc_array(facts->n, sizeof *w->known);
	arena_init(&w->scratch);
	site_index_init(&w->index, NULL);
	for (size_t i = 0; i < facts->n; i++) {
		struct server *server = &w->servers[i];
		server->facts = &facts->servers[i];
		server->verdict = server->facts->verdict;
		put(w, server, server->facts->member, NULL);
	}
	site_index_ask(&w->index, facts->is_elsewhere, facts->elsewhere_user);
	for (size_t i = 0; i < facts->n; i++) {
		const struct site_peer *self = w->servers[i].member->self;
		w->known[i] =
			better(site_best_grade(self->proofs), site_best_grade(self->self_proofs));
	}
	sign_all(w);
	return w;
}

void what_if_free(struct what_if *w)
{
	if (!w)
		return;
	while (w->top)
		what_if_pop(w);
	site_index_deinit(&w->index);
	arena_deinit(&w->scratch);
	free(w->servers);
	free(w->known);
	free(w);
}

/* Keeps a server as it was before this push. */
static void save(struct what_if *w, struct server *server)
{
	struct frame *frame = w->top;

	if (server->was_saved)
		return;
	frame->saved = arena_make_room(&frame->arena, frame->saved, frame->n, &frame->room,
				       sizeof *frame->saved);
	frame->saved[frame->n++] = (struct saved){ number_of(w, server), *server };
	server->was_saved = true;
}

/* Gives a server another report. */
static void set_report(struct what_if *w, struct server *server, const struct report *report)
{
	struct site_member *old = server->member;

	save(w, server);
	server->report = report;
	put(w, server, site_member_new(report, old->at_ms, &w->top->arena), old);
}

/* The same where nothing is different of what others need of it. */
static void set_own_facts(struct what_if *w, struct server *server, const struct report *report)
{
	save(w, server);
	server->report = report;
	site_index_mark_dirty(&w->index, server->member);
}

/* A copy of a server's report for changes; NULL: it could not be read. */
static struct report *copy_report(struct what_if *w, struct server *server)
{
	const struct report *report = report_of(w, server);

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
static struct server **list_probers(struct what_if *w, const struct site_peer *peer, size_t *n)
{
	struct server **list = NULL;
	size_t room = 0;

	*n = 0;
	for (const struct site_peer_rows *r = peer->peer_rows; r; r = r->next) {
		if (!r->member->fresh)
			continue;
		list = arena_make_room(&w->top->arena, list, *n, &room, sizeof(struct server *));
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
static enum status drop_given_up(struct what_if *w, struct given_up *g, struct server **probers,
				 size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct report *report = report_of(w, probers[i]);
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

static bool is_active(const struct report_adapter *adapter)
{
	struct ipv4_prefix address;

	for (size_t i = 0; adapter->enabled != TRISTATE_NO && i < adapter->n_addresses; i++) {
		if (ipv4_prefix_parse(adapter->addresses[i], &address) &&
		    site_address_usable(&address))
			return true;
	}
	return false;
}

static enum status disable(struct what_if *w, struct server *server, const struct change *change,
			   struct what_if_error *error)
{
	const struct site_member *before = server->member;
	struct report *report = copy_report(w, server);
	size_t n;

	if (!report)
		return STATUS_SYSTEM;
	size_t number = find_adapter(report, change->adapter);
	if (number == SIZE_MAX)
		return refuse(error, "unknown_adapter", "%s has no adapter '%s'",
			      server->facts->name, change->adapter);
	if (!is_active(&report->adapters[number]))
		return refuse(error, "inactive_adapter", "adapter %s of %s is not active",
			      change->adapter, server->facts->name);
	change_disable_adapter(report, number, &w->top->arena);
	change_forget_failure(report, &w->top->arena);
	set_report(w, server, report);
	struct given_up g = { .peer = server->member->self, .before = before };
	struct server **probers = list_probers(w, g.peer, &n);
	return drop_given_up(w, &g, probers, n);
}

static size_t find_peer(const struct what_if *w, const struct server *server, const char *name)
{
	for (size_t i = 0; i < w->facts->n; i++) {
		if (!w->servers[i].removed && &w->servers[i] != server &&
		    casefold_equal(site_member_name(w->servers[i].member), name))
			return i;
	}
	return SIZE_MAX;
}

/* Another node of its cluster is no peer of a server. */
static bool is_peer(const struct server *server, const struct server *other)
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

static enum status add_ways(struct what_if *w, const struct server *server, struct report *report,
			    const struct change *change, struct what_if_error *error)
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

static enum status connect(struct what_if *w, struct server *server, const struct change *change,
			   struct what_if_error *error)
{
	struct report *report = copy_report(w, server);

	if (!report)
		return STATUS_SYSTEM;
	size_t number = find_adapter(report, change->adapter);
	if (number == SIZE_MAX)
		return refuse(error, "unknown_adapter", "%s has no adapter '%s'",
			      server->facts->name, change->adapter);
	if (!is_active(&report->adapters[number]))
		return refuse(error, "inactive_adapter", "adapter %s of %s is not active",
			      change->adapter, server->facts->name);
	if (report->adapters[number].link == LINK_DOWN)
		report->adapters[number].link = LINK_UP;
	enum status status = add_ways(w, server, report, change, error);
	if (status != STATUS_OK)
		return status;
	change_forget_failure(report, &w->top->arena);
	set_report(w, server, report);
	return STATUS_OK;
}

static enum status add(struct what_if *w, struct server *server, const struct change *change,
		       struct what_if_error *error)
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
	enum status status = add_ways(w, server, report, change, error);
	if (status != STATUS_OK)
		return status;
	change_forget_failure(report, &w->top->arena);
	set_report(w, server, report);
	return STATUS_OK;
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

static enum status install(struct what_if *w, struct server *server, const struct change *change,
			   struct what_if_error *error)
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

static enum status start(struct what_if *w, struct server *server, struct what_if_error *error)
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

static enum status take_out(struct what_if *w, struct server *server)
{
	struct given_up g = { .peer = server->member->self, .before = server->member };
	size_t n;

	save(w, server);
	g.all = !g.peer->members->next_of_name;
	struct server **probers = list_probers(w, g.peer, &n);
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

static enum status apply(struct what_if *w, const struct change *change,
			 struct what_if_error *error)
{
	size_t number = what_if_find(w, change->server);

	if (number == SIZE_MAX)
		return refuse(error, "unknown_server", "there is no server '%s' in the site",
			      change->server);
	struct server *server = &w->servers[number];
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

/* Judges a server again if it sees something else, or its own report is another. */
static enum status judge(struct what_if *w, struct server *server)
{
	struct exposure_facts facts;
	struct site_server seen;

	site_view_member(&w->index, server->member, NULL, &seen, &w->scratch);
	count_work(w, server->member, 256);
	uint64_t signature = site_view_signature(&seen);
	if (signature == server->signature && !server->was_saved)
		return STATUS_OK;
	const struct report *report = report_of(w, server);
	if (!report)
		return STATUS_SYSTEM;
	save(w, server);
	server->signature = signature;
	site_view_attach(&seen, report);
	exposure_facts_of(&seen, &facts);
	server->verdict = exposure_judge(&facts, NULL);
	return STATUS_OK;
}

static enum status judge_dirty(struct what_if *w)
{
	enum status status = STATUS_OK;
	struct site_member *member;

	while (status == STATUS_OK && (member = site_index_next_dirty(&w->index))) {
		status = judge(w, member->user);
		arena_clear(&w->scratch);
	}
	return status;
}

enum status what_if_push(struct what_if *w, const struct change *changes, size_t n,
			 struct what_if_error *error)
{
	struct frame *frame = mem_alloc(sizeof *frame);
	enum status status = STATUS_OK;

	for (size_t i = 0; w->top && i < w->top->n; i++)
		w->servers[w->top->saved[i].number].was_saved = false;
	frame->below = w->top;
	arena_init(&frame->arena);
	w->top = frame;
	*error = (struct what_if_error){ .change = 0 };
	for (size_t i = 0; status == STATUS_OK && i < n; i++) {
		error->change = i;
		status = apply(w, &changes[i], error);
	}
	if (status == STATUS_OK)
		status = judge_dirty(w);
	if (status != STATUS_OK)
		what_if_pop(w);
	return status;
}

/* Puts the member back that a server had. */
static void put_back(struct what_if *w, struct server *server, const struct server *was)
{
	struct site_member *now = server->removed ? NULL : server->member;

	assert(!was->removed); /* nothing is changed of a server that is taken out */
	*server = *was;
	if (now != was->member)
		put(w, server, was->member, now);
}

void what_if_pop(struct what_if *w)
{
	struct frame *frame = w->top;

	assert(frame);
	for (size_t i = frame->n; i-- > 0;)
		put_back(w, &w->servers[frame->saved[i].number], &frame->saved[i].server);
	while (site_index_next_dirty(&w->index))
		; /* they see again what they saw before */
	w->top = frame->below;
	arena_deinit(&frame->arena);
	free(frame);
	for (size_t i = 0; w->top && i < w->top->n; i++)
		w->servers[w->top->saved[i].number].was_saved = true;
}

enum verdict what_if_verdict(const struct what_if *w, size_t server)
{
	return w->servers[server].verdict;
}

bool what_if_is_removed(const struct what_if *w, size_t server)
{
	return w->servers[server].removed;
}

static int compare_keys(const void *item, const void *wanted)
{
	const struct site_facts_server *server = item;
	return strcmp(server->key, wanted);
}

size_t what_if_find(const struct what_if *w, const char *server)
{
	const struct site_facts *facts = w->facts;
	char key[SERVER_KEY_SIZE];

	size_t at = lower_bound(facts->servers, facts->n, sizeof *facts->servers,
				server_key(server, key), compare_keys);
	return at < facts->n && strcmp(facts->servers[at].key, key) == 0 ? at : SIZE_MAX;
}

size_t what_if_count_touched(const struct what_if *w)
{
	return w->top ? w->top->n : 0;
}

size_t what_if_touched(const struct what_if *w, size_t i)
{
	return w->top->saved[i].number;
}

enum verdict what_if_touched_before(const struct what_if *w, size_t i)
{
	return w->top->saved[i].server.verdict;
}

bool what_if_view(struct what_if *w, size_t number, struct site_server *out, struct arena *arena)
{
	struct server *server = &w->servers[number];
	const struct report *report = report_of(w, server);

	if (report)
		site_view_member(&w->index, server->member, report, out, arena);
	return report != NULL;
}

enum grade what_if_proven(const struct what_if *w, size_t server)
{
	return site_best_grade(w->servers[server].member->self->proofs);
}

size_t what_if_work(const struct what_if *w)
{
	return w->work;
}
