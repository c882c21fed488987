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

/* Is the quote at `at` of the string that begins behind `begin` escaped? */
static bool is_escaped(const char *begin, const char *at)
{
	const char *first = at;

	while (first - 1 > begin && first[-1] == '\\')
		first--;
	return (at - first) % 2 == 1;
}

/* The end of the string that begins at `at`, behind its quote. */
static const char *skip_string(const char *at)
{
	const char *end = at;

	do {
		end = strchr(end + 1, '"');
		if (!end)
			return at + strlen(at);
	} while (is_escaped(at, end));
	return end + 1;
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

bool json_slice_next_member(const char **at, struct json_slice *name, struct json_slice *value)
{
	const char *begin = skip_space(*at);

	if (*begin != '{' && *begin != ',')
		return false;
	begin = skip_space(begin + 1);
	if (*begin != '"')
		return false;
	const char *end = skip_string(begin);
	*name = (struct json_slice){ begin, (size_t)(end - begin) };
	begin = skip_space(end);
	begin = skip_space(begin + (*begin == ':'));
	*at = skip_value(begin);
	*value = (struct json_slice){ begin, (size_t)(*at - begin) };
	return true;
}

bool json_slice_is_name(const struct json_slice *slice, const char *name)
{
	size_t n = strlen(name);

	return slice->size == n + 2 && memcmp(slice->at + 1, name, n) == 0;
}

bool json_slice_member(const char *text, const char *name, struct json_slice *out)
{
	struct json_slice found;

	if (*text != '{')
		return false;
	while (json_slice_next_member(&text, &found, out)) {
		if (json_slice_is_name(&found, name))
			return true;
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
