/*
 * The JSON of a matrix, server by server: adapters, peers, cells. Only the handlers of matrices
 * include this.
 */
#pragma once

#include <stddef.h>

#include "collector/base/text_map.h"
#include "collector/model/snapshot.h"
#include "collector/model/view.h"
#include "proto/base/arena.h"
#include "proto/base/buffer.h"
#include "proto/site/site.h"

struct matrix_peer;

struct matrix_text {
	struct buffer adapters;
	size_t n_adapters;
	struct buffer cells;
	struct text_map peers; /* by name in lower case */
	struct matrix_peer *first_peer;
	struct matrix_peer **end_of_peers;
	size_t n_peers;
	struct arena arena; /* of the columns */
};

/* It must not move. */
void matrix_text_init(struct matrix_text *m);
void matrix_text_deinit(struct matrix_text *m);

/* Adds a server with its adapters as they are seen, and what its latest report tells of paths. */
void matrix_text_add(struct matrix_text *m, const struct view *view, const struct site_server *seen,
		     const struct snapshot *latest);

/* Adds the members "adapters", "peers" and "cells" (collector/api/openapi.json). */
void matrix_text_write(const struct matrix_text *m, struct buffer *out);
