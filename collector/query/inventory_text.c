#include "collector/query/inventory_text.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/model/server_key.h"
#include "collector/query/inventory_columns.h"
#include "collector/query/windows_name.h"
#include "proto/base/printable.h"
#include "proto/base/text.h"
#include "proto/base/text_file.h"

/* Dashes in the line that `net view` draws below its heading, at least. */
#define RULE_MIN 16

struct reading {
	char *at; /* the rest of the text */
	size_t line;
	size_t rule; /* the line below the heading of `net view`; 0: there is none */
	struct inventory_columns columns;
	struct arena *arena;
	char *error;
};

/* An expected server, and the line that names it. */
struct entry {
	struct record_expected row;
	size_t line;
};

static enum status fail(const struct reading *r, enum status status, const char *format, ...)
	__attribute__((format(PRINTF_FORMAT, 3, 4)));

static enum status fail(const struct reading *r, enum status status, const char *format, ...)
{
	char what[INVENTORY_ERROR_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof what, format, args);
	va_end(args);
	snprintf(r->error, INVENTORY_ERROR_SIZE, "line %zu: %.220s", r->line, what);
	return status;
}

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t");
}

static bool is_skipped(const char *line)
{
	const char *first = skip_blanks(line);
	return *first == '\0' || *first == '#';
}

static bool has_slashes(const char *line)
{
	return strncmp(line, "\\\\", 2) == 0;
}

/* The next line; NULL behind the last one. */
static char *next_line(struct reading *r)
{
	char *line = text_file_next_line(&r->at);
	r->line += line != NULL;
	return line;
}

/* Where `net view` draws its line, if it does so at all. */
static size_t find_rule(const char *text)
{
	size_t line = 1;

	for (const char *at = text; *at; line++) {
		size_t n = strcspn(at, "\n");
		size_t dashes = strspn(at, "-");
		if (dashes >= RULE_MIN && dashes + strspn(at + dashes, " \t") >= n)
			return line;
		at += n + (at[n] == '\n');
	}
	return 0;
}

/*
 * Of "\\EXCH1     Exchange of HQ" the name; its remark is left out. What stands below the list is the
 * message that the command is done: the last line.
 */
static enum status read_net_view(struct reading *r, char *line, const char **name)
{
	*name = NULL;
	if (!has_slashes(line)) {
		size_t at = r->line;
		for (char *behind = next_line(r); behind; behind = next_line(r)) {
			if (*skip_blanks(behind) == '\0')
				continue;
			r->line = at;
			return fail(r, STATUS_MALFORMED,
				    "in a list of `net view` each name begins with \\\\");
		}
		return STATUS_OK;
	}
	size_t n = strcspn(line, " \t");
	line[n] = '\0';
	*name = line + 2;
	return STATUS_OK;
}

/* The reason why a name is none, with the name made harmless for a terminal. */
static enum status refuse_name(const struct reading *r, const char *name, const char *why)
{
	char shown[100];

	if (*name == '\0')
		return fail(r, STATUS_MALFORMED, "expected the name of a host");
	return fail(r, STATUS_MALFORMED, "'%s' %s", printable(shown, sizeof shown, name), why);
}

static enum status make_entry(struct reading *r, const struct inventory_cells *cells,
			      int64_t since_ms, struct entry *out)
{
	char key[SERVER_KEY_SIZE];
	const char *name = cells->name + (has_slashes(cells->name) ? 2 : 0);
	const char *why = windows_name_check(name);

	if (why)
		return refuse_name(r, name, why);
	*out = (struct entry){
		.line = r->line,
		.row = { .key = arena_strdup(r->arena, server_key(name, key)),
			 .server = arena_strndup(r->arena, name, text_short_name_length(name)),
			 .organization = cells->organization,
			 .site = cells->site,
			 .since_ms = since_ms },
	};
	return STATUS_OK;
}

/* The cells of a line; `name` is NULL where the line names no server. */
static enum status read_line(struct reading *r, char *line, struct inventory_cells *cells)
{
	const char *why = NULL;

	*cells = (struct inventory_cells){ .organization = "", .site = "" };
	if (r->rule > 0)
		return r->line > r->rule ? read_net_view(r, line, &cells->name) : STATUS_OK;
	enum status status = inventory_columns_read(&r->columns, line, r->arena, cells, &why);
	return status == STATUS_OK ? status : fail(r, status, "%s", why);
}

static enum status read_entries(struct reading *r, int64_t since_ms, struct entry *entries,
				size_t most, size_t *n)
{
	enum status status = STATUS_OK;
	struct inventory_cells cells;

	*n = 0;
	for (char *line = next_line(r); line && status == STATUS_OK; line = next_line(r)) {
		if (is_skipped(line))
			continue;
		status = read_line(r, line, &cells);
		if (status != STATUS_OK || !cells.name)
			continue;
		if (*n == most)
			return fail(r, STATUS_LIMIT, "more than 200000 servers");
		status = make_entry(r, &cells, since_ms, &entries[*n]);
		*n += status == STATUS_OK;
	}
	return status;
}

static int compare_entries(const void *a, const void *b)
{
	const struct entry *x = a;
	const struct entry *y = b;
	int order = strcmp(x->row.key, y->row.key);
	return order ? order : (x->line > y->line) - (x->line < y->line);
}

static enum status refuse_doubles(struct reading *r, const struct entry *entries, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		if (strcmp(entries[i - 1].row.key, entries[i].row.key) != 0)
			continue;
		r->line = entries[i].line;
		return fail(r, STATUS_MALFORMED, "'%.100s' is named in line %zu already",
			    entries[i].row.server, entries[i - 1].line);
	}
	return STATUS_OK;
}

static size_t count_lines(const char *text)
{
	size_t n = 1;
	for (; *text; text++)
		n += *text == '\n';
	return n < INVENTORY_MAX_SERVERS ? n : INVENTORY_MAX_SERVERS;
}

enum status inventory_text_read(const char *text, size_t size, int64_t since_ms,
				struct arena *arena, struct record_expected **out, size_t *n,
				char error[INVENTORY_ERROR_SIZE])
{
	struct reading r = { .arena = arena, .error = error };
	struct text_file file;

	error[0] = '\0';
	if (size > INVENTORY_MAX_BYTES) {
		snprintf(error, INVENTORY_ERROR_SIZE, "the list is larger than 8 MiB");
		return STATUS_LIMIT;
	}
	const char *why = text_file_decode_utf8(arena, text, size, &file);
	if (why) {
		snprintf(error, INVENTORY_ERROR_SIZE, "%s", why);
		return STATUS_MALFORMED;
	}
	r.at = file.text;
	r.rule = find_rule(file.text);
	size_t most = count_lines(file.text);
	struct entry *entries = arena_alloc_array(arena, most, sizeof *entries);
	enum status status = read_entries(&r, since_ms, entries, most, n);
	if (status != STATUS_OK)
		return status;
	if (*n > 1)
		qsort(entries, *n, sizeof *entries, compare_entries);
	status = refuse_doubles(&r, entries, *n);
	*out = arena_alloc_array(arena, *n, sizeof **out);
	for (size_t i = 0; i < *n; i++)
		(*out)[i] = entries[i].row;
	return status;
}
