#include "proto/json/slice.h"

#include <string.h>

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static const char *skip_space(const char *at)
{
	while (is_space(*at))
		at++;
	return at;
}

/* The end of the string that begins at `at`, behind its quote. */
static const char *skip_string(const char *at)
{
	for (at++; *at != '"' && *at != '\0'; at++)
		at += at[0] == '\\' && at[1] != '\0';
	return at + (*at != '\0');
}

/* Behind a number or a literal. */
static const char *skip_word(const char *at)
{
	do
		at++;
	while (*at != '\0' && !strchr("[]{},:\" \t\r\n", *at));
	return at;
}

static const char *skip_value(const char *at)
{
	int depth = 0;

	do {
		switch (*at) {
		case '\0':
			return at;
		case '"':
			at = skip_string(at);
			break;
		case '[':
		case '{':
			depth++;
			at++;
			break;
		case ']':
		case '}':
			depth--;
			at++;
			break;
		default:
			at = depth > 0 ? at + 1 : skip_word(at);
			break;
		}
	} while (depth > 0);
	return at;
}

bool json_slice_member(const char *text, const char *name, struct json_slice *out)
{
	size_t n = strlen(name);

	if (*text != '{')
		return false;
	for (const char *at = skip_space(text + 1); *at == '"';
	     at = skip_space(at + (*at == ','))) {
		const char *end = skip_string(at);
		bool is_it = (size_t)(end - at) == n + 2 && memcmp(at + 1, name, n) == 0;
		at = skip_space(end);
		at = skip_space(at + (*at == ':'));
		end = skip_value(at);
		*out = (struct json_slice){ at, (size_t)(end - at) };
		if (is_it)
			return true;
		at = skip_space(end);
	}
	return false;
}

bool json_slice_next(const char **at, struct json_slice *out)
{
	const char *begin = skip_space(*at);

	if (*begin != '[' && *begin != ',')
		return false;
	begin = skip_space(begin + 1);
	if (*begin == ']' || *begin == '\0')
		return false;
	*at = skip_value(begin);
	*out = (struct json_slice){ begin, (size_t)(*at - begin) };
	return true;
}
