/*
 * Any bytes as the query of a request, up to a NUL as the request's own reader gives it. What is
 * understood means the same when it is written again with every byte as %XX. What is a query of
 * servers means the same when it is written for the next page, and so does its cursor. The same
 * bytes are read as a field Accept, too.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "collector/http/accept_field.h"
#include "collector/http/query_string.h"
#include "collector/query/server_filter.h"
#include "proto/base/buffer.h"
#include "proto/base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put_encoded(struct buffer *out, const char *text)
{
	for (; *text; text++)
		buffer_printf(out, "%%%02X", (unsigned)(unsigned char)*text);
}

static char *encode(const struct query_string *query)
{
	struct buffer out;
	size_t size;

	buffer_init(&out);
	for (size_t i = 0; i < query->n; i++) {
		buffer_add_text(&out, i > 0 ? "&" : "");
		put_encoded(&out, query->pairs[i].key);
		buffer_add_char(&out, '=');
		put_encoded(&out, query->pairs[i].value);
	}
	return buffer_take(&out, &size);
}

static void check_same(const struct query_string *a, const struct query_string *b)
{
	if (a->n != b->n)
		abort();
	for (size_t i = 0; i < a->n; i++) {
		if (strcmp(a->pairs[i].key, b->pairs[i].key) != 0 ||
		    strcmp(a->pairs[i].value, b->pairs[i].value) != 0)
			abort();
	}
}

/* The same filter with the cursor, as the Link field of a page would have it. */
static void check_cursor(const char *query, const struct server_filter *f, struct arena *arena)
{
	const char *cursor = server_cursor_write(f, &f->cursor, arena);
	struct server_filter again;
	struct buffer out;

	buffer_init(&out);
	buffer_add_text(&out, query);
	query_string_add(&out, "cursor", cursor);
	if (server_filter_read(out.bytes, arena, &again) || !again.has_cursor ||
	    again.cursor.rank != f->cursor.rank || strcmp(again.cursor.key, f->cursor.key) != 0 ||
	    strcmp(again.cursor.organization, f->cursor.organization) != 0 ||
	    strcmp(again.cursor.site, f->cursor.site) != 0)
		abort();
	buffer_deinit(&out);
}

static void check_filter(const char *text, struct arena *arena)
{
	struct server_filter f;
	struct server_filter again;

	if (server_filter_read(text, arena, &f))
		return;
	const char *query = server_filter_write(text, arena);
	if (server_filter_read(query, arena, &again) || again.has_cursor ||
	    again.n_words != f.n_words || again.n_sites != f.n_sites || again.sort != f.sort ||
	    again.reversed != f.reversed || again.any_verdict != f.any_verdict ||
	    memcmp(again.verdicts, f.verdicts, sizeof f.verdicts) != 0)
		abort();
	if (f.has_cursor)
		check_cursor(query, &f, arena);
}

/* The same bytes as a field Accept: a weight, and one that letters' case does not change. */
static void check_accept(const char *text)
{
	char *other = mem_strndup(text, strlen(text));

	for (char *c = other; *c; c++)
		*c = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
	unsigned weight = accept_field_weight(text, "text/csv");
	if (weight > ACCEPT_FIELD_MOST || accept_field_weight(other, "text/csv") != weight)
		abort();
	free(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct query_string query;
	struct query_string again;
	char *text = mem_strndup((const char *)data, size);

	arena_init(&arena);
	check_accept(text);
	check_filter(text, &arena);
	if (query_string_read(text, &arena, &query) == STATUS_OK) {
		char *encoded = encode(&query);
		if (query_string_read(encoded, &arena, &again) != STATUS_OK)
			abort();
		check_same(&query, &again);
		free(encoded);
	}
	arena_deinit(&arena);
	free(text);
	return 0;
}
