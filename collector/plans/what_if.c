#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "collector/base/lower_bound.h"
#include "collector/model/server_key.h"
#include "collector/plans/what_if_internal.h"
#include "proto/base/mem.h"
#include "proto/exposure/facts.h"
#include "proto/site/proof.h"

/* Work between two pauses: 10 ms. */
#define PAUSE_WORK 1000

static size_t number_of(const struct what_if *w, const struct what_if_server *server)
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

void what_if_put(struct what_if *w, struct what_if_server *server, struct site_member *member,
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

const struct report *what_if_report(struct what_if *w, struct what_if_server *server)
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
		struct what_if_server *server = member->user;
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
		struct what_if_server *server = &w->servers[i];
		server->facts = &facts->servers[i];
		server->verdict = server->facts->verdict;
		what_if_put(w, server, server->facts->member, NULL);
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

static void free_frame(struct what_if_frame *frame)
{
	arena_deinit(&frame->arena);
	free(frame);
}

void what_if_free(struct what_if *w)
{
	if (!w)
		return;
	while (w->top)
		what_if_pop(w);
	while (w->kept) {
		struct what_if_frame *frame = w->kept;
		w->kept = frame->below;
		free_frame(frame);
	}
	site_index_deinit(&w->index);
	arena_deinit(&w->scratch);
	free(w->servers);
	free(w->known);
	free(w);
}

void what_if_save(struct what_if *w, struct what_if_server *server)
{
	struct what_if_frame *frame = w->top;

	if (server->was_saved)
		return;
	frame->saved = arena_make_room(&frame->arena, frame->saved, frame->n, &frame->room,
				       sizeof *frame->saved);
	frame->saved[frame->n++] = (struct what_if_saved){ number_of(w, server), *server };
	server->was_saved = true;
}

/* Judges a server again if it sees something else, or its own report is another. */
static enum status judge(struct what_if *w, struct what_if_server *server)
{
	struct exposure_facts facts;
	struct site_server seen;

	site_view_member(&w->index, server->member, NULL, &seen, &w->scratch);
	count_work(w, server->member, 256);
	uint64_t signature = site_view_signature(&seen);
	if (signature == server->signature && !server->was_saved)
		return STATUS_OK;
	const struct report *report = what_if_report(w, server);
	if (!report)
		return STATUS_SYSTEM;
	what_if_save(w, server);
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

void what_if_on_pause(struct what_if *w, void (*pause)(void *user), void *user)
{
	w->pause = pause;
	w->pause_user = user;
	w->paused_at = w->work;
}

static void pause_if_due(struct what_if *w)
{
	if (!w->pause || w->work - w->paused_at < PAUSE_WORK)
		return;
	w->paused_at = w->work;
	w->pause(w->pause_user);
}

enum status what_if_push(struct what_if *w, const struct change *changes, size_t n,
			 struct what_if_error *error)
{
	struct what_if_frame *frame = mem_alloc(sizeof *frame);
	enum status status = STATUS_OK;

	pause_if_due(w);
	for (size_t i = 0; w->top && i < w->top->n; i++)
		w->servers[w->top->saved[i].number].was_saved = false;
	frame->below = w->top;
	arena_init(&frame->arena);
	w->top = frame;
	*error = (struct what_if_error){ .change = 0 };
	for (size_t i = 0; status == STATUS_OK && i < n; i++) {
		error->change = i;
		status = what_if_apply(w, &changes[i], error);
	}
	if (status == STATUS_OK)
		status = judge_dirty(w);
	if (status != STATUS_OK)
		what_if_pop(w);
	return status;
}

/* Puts the member back that a server had. */
static void put_back(struct what_if *w, struct what_if_server *server,
		     const struct what_if_server *was)
{
	struct site_member *now = server->removed ? NULL : server->member;

	assert(!was->removed); /* nothing is changed of a server that is taken out */
	*server = *was;
	if (now != was->member)
		what_if_put(w, server, was->member, now);
}

/* Takes the last push off, and gives it. */
static struct what_if_frame *take_off(struct what_if *w)
{
	struct what_if_frame *frame = w->top;

	assert(frame);
	for (size_t i = frame->n; i-- > 0;)
		put_back(w, &w->servers[frame->saved[i].number], &frame->saved[i].server);
	while (site_index_next_dirty(&w->index))
		; /* they see again what they saw before */
	w->top = frame->below;
	for (size_t i = 0; w->top && i < w->top->n; i++)
		w->servers[w->top->saved[i].number].was_saved = true;
	return frame;
}

void what_if_pop(struct what_if *w)
{
	free_frame(take_off(w));
}

void what_if_pop_kept(struct what_if *w)
{
	struct what_if_frame *frame = take_off(w);

	frame->below = w->kept;
	w->kept = frame;
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
	struct what_if_server *server = &w->servers[number];
	const struct report *report = what_if_report(w, server);

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
