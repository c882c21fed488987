/*
 * Any bytes as the query of a request, up to a NUL as the request's own reader gives it. What is
 * understood means the same when it is written again with every byte as %XX.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "collector/buffer.h"
#include "collector/query.h"
#include "proto/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put_encoded(struct buffer *out, const char *text)
{
	for (; *text; text++)
		buffer_printf(out, "%%%02X", (unsigned)(unsigned char)*text);
}

static char *encode(const struct query *query)
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

static void check_same(const struct query *a, const struct query *b)
{
	if (a->n != b->n)
		abort();
	for (size_t i = 0; i < a->n; i++) {
		if (strcmp(a->pairs[i].key, b->pairs[i].key) != 0 ||
		    strcmp(a->pairs[i].value, b->pairs[i].value) != 0)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct query query;
	struct query again;
	char *text = mem_strndup((const char *)data, size);

	arena_init(&arena);
	if (query_read(text, &arena, &query) == STATUS_OK) {
		char *encoded = encode(&query);
		if (query_read(encoded, &arena, &again) != STATUS_OK)
			abort();
		check_same(&query, &again);
		free(encoded);
	}
	arena_deinit(&arena);
	free(text);
	return 0;
}
