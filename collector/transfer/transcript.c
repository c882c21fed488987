#include "collector/transfer/transcript.h"

#include <string.h>

#include "proto/base/arena.h"
#include "proto/base/printable.h"
#include "proto/base/text.h"

#define HIDDEN TRANSFER_HIDDEN

/* Fields of HTTP whose values are secret, and the SMTP command that is. */
static const char *const secret_prefixes[] = { "Authorization:", "Proxy-Authorization:", "AUTH " };
#define N_PREFIXES (sizeof secret_prefixes / sizeof *secret_prefixes)

static bool is_request_line(const char *line)
{
	return strncmp(line, "POST ", 5) == 0 || strncmp(line, "GET ", 4) == 0;
}

/* "AUTH PLAIN AGZ..." keeps its mechanism, a field its scheme. */
static const char *hide_value(struct arena *arena, const char *line, size_t prefix)
{
	size_t word = strspn(line + prefix, " ");
	size_t kept = prefix + word + strcspn(line + prefix + word, " ");
	return arena_printf(arena, "%.*s %s", (int)kept, line, HIDDEN);
}

static const char *hide_query(struct arena *arena, const char *line)
{
	size_t n = strcspn(line, "?");
	size_t rest = n + strcspn(line + n, " ");

	if (line[n] == '\0')
		return line;
	return arena_printf(arena, "%.*s?%s%s", (int)n, line, HIDDEN, line + rest);
}

static const char *hide(struct transcript *transcript, struct arena *arena, const char *line)
{
	if (transcript->hides)
		return HIDDEN;
	for (size_t i = 0; i < N_PREFIXES; i++) {
		if (!text_has_prefix(line, secret_prefixes[i]))
			continue;
		transcript->hides = strcmp(secret_prefixes[i], "AUTH ") == 0;
		return hide_value(arena, line, strlen(secret_prefixes[i]));
	}
	return is_request_line(line) ? hide_query(arena, line) : line;
}

static void add_line(struct transcript *transcript, bool sent, const char *bytes, size_t n)
{
	struct arena arena;

	arena_init(&arena);
	const char *raw = arena_strndup(&arena, bytes, n);
	if (transcript->secrets)
		raw = transfer_secrets_strike(transcript->secrets, raw, &n, &arena);
	char *line = arena_alloc(&arena, n + 1);
	printable(line, n + 1, raw);
	if (!sent && line[0] != '3')
		transcript->hides = false; /* 334 asks for more of the login */
	transcript->show(transcript->user, sent, sent ? hide(transcript, &arena, line) : line);
	arena_deinit(&arena);
}

void transcript_add(struct transcript *transcript, bool sent, const char *bytes, size_t n)
{
	while (n > 0) {
		const char *end = memchr(bytes, '\n', n);
		size_t whole = end ? (size_t)(end - bytes) + 1 : n;
		size_t shown = whole;
		while (shown > 0 && (bytes[shown - 1] == '\n' || bytes[shown - 1] == '\r'))
			shown--;
		add_line(transcript, sent, bytes, shown);
		bytes += whole;
		n -= whole;
	}
}
