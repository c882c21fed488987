#include "collector/cli/table.h"

#include <assert.h>
#include <string.h>

/* Behind a cell that is not the last one of its line. */
#define GAP 2

/* A column is not made narrower, however narrow the terminal. */
#define LEAST 6

/* Characters of a computer's name (MAX_COMPUTERNAME_LENGTH). */
#define NAME 15

struct table_row {
	struct table_row *next;
	enum tint tint;
	const char *cells[];
};

/* Characters of UTF-8: bytes that do not go on with one. */
static size_t count(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xC0) != 0x80;
	return n;
}

/* Bytes of the first `n` characters. */
static size_t bytes_of(const char *text, size_t n)
{
	size_t at = 0;

	while (text[at]) {
		if (((unsigned char)text[at] & 0xC0) != 0x80 && n-- == 0)
			break;
		at++;
	}
	return at;
}

void table_init(struct table *table, const char *const *names, size_t n_columns,
		struct arena *arena)
{
	*table = (struct table){ .arena = arena, .n_columns = n_columns, .end = &table->first };
	table_add(table, names, TINT_NONE);
	for (size_t i = 0; i < n_columns; i++)
		table->least[i] = table->widths[i] > LEAST ? table->widths[i] : LEAST;
}

void table_init_more(struct table *table, const struct table *before, struct arena *arena)
{
	*table = (struct table){ .arena = arena,
				 .n_columns = before->n_columns,
				 .end = &table->first };
	memcpy(table->widths, before->widths, sizeof table->widths);
	memcpy(table->least, before->least, sizeof table->least);
}

void table_keep_names(struct table *table, size_t column)
{
	assert(column < table->n_columns);
	if (table->least[column] < NAME)
		table->least[column] = NAME;
}

void table_add(struct table *table, const char *const *cells, enum tint tint)
{
	struct table_row *row =
		arena_alloc(table->arena, sizeof *row + table->n_columns * sizeof *row->cells);

	row->next = NULL;
	row->tint = tint;
	for (size_t i = 0; i < table->n_columns; i++) {
		row->cells[i] = cells[i] && *cells[i] ? console_text(cells[i], table->arena) : "-";
		size_t width = count(row->cells[i]);
		table->widths[i] = width > table->widths[i] ? width : table->widths[i];
	}
	*table->end = row;
	table->end = &row->next;
}

size_t table_width(const struct table *table)
{
	size_t width = 0;

	for (size_t i = 0; i < table->n_columns; i++)
		width += table->widths[i] + (i > 0 ? GAP : 0);
	return width;
}

/* A cell of at most `room` characters; where it is cut that is seen. */
static void print_cut(const char *text, size_t room, FILE *out)
{
	static const char mark[] = "...";

	if (count(text) <= room)
		fputs(text, out);
	else
		fprintf(out, "%.*s%s", (int)bytes_of(text, room - (sizeof mark - 1)), text, mark);
}

static void print_row(const struct table *table, const struct table_row *row, const size_t *widths,
		      bool color, FILE *out)
{
	for (size_t i = 0; i < table->n_columns; i++) {
		enum tint tint = i == 0 ? row->tint : TINT_NONE;
		size_t shown = count(row->cells[i]);
		shown = shown < widths[i] ? shown : widths[i];
		fputs(console_tint(tint, color), out);
		print_cut(row->cells[i], widths[i], out);
		fputs(console_end(tint, color), out);
		if (i + 1 < table->n_columns)
			fprintf(out, "%*s", (int)(widths[i] - shown + GAP), "");
	}
	fputc('\n', out);
}

/* The widest of those that are wider than `least` says (NULL: LEAST); `n`: there is none. */
static size_t find_widest(const size_t *widths, const size_t *least, size_t n)
{
	size_t widest = n;

	for (size_t i = 0; i < n; i++) {
		bool may_shrink = widths[i] > (least ? least[i] : LEAST);
		if (may_shrink && (widest == n || widths[i] >= widths[widest]))
			widest = i;
	}
	return widest;
}

/* Makes columns narrower while the line is wider than `width`; returns how wide it is then. */
static size_t shrink(size_t *widths, const size_t *least, size_t n, size_t whole, size_t width)
{
	size_t widest;

	while (whole > width && (widest = find_widest(widths, least, n)) < n) {
		widths[widest]--;
		whole--;
	}
	return whole;
}

void table_print(const struct table *table, size_t width, bool color, FILE *out)
{
	size_t widths[TABLE_MAX_COLUMNS];
	size_t whole = table_width(table);

	memcpy(widths, table->widths, sizeof widths);
	if (width > 0)
		whole = shrink(widths, table->least, table->n_columns, whole, width);
	if (width > 0)
		shrink(widths, NULL, table->n_columns, whole, width);
	for (const struct table_row *row = table->first; row; row = row->next)
		print_row(table, row, widths, color, out);
}
