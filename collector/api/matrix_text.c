#include "collector/api/matrix_text.h"

#include <string.h>

#include "proto/base/casefold.h"
#include "proto/json/write.h"

/* A column: who is probed under this name. */
struct matrix_peer {
	size_t number;
	const char *name;
	struct buffer servers;    /* the hosts that carry it, as members of a JSON array */
	struct matrix_peer *next; /* of the next number */
};

void matrix_text_init(struct matrix_text *m)
{
	*m = (struct matrix_text){ .n_adapters = 0 };
	m->end_of_peers = &m->first_peer;
	arena_init(&m->arena);
}

void matrix_text_deinit(struct matrix_text *m)
{
	for (struct matrix_peer *peer = m->first_peer; peer; peer = peer->next)
		buffer_deinit(&peer->servers);
	text_map_deinit(&m->peers);
	buffer_deinit(&m->adapters);
	buffer_deinit(&m->cells);
	arena_deinit(&m->arena);
}

/* The column of that name, which is made where it is new. */
static struct matrix_peer *column_of(struct matrix_text *m, const char *name)
{
	struct arena *arena = &m->arena;
	char *key = arena_alloc(arena, strlen(name) + 1);

	casefold_copy(key, name);
	struct matrix_peer *peer = text_map_get(&m->peers, key);
	if (peer)
		return peer;
	peer = arena_alloc(arena, sizeof *peer);
	*peer = (struct matrix_peer){ .number = m->n_peers++, .name = arena_strdup(arena, name) };
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

static void add_adapter(struct matrix_text *m, const struct view *view, const struct report *report,
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

static void add_cell(struct matrix_text *m, const struct snapshot *latest,
		     const struct site_adapter *adapter, const struct site_path *path)
{
	const struct report_probe *probe = find_probe(&latest->report, adapter->id, path);
	const struct matrix_peer *peer = column_of(m, path->peer);
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

void matrix_text_add(struct matrix_text *m, const struct view *view, const struct site_server *seen,
		     const struct snapshot *latest)
{
	struct matrix_peer *self = column_of(m, view->exchange_server);

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

/* An array whose elements were written before, if there are any. */
static void put_elements(struct buffer *out, const char *name, const struct buffer *elements)
{
	json_open_array(out, name);
	buffer_add(out, elements->bytes, elements->size);
	json_close_array(out);
}

static void add_peers(const struct matrix_text *m, struct buffer *out)
{
	for (const struct matrix_peer *peer = m->first_peer; peer; peer = peer->next) {
		json_put_line(out);
		json_open_object(out, NULL);
		json_put_text(out, "name", peer->name);
		put_elements(out, "servers", &peer->servers);
		json_close_object(out);
	}
}

void matrix_text_write(const struct matrix_text *m, struct buffer *out)
{
	put_elements(out, "adapters", &m->adapters);
	json_open_array(out, "peers");
	add_peers(m, out);
	json_close_array(out);
	put_elements(out, "cells", &m->cells);
}
