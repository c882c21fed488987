/*
 * The columns of an inventory: what stands between its cells, which the first line that has several
 * shows, and which of them are the name, the organization and the site, as its heading says.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "proto/base/arena.h"
#include "proto/base/status.h"

#define INVENTORY_MAX_COLUMNS 64

/* A zeroed one has not seen a line yet. */
struct inventory_columns {
	bool has_begun;
	bool has_heading;
	char separator; /* ',', ';' or a tab; 0: no line had one so far */
	size_t name;    /* places, from 1; 0: there is no such column */
	size_t organization;
	size_t site;
};

struct inventory_cells {
	const char
		*name; /* NULL: the line names no server, as a heading, or has empty cells only */
	const char *organization; /* "" where there is none; likewise */
	const char *site;
};

/*
 * Reads a line that is neither blank nor a comment; the cells lie in `arena`.
 *
 * STATUS_MALFORMED, STATUS_LIMIT  `*why` says what is wrong with it
 */
enum status inventory_columns_read(struct inventory_columns *columns, const char *line,
				   struct arena *arena, struct inventory_cells *out,
				   const char **why);
