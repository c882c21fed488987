/*
 * A table for people: columns as wide as what is in them, lines that fit the terminal. Values come
 * from reports, so cells are made harmless (proto/base/printable.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "collector/cli/console.h"
#include "proto/base/arena.h"

#define TABLE_MAX_COLUMNS 64

struct table_row;

struct table {
	struct arena *arena; /* everything lies there */
	size_t n_columns;
	size_t widths[TABLE_MAX_COLUMNS]; /* characters */
	size_t least[TABLE_MAX_COLUMNS];  /* not cut below, as long as others can give */
	struct table_row *first;
	struct table_row **end;
};

/* A table of at most TABLE_MAX_COLUMNS columns; the names are the first line. */
void table_init(struct table *table, const char *const *names, size_t n_columns,
		struct arena *arena);

/* The next part of one that goes on: without names, no column narrower than before. */
void table_init_more(struct table *table, const struct table *before, struct arena *arena);

/*
 * This column has names by which somebody asks for more: of those that Windows allows for a
 * computer none is cut while another column can be.
 */
void table_keep_names(struct table *table, size_t column);

/* A line; NULL is shown as a dash. `tint` is that of the first cell. */
void table_add(struct table *table, const char *const *cells, enum tint tint);

/* The width of a whole line, in characters. */
size_t table_width(const struct table *table);

/*
 * Prints it. `width` 0: as wide as it is; else the widest cells are cut so that it fits; headings
 * and names last.
 */
void table_print(const struct table *table, size_t width, bool color, FILE *out);
