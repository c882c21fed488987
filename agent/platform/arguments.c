#include "agent/platform/arguments.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Copies the program's name, up to a blank that is not in quotes. Gives back what follows. */
static const char *cut_program(const char *line, char *out)
{
	bool quoted = false;

	for (; *line && (quoted || !is_blank(*line)); line++) {
		if (*line == '"')
			quoted = !quoted;
		else
			*out++ = *line;
	}
	*out = '\0';
	return line;
}

/*
 * Copies a run of backslashes and the quote behind it, if there is one: 2n backslashes are n and
 * the quote counts, 2n+1 are n and a literal quote; without a quote all are literal.
 */
static const char *cut_backslashes(const char *line, char **out)
{
	size_t n = strspn(line, "\\");
	bool before_quote = line[n] == '"';
	size_t literal = before_quote ? n / 2 : n;

	memset(*out, '\\', literal);
	*out += literal;
	if (!before_quote || n % 2 == 0)
		return line + n;
	*(*out)++ = '"';
	return line + n + 1;
}

static const char *cut_argument(const char *line, char *out)
{
	bool quoted = false;

	while (*line && (quoted || !is_blank(*line))) {
		if (*line == '\\') {
			line = cut_backslashes(line, &out);
		} else if (*line == '"' && quoted && line[1] == '"') {
			*out++ = '"';
			line += 2;
		} else if (*line == '"') {
			quoted = !quoted;
			line++;
		} else {
			*out++ = *line++;
		}
	}
	*out = '\0';
	return line;
}

void arguments_split(const char *line, struct arena *arena, char ***arguments, int *n)
{
	size_t length = strlen(line);
	/*
	 * Every argument but the first follows a blank, and none is longer than what it came from.
	 */
	char **list = arena_alloc_array(arena, length / 2 + 2, sizeof *list);
	int count = 0;

	for (;;) {
		char *argument = arena_alloc(arena, strlen(line) + 1);
		line = count == 0 ? cut_program(line, argument) : cut_argument(line, argument);
		list[count++] = argument;
		line += strspn(line, " \t");
		if (*line == '\0')
			break;
	}
	*arguments = list;
	*n = count;
}
