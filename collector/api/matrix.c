/*
 * GET /v1/sites/{org}/{site}/matrix: who of a site reaches whom. The reports of its servers are
 * read a few in a turn of the loop, so that a large site holds up nobody.
 */
#include <stdlib.h>
#include <string.h>

#include "collector/api/handler.h"
#include "collector/api/servers.h"
#include "collector/base/text_map.h"
#include "collector/base/turns.h"
#include "collector/http/call.h"
#include "collector/http/problem.h"
#include "proto/base/casefold.h"
#include "proto/base/mem.h"
#include "proto/json/write.h"

/* Servers that one turn of the loop reads. */
#define TURN_SERVERS 8

/* A column: who is probed under this name. */
struct peer {
	size_t number;
	const char *name;
	struct buffer servers; /* the hosts that carry it, as members of a JSON array */
	struct peer *next;     /* of the next number */
};

/* One under way. */
struct matrix {
	struct call *call;
	struct api *api;
	struct turn *turn;
	const char **keys; /* of the servers */
	size_t n_keys;
	size_t at; /* the next one of these */
	struct buffer adapters;
	size_t n_adapters;
	struct buffer cells;
	const char *etag;
	struct text_map peers; /* by name in lower case */
	struct peer *first_peer;
	struct peer **end_of_peers;
	size_t n_peers;
	struct arena arena; /* of the columns */
};

static void free_matrix(struct matrix *m)
{
	for (struct peer *peer = m->first_peer; peer; peer = peer->next)
		buffer_deinit(&peer->servers);
	turn_free(m->turn);
	text_map_deinit(&m->peers);
	buffer_deinit(&m->adapters);
	buffer_deinit(&m->cells);
	arena_deinit(&m->arena);
	free(m);
}

/* The column of that name, which is made where it is new. */
static struct peer *column_of(struct matrix *m, const char *name)
{
	struct arena *arena = &m->arena;
	char *key = arena_alloc(arena, strlen(name) + 1);

	casefold_copy(key, name);
	struct peer *peer = text_map_get(&m->peers, key);
	if (peer)
		return peer;
	peer = arena_alloc(arena, sizeof *peer);
	*peer = (struct peer){ .number = m->n_peers++, .name = arena_strdup(arena, name) };
	buffer_init(&peer->servers);
	text_map_add(&m->peers, key, peer);
	*m->end_of_peers = peer;
	m->end_of_peers = &peer->next;
	return peer;
}

static const struct report_adapter *find_adapter(const struct report *report, const char *id)
{
	for (size_t i = 0; i < report->n_adapters; i++) {
		if (strcmp(report->adapters[i].id, id) == 0)
			return &report->adapters[i];
	}
	return NULL;
}

static void add_adapter(struct matrix *m, const struct view *view, const struct report *report,
			const struct site_adapter *adapter)
{
	const struct report_adapter *facts = find_adapter(report, adapter->id);
	struct buffer *out = &m->adapters;

	m->n_adapters++;
	json_put_line(out);
	json_open_object(out, NULL);
	json_put_text(out, "server", view->server);
	json_put_text(out, "adapter", adapter->id);
	json_put_texts(out, "addresses", facts ? facts->addresses : NULL,
		       facts ? facts->n_addresses : 0);
	json_put_text(out, "state", adapter_state_name(adapter->state));
	json_put_bool(out, "silent", view->silent);
	json_close_object(out);
}

/* The row that gave a path its grade, or NULL. */
static const struct report_probe *find_probe(const struct report *report, const char *adapter,
					     const struct site_path *path)
{
	for (size_t i = 0; i < report->n_probes; i++) {
		const struct report_probe *probe = &report->probes[i];
		if (probe->grade == path->grade && probe->error == path->error && probe->adapter &&
		    strcmp(probe->adapter, adapter) == 0 && casefold_equal(probe->peer, path->peer))
			return probe;
	}
	return NULL;
}

static void add_cell(struct matrix *m, const struct snapshot *latest,
		     const struct site_adapter *adapter, const struct site_path *path)
{
	const struct report_probe *probe = find_probe(&latest->report, adapter->id, path);
	const struct peer *peer = column_of(m, path->peer);
	struct buffer *out = &m->cells;

	json_put_line(out);
	json_open_object(out, NULL);
	json_put_integer(out, "from", (int64_t)m->n_adapters - 1);
	json_put_integer(out, "to", (int64_t)peer->number);
	json_put_text(out, "grade", grade_name(path->grade));
	json_put_text(out, "proven", grade_name(path->proven));
	json_put_text(out, "via", probe ? probe->via : NULL);
	json_put_text(out, "error", probe_error_name(path->error));
	json_put_integer_unless(out, "for_s", path->for_s, REPORT_ABSENT);
	json_put_integer_unless(out, "ms", probe ? probe->ms : REPORT_ABSENT, REPORT_ABSENT);
	json_put_time(out, "at", latest->at_ms);
	json_close_object(out);
}

static void add_server(struct matrix *m, const struct view *view, const struct site_server *seen,
		       const struct snapshot *latest)
{
	struct peer *self = column_of(m, view->exchange_server);

	json_put_text(&self->servers, NULL, view->server);
	for (size_t i = 0; i < seen->n_adapters; i++) {
		const struct site_adapter *adapter = &seen->adapters[i];
		add_adapter(m, view, &latest->report, adapter);
		for (size_t k = 0; k < adapter->n_paths; k++) {
			if (adapter->paths[k].grade != GRADE_UNKNOWN)
				add_cell(m, latest, adapter, &adapter->paths[k]);
		}
	}
}

/* A server that has gone meanwhile is left out. */
static enum status read_server(struct matrix *m, const char *key, char error[FLEET_ERROR_SIZE])
{
	struct fleet *fleet = pipeline_fleet(m->api->pipeline);
	const struct view *view = fleet_find(fleet, key);
	struct snapshot *latest;
	struct site_server seen;
	struct arena arena;

	if (!view)
		return STATUS_OK;
	arena_init(&arena);
	enum status status = fleet_read_judged(fleet, view, &arena, &seen, &latest, error);
	if (status == STATUS_OK)
		add_server(m, view, &seen, latest);
	snapshot_unref(latest);
	arena_deinit(&arena);
	return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* An array whose elements were written before, if there are any. */
static void put_elements(struct buffer *out, const char *name, const struct buffer *elements)
{
	json_open_array(out, name);
	buffer_add(out, elements->bytes, elements->size);
	json_close_array(out);
}

static void add_peers(const struct matrix *m, struct buffer *out)
{
	for (const struct peer *peer = m->first_peer; peer; peer = peer->next) {
		json_put_line(out);
		json_open_object(out, NULL);
		json_put_text(out, "name", peer->name);
		put_elements(out, "servers", &peer->servers);
		json_close_object(out);
	}
}

static void answer(struct matrix *m)
{
	const char *const *names = m->call->params;
	struct buffer out;

	buffer_init(&out);
	json_open_object(&out, NULL);
	json_put_time(&out, "as_of", pipeline_now_ms(m->api->pipeline));
	json_put_text(&out, "organization", strcmp(names[0], "-") == 0 ? "" : names[0]);
	json_put_text(&out, "site", strcmp(names[1], "-") == 0 ? "" : names[1]);
	put_elements(&out, "adapters", &m->adapters);
	json_open_array(&out, "peers");
	add_peers(m, &out);
	json_close_array(&out);
	put_elements(&out, "cells", &m->cells);
	json_finish(&out);
	api_answer_tagged(m->call, &out, m->etag, NULL);
	free_matrix(m);
}

static void on_turn(void *user)
{
	struct matrix *m = user;
	char error[FLEET_ERROR_SIZE];

	if (!m->call->request) { /* nobody waits for it, and the store may be closed soon */
		call_answer_problem(m->call, &api_unreadable);
		free_matrix(m);
		return;
	}
	for (size_t i = 0; i < TURN_SERVERS && m->at < m->n_keys; i++) {
		if (read_server(m, m->keys[m->at++], error) != STATUS_OK) {
			api_answer_unreadable(m->call, error);
			free_matrix(m);
			return;
		}
	}
	if (m->at < m->n_keys)
		turn_wait(m->turn);
	else
		answer(m);
}

/* The keys of a site's servers, and a number that changes with what is shown of them. */
static const char **find_keys(struct call *call, const char *organization, const char *site,
			      size_t *out, uint64_t *tag)
{
	const struct api *api = call->context;
	const struct fleet *fleet = pipeline_fleet(api->pipeline);
	size_t n = 0;
	const struct fleet_row *rows = fleet_rows(fleet, &n);
	const char **keys =
		arena_alloc_array(&call->arena, API_MATRIX_MAX_SERVERS + 1, sizeof *keys);

	*out = 0;
	*tag = fleet_membership(fleet);
	for (size_t i = 0; i < n && *out <= API_MATRIX_MAX_SERVERS; i++) {
		struct fleet_place place = fleet_place(fleet, rows[i].site);
		if (!casefold_equal(place.site, site) ||
		    !casefold_equal(place.organization, organization))
			continue;
		keys[(*out)++] = arena_strdup(&call->arena, rows[i].key);
		*tag = *tag * UINT64_C(0x100000001b3) + view_tag(rows[i].view);
	}
	return keys;
}

static void begin_matrix(struct call *call, const char **keys, size_t n, const char *etag)
{
	struct api *api = call->context;
	struct matrix *m = mem_alloc(sizeof *m);

	m->call = call;
	m->api = api;
	m->keys = keys;
	m->n_keys = n;
	m->etag = etag;
	m->end_of_peers = &m->first_peer;
	arena_init(&m->arena);
	m->turn = turn_new(&api->turns, api->loop, on_turn, m);
	turn_wait(m->turn);
}

void api_matrix_get(struct call *call)
{
	static const struct problem too_large = {
		.status = 422,
		.code = "site_too_large",
		.detail = "The site has more than 2000 servers, too many for one matrix. "
			  "/v1/servers?site= lists them.",
	};
	const char *organization = api_path_name(call, 0);
	const char *site = api_path_name(call, 1);
	uint64_t tag;
	size_t n;

	if (!api_has_no_query(call))
		return;
	const char **keys = find_keys(call, organization, site, &n, &tag);
	const char *etag = api_make_etag(call->context, tag, &call->arena);
	if (n == 0)
		call_answer_problem(call, &api_unknown_site);
	else if (n > API_MATRIX_MAX_SERVERS)
		call_answer_problem(call, &too_large);
	else if (!call_answer_not_modified(call, etag))
		begin_matrix(call, keys, n, etag);
}
