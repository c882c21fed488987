#include "collector/query/inventory_text.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/model/server_key.h"
#include "proto/base/text.h"
#include "proto/base/utf8.h"

#define COLUMNS 3

struct reading {
	const char *at;
	const char *end;
	size_t line;
	struct arena *arena;
	char *error;
};

/* An expected server, and the line that names it. */
struct entry {
	struct record_expected row;
	size_t line;
};

static enum status fail(const struct reading *r, enum status status, const char *what)
{
	snprintf(r->error, INVENTORY_ERROR_SIZE, "line %zu: %s", r->line, what);
	return status;
}

static bool at_end_of_line(const struct reading *r)
{
	return r->at == r->end || *r->at == '\n' ||
	       (*r->at == '\r' && (r->at + 1 == r->end || r->at[1] == '\n'));
}

static void skip_line(struct reading *r)
{
	while (r->at < r->end && *r->at != '\n')
		r->at++;
	if (r->at < r->end)
		r->at++;
	r->line++;
}

/* One character of a field, which is at least there; 0 where it may not be in one. */
static size_t character_length(const struct reading *r)
{
	unsigned char c = (unsigned char)*r->at;
	if (c < 0x20 || c == 0x7f)
		return 0;
	return utf8_length(r->at, (size_t)(r->end - r->at));
}

static enum status add(struct reading *r, char *field, size_t *n)
{
	size_t length = character_length(r);

	if (length == 0)
		return fail(r, STATUS_MALFORMED,
			    "a control character, or bytes that are not UTF-8");
	if (*n + length > INVENTORY_MAX_FIELD)
		return fail(r, STATUS_LIMIT, "a field of more than 255 bytes");
	memcpy(field + *n, r->at, length);
	*n += length;
	r->at += length;
	return STATUS_OK;
}

static enum status read_quoted(struct reading *r, char *field, size_t *n)
{
	enum status status = STATUS_OK;

	r->at++;
	while (status == STATUS_OK) {
		if (at_end_of_line(r))
			return fail(r, STATUS_MALFORMED, "a quoted field that does not end");
		if (*r->at == '"') {
			r->at++;
			if (r->at == r->end || *r->at != '"')
				return STATUS_OK;
		}
		status = add(r, field, n);
	}
	return status;
}

/* A field with the blanks around it, which are no part of it. */
static enum status read_field(struct reading *r, const char **out)
{
	char field[INVENTORY_MAX_FIELD];
	enum status status = STATUS_OK;
	size_t n = 0;

	while (r->at < r->end && (*r->at == ' ' || *r->at == '\t'))
		r->at++;
	bool quoted = r->at < r->end && *r->at == '"';
	if (quoted)
		status = read_quoted(r, field, &n);
	while (status == STATUS_OK && !at_end_of_line(r) && *r->at != ',') {
		bool is_blank = *r->at == '\t' || (quoted && *r->at == ' ');
		if (quoted && !is_blank)
			return fail(r, STATUS_MALFORMED, "text behind a quoted field");
		if (is_blank)
			r->at++; /* only blanks may stand behind a name */
		else
			status = add(r, field, &n);
	}
	while (!quoted && n > 0 && field[n - 1] == ' ')
		n--;
	*out = arena_strndup(r->arena, field, n);
	return status;
}

static enum status read_line(struct reading *r, const char *columns[COLUMNS])
{
	for (size_t i = 0; i < COLUMNS; i++)
		columns[i] = "";
	for (size_t i = 0;; i++) {
		enum status status = read_field(r, &columns[i]);
		if (status != STATUS_OK || at_end_of_line(r))
			return status;
		r->at++; /* the comma */
		if (i + 1 == COLUMNS)
			return fail(r, STATUS_MALFORMED,
				    "more than the columns name, organization, site");
	}
}

static bool is_heading(const struct reading *r, const char *name)
{
	return r->line == 1 && (text_equal(name, "name") || text_equal(name, "server"));
}

static enum status make_entry(struct reading *r, const char *const columns[COLUMNS],
			      int64_t since_ms, struct entry *out)
{
	char key[SERVER_KEY_SIZE];
	size_t length = text_short_name_length(columns[0]);

	if (length == 0)
		return fail(r, STATUS_MALFORMED, "expected the name of a host");
	*out = (struct entry){
		.line = r->line,
		.row = { .key = arena_strdup(r->arena, server_key(columns[0], key)),
			 .server = arena_strndup(r->arena, columns[0], length),
			 .organization = columns[1],
			 .site = columns[2],
			 .since_ms = since_ms },
	};
	return STATUS_OK;
}

static size_t count_lines(const struct reading *r)
{
	size_t n = 1;
	for (const char *c = r->at; c < r->end; c++)
		n += *c == '\n';
	return n;
}

static enum status read_entries(struct reading *r, int64_t since_ms, struct entry *entries,
				size_t most, size_t *n)
{
	enum status status = STATUS_OK;

	for (*n = 0; r->at < r->end && status == STATUS_OK; skip_line(r)) {
		const char *columns[COLUMNS];
		if (*r->at == '#' || at_end_of_line(r))
			continue;
		status = read_line(r, columns);
		if (status != STATUS_OK || is_heading(r, columns[0]))
			continue;
		if (*n == most)
			return fail(r, STATUS_LIMIT, "more than 200000 servers");
		status = make_entry(r, columns, since_ms, &entries[*n]);
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
		snprintf(r->error, INVENTORY_ERROR_SIZE,
			 "line %zu: '%.100s' is named in line %zu already", r->line,
			 entries[i].row.server, entries[i - 1].line);
		return STATUS_MALFORMED;
	}
	return STATUS_OK;
}

enum status inventory_text_read(const char *text, size_t size, int64_t since_ms,
				struct arena *arena, struct record_expected **out, size_t *n,
				char error[INVENTORY_ERROR_SIZE])
{
	static const char mark[] = "\xEF\xBB\xBF"; /* of a spreadsheet's export */
	struct reading r = { text, text + size, 1, arena, error };

	error[0] = '\0';
	if (size > INVENTORY_MAX_BYTES)
		return fail(&r, STATUS_LIMIT, "the list is larger than 8 MiB");
	if (size >= sizeof mark - 1 && memcmp(text, mark, sizeof mark - 1) == 0)
		r.at += sizeof mark - 1;
	size_t most = count_lines(&r);
	if (most > INVENTORY_MAX_SERVERS)
		most = INVENTORY_MAX_SERVERS;
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
