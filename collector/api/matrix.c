/*
 * GET /v1/sites/{org}/{site}/matrix: who of a site reaches whom. The reports of its servers are
 * read a few in a turn of the loop, so that a large site holds up nobody.
 */
#include <stdlib.h>
#include <string.h>

#include "collector/api/handler.h"
#include "collector/api/matrix_text.h"
#include "collector/api/past.h"
#include "collector/api/servers.h"
#include "collector/base/turns.h"
#include "collector/http/call.h"
#include "collector/http/problem.h"
#include "proto/base/casefold.h"
#include "proto/base/mem.h"
#include "proto/json/write.h"

/* Servers that one turn of the loop reads. */
#define TURN_SERVERS 8

/* One under way. */
struct matrix {
	struct call *call;
	struct api *api;
	struct turn *turn;
	const char **keys; /* of the servers */
	size_t n_keys;
	size_t at; /* the next one of these */
	const char *etag;
	struct matrix_text text;
};

static void free_matrix(struct matrix *m)
{
	turn_free(m->turn);
	matrix_text_deinit(&m->text);
	free(m);
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
		matrix_text_add(&m->text, view, &seen, latest);
	snapshot_unref(latest);
	arena_deinit(&arena);
	return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static void answer(struct matrix *m)
{
	struct buffer out;

	buffer_init(&out);
	json_open_object(&out, NULL);
	json_put_time(&out, "as_of", pipeline_now_ms(m->api->pipeline));
	json_put_text(&out, "organization", api_path_name(m->call, 0));
	json_put_text(&out, "site", api_path_name(m->call, 1));
	matrix_text_write(&m->text, &out);
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

const struct problem api_site_too_large = {
	.status = 422,
	.code = "site_too_large",
	.detail = "The site has more than 2000 servers, too many for one matrix. "
		  "/v1/servers?site= lists them.",
};

static void begin_matrix(struct call *call, const char **keys, size_t n, const char *etag)
{
	struct api *api = call->context;
	struct matrix *m = mem_alloc(sizeof *m);

	m->call = call;
	m->api = api;
	m->keys = keys;
	m->n_keys = n;
	m->etag = etag;
	matrix_text_init(&m->text);
	m->turn = turn_new(&api->turns, api->loop, on_turn, m);
	turn_wait(m->turn);
}

void api_matrix_get(struct call *call)
{
	const char *organization = api_path_name(call, 0);
	const char *site = api_path_name(call, 1);
	int64_t at_ms = TIMESTAMP_NONE;
	uint64_t tag;
	size_t n;

	if (!api_read_time(call, "at", &at_ms))
		return;
	if (at_ms != TIMESTAMP_NONE) {
		api_past_get_matrix(call, at_ms);
		return;
	}
	const char **keys = find_keys(call, organization, site, &n, &tag);
	const char *etag = api_make_etag(call->context, tag, &call->arena);
	if (n == 0)
		call_answer_problem(call, &api_unknown_site);
	else if (n > API_MATRIX_MAX_SERVERS)
		call_answer_problem(call, &api_site_too_large);
	else if (!call_answer_not_modified(call, etag))
		begin_matrix(call, keys, n, etag);
}
