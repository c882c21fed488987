/*
 * Any bytes as a Windows command line; and, cut at line ends, as arguments that are quoted by the
 * rules and must come back as they were.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/platform/arguments.h"
#include "proto/base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Writes one argument in quotes, as CommandLineToArgvW's documentation wants it; the end of it. */
static char *quote(char *out, const char *text, size_t n)
{
	size_t backslashes = 0;

	*out++ = ' ';
	*out++ = '"';
	for (size_t i = 0; i < n; i++) {
		backslashes = text[i] == '\\' ? backslashes + 1 : 0;
		if (text[i] == '"') {
			size_t before = 0;
			while (before < i && text[i - before - 1] == '\\')
				before++;
			memset(out, '\\', before + 1);
			out += before + 1;
		}
		*out++ = text[i];
	}
	memset(out, '\\', backslashes);
	out += backslashes;
	*out++ = '"';
	return out;
}

/* Each line of the text as an argument. */
static void check_quoted(struct arena *arena, const char *text)
{
	size_t length = strlen(text);
	char *line = arena_alloc(arena, 5 * length + 16);
	char **arguments = NULL;
	char *end = line;
	int n = 0;
	int at = 1;

	*end++ = 'a';
	for (const char *from = text; from; from = strchr(from, '\n')) {
		from += *from == '\n';
		end = quote(end, from, strcspn(from, "\n"));
	}
	*end = '\0';
	arguments_split(line, arena, &arguments, &n);
	for (const char *from = text; from; from = strchr(from, '\n'), at++) {
		from += *from == '\n';
		size_t size = strcspn(from, "\n");
		if (at >= n || strlen(arguments[at]) != size ||
		    memcmp(arguments[at], from, size) != 0)
			abort();
	}
	if (at != n)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	char **arguments = NULL;
	char *text = mem_strndup((const char *)data, size);
	size_t all = 0;
	int n = 0;

	arena_init(&arena);
	arguments_split(text, &arena, &arguments, &n);
	for (int i = 0; i < n; i++)
		all += strlen(arguments[i]);
	if (n < 1 || all > strlen(text))
		abort();
	check_quoted(&arena, text);
	arena_deinit(&arena);
	free(text);
	return 0;
}
