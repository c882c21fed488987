#include "collector/http/query_string.h"

#include <stdbool.h>
#include <string.h>

#include "collector/base/percent.h"

/* NULL: malformed. */
static const char *decode(const char *text, size_t n, struct arena *arena)
{
	char *raw = arena_strndup(arena, text, n);
	char *out = arena_alloc(arena, n + 1);

	for (char *plus = raw; (plus = strchr(plus, '+')) != NULL;)
		*plus = ' ';
	return percent_decode(raw, n, out) ? out : NULL;
}

static bool decode_pair(const char *text, size_t n, struct arena *arena,
			struct query_string_pair *out)
{
	const char *equals = memchr(text, '=', n);
	size_t key_size = equals ? (size_t)(equals - text) : n;

	out->key = decode(text, key_size, arena);
	out->value = equals ? decode(equals + 1, n - key_size - 1, arena) : "";
	return out->key && out->value;
}

enum status query_string_read(const char *text, struct arena *arena, struct query_string *out)
{
	struct query_string query = { 0 };

	while (text && *text) {
		size_t n = strcspn(text, "&");
		if (n > 0) {
			if (query.n == QUERY_STRING_MAX_PAIRS)
				return STATUS_LIMIT;
			if (!decode_pair(text, n, arena, &query.pairs[query.n]))
				return STATUS_MALFORMED;
			query.n++;
		}
		text += n + (text[n] == '&');
	}
	*out = query;
	return STATUS_OK;
}

size_t query_string_count(const struct query_string *query, const char *key)
{
	size_t n = 0;

	for (size_t i = 0; i < query->n; i++)
		n += strcmp(query->pairs[i].key, key) == 0;
	return n;
}

void query_string_add(struct buffer *out, const char *key, const char *value)
{
	if (out->size > 0)
		buffer_add_char(out, '&');
	percent_encode(out, key);
	buffer_add_char(out, '=');
	percent_encode(out, value);
}
