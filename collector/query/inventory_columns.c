#include "collector/query/inventory_columns.h"

#include <string.h>

#include "collector/query/inventory_text.h"
#include "collector/query/server_csv.h"
#include "proto/base/casefold.h"
#include "proto/base/utf8.h"

#define N_CELLS 3 /* of a line without heading: name, organization, site */

/* Headings of the columns that are read, as in Microsoft's and our own tables, also in German. */
static const char *const name_words[] = {
	"name",      "server",      "servername",   "server name",   "host",        "hostname",
	"host name", "computer",    "computername", "computer name", "machine",     "machine name",
	"rechner",   "rechnername", "netbios name", "dns host name", "dnshostname",
};
static const char *const organization_words[] = { "organization", "organisation", "org" };
static const char *const site_words[] = { "site", "standort", "site name" };

/* A line on its way into cells. */
struct cell_reader {
	const char *at;
	char separator;
	struct arena *arena;
	const char **why;
};

static bool is_one_of(const char *text, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (casefold_equal(text, words[i]))
			return true;
	}
	return false;
}
#define IS_ONE_OF(text, words) is_one_of((text), (words), sizeof(words) / sizeof *(words))

static enum status fail(const struct cell_reader *r, enum status status, const char *why)
{
	*r->why = why;
	return status;
}

/* The first of the separators that does not stand between quotes; 0: there is none. */
static char find_separator(const char *line)
{
	bool quoted = false;

	for (; *line; line++) {
		if (*line == '"')
			quoted = !quoted;
		else if (!quoted && (*line == ',' || *line == ';' || *line == '\t'))
			return *line;
	}
	return '\0';
}

static bool is_blank(const struct cell_reader *r, char c)
{
	return c == ' ' || (c == '\t' && r->separator != '\t');
}

static bool at_end(const struct cell_reader *r)
{
	return *r->at == '\0' || *r->at == r->separator;
}

/* Adds the character at `r->at` to a cell of `*n` bytes. */
static enum status add_byte(struct cell_reader *r, char cell[INVENTORY_MAX_FIELD], size_t *n)
{
	unsigned char c = (unsigned char)*r->at;
	size_t length = utf8_length(r->at, strnlen(r->at, UTF8_MAX));

	if (c < 0x20 || c == 0x7f || length == 0)
		return fail(r, STATUS_MALFORMED, "a control character");
	if (*n + length > INVENTORY_MAX_FIELD)
		return fail(r, STATUS_LIMIT, "a field of more than 255 bytes");
	memcpy(cell + *n, r->at, length);
	*n += length;
	r->at += length;
	return STATUS_OK;
}

static enum status read_quoted(struct cell_reader *r, char cell[INVENTORY_MAX_FIELD], size_t *n)
{
	enum status status = STATUS_OK;

	for (r->at++; status == STATUS_OK; status = add_byte(r, cell, n)) {
		if (*r->at == '\0')
			return fail(r, STATUS_MALFORMED, "a quoted field that does not end");
		if (*r->at != '"')
			continue;
		r->at++;
		if (*r->at != '"')
			break;
	}
	while (is_blank(r, *r->at))
		r->at++;
	if (status == STATUS_OK && !at_end(r))
		return fail(r, STATUS_MALFORMED, "text behind a quoted field");
	return status;
}

static enum status read_plain(struct cell_reader *r, char cell[INVENTORY_MAX_FIELD], size_t *n)
{
	enum status status = STATUS_OK;

	while (status == STATUS_OK && !at_end(r)) {
		size_t blanks = 0;
		while (is_blank(r, r->at[blanks]))
			blanks++;
		if (blanks > 0 && (r->at[blanks] == '\0' || r->at[blanks] == r->separator))
			r->at += blanks;
		else
			status = add_byte(r, cell, n);
	}
	return status;
}

/* Takes off the apostrophe by which our servers.csv keeps a spreadsheet from reading a formula. */
static const char *without_apostrophe(const char *cell)
{
	return *cell == '\'' && server_csv_needs_apostrophe(cell + 1) ? cell + 1 : cell;
}

/* A cell without the blanks around it. */
static enum status read_cell(struct cell_reader *r, const char **out)
{
	char cell[INVENTORY_MAX_FIELD];
	size_t n = 0;

	while (is_blank(r, *r->at))
		r->at++;
	enum status status = *r->at == '"' ? read_quoted(r, cell, &n) : read_plain(r, cell, &n);
	*out = without_apostrophe(arena_strndup(r->arena, cell, n));
	return status;
}

/* `*n` is how many there are up to the last one that is not empty. */
static enum status read_cells(struct cell_reader *r, const char *cells[INVENTORY_MAX_COLUMNS],
			      size_t *n)
{
	*n = 0;
	for (size_t i = 0;; i++) {
		const char *cell = NULL;
		enum status status = read_cell(r, &cell);
		if (status != STATUS_OK)
			return status;
		if (*cell && i >= INVENTORY_MAX_COLUMNS)
			return fail(r, STATUS_LIMIT, "more than 64 columns");
		if (i < INVENTORY_MAX_COLUMNS)
			cells[i] = cell;
		if (*cell)
			*n = i + 1;
		if (*r->at == '\0')
			return STATUS_OK;
		r->at++;
	}
}

/* Is this line the heading? Then it says which column is what. */
static bool read_heading(struct inventory_columns *c, const char *const *cells, size_t n)
{
	struct inventory_columns found = { .has_begun = true, .separator = c->separator };

	for (size_t i = n; i-- > 0;) {
		if (IS_ONE_OF(cells[i], name_words))
			found.name = i + 1;
		else if (IS_ONE_OF(cells[i], organization_words))
			found.organization = i + 1;
		else if (IS_ONE_OF(cells[i], site_words))
			found.site = i + 1;
	}
	if (found.name == 0)
		return false;
	found.has_heading = true;
	/* Columns that a short heading leaves out have the order of lines without a heading. */
	if (found.name == 1 && n == 1)
		found.organization = 2;
	if (found.name == 1 && found.organization == 2 && n < N_CELLS)
		found.site = 3;
	*c = found;
	return true;
}

static const char *cell_of(const char *const *cells, size_t n, size_t place)
{
	return place > 0 && place <= n ? cells[place - 1] : "";
}

/* Excel's first line names the separator: "sep=;" */
static bool is_separator_line(const char *line)
{
	return strncmp(line, "sep=", 4) == 0 && strlen(line) == 5 && strchr(",;\t", line[4]);
}

static enum status map_cells(struct inventory_columns *c, const char *const *cells, size_t n,
			     struct inventory_cells *out, const struct cell_reader *r)
{
	bool is_first = !c->has_begun;

	if (n == 0)
		return STATUS_OK;
	if (is_first) {
		c->has_begun = true;
		c->name = 1;
		c->organization = 2;
		c->site = 3;
	}
	if (is_first && read_heading(c, cells, n))
		return STATUS_OK;
	if (!c->has_heading && n > N_CELLS)
		return fail(r, STATUS_MALFORMED,
			    "more than the columns name, organization, site, and no heading that "
			    "says what they are");
	*out = (struct inventory_cells){ cell_of(cells, n, c->name),
					 cell_of(cells, n, c->organization),
					 cell_of(cells, n, c->site) };
	return STATUS_OK;
}

/* Reads a line of `net view` that somebody cut out of its list; the remark is left out. */
static const char *without_remark(const char *line, struct arena *arena)
{
	size_t n = strcspn(line, " \t,;");
	size_t blanks = strspn(line + n, " ");

	if (strncmp(line, "\\\\", 2) != 0 || blanks == 0 || strchr(",;\t", line[n + blanks]))
		return line;
	return arena_strndup(arena, line, n);
}

enum status inventory_columns_read(struct inventory_columns *columns, const char *line,
				   struct arena *arena, struct inventory_cells *out,
				   const char **why)
{
	const char *cells[INVENTORY_MAX_COLUMNS];
	size_t n = 0;

	if (!columns->has_begun && is_separator_line(line)) {
		columns->separator = line[4];
		return STATUS_OK;
	}
	line = without_remark(line, arena);
	if (!columns->separator)
		columns->separator = find_separator(line);
	struct cell_reader r = { line, columns->separator, arena, why };
	enum status status = read_cells(&r, cells, &n);
	return status == STATUS_OK ? map_cells(columns, cells, n, out, &r) : status;
}
