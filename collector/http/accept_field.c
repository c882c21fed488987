#include "collector/http/accept_field.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "proto/base/text.h"

static const char *skip_blanks(const char *at)
{
	return at + strspn(at, " \t");
}

/* "0.25" as 250; what is none is the most. */
static unsigned get_weight(const char *at)
{
	unsigned weight = 0;
	unsigned unit = ACCEPT_FIELD_MOST / 10;

	if (*at != '0')
		return ACCEPT_FIELD_MOST;
	if (at[1] != '.')
		return 0;
	for (at += 2; text_is_digit(*at) && unit > 0; at++, unit /= 10)
		weight += unit * (unsigned)(*at - '0');
	return weight;
}

/* The weight among the parameters that begin at `at`, up to the end of the range. */
static unsigned weight_of(const char *at)
{
	while (*at == ';') {
		at = skip_blanks(at + 1);
		if (text_lower(*at) == 'q' && at[1] == '=')
			return get_weight(at + 2);
		at += strcspn(at, ";,");
	}
	return ACCEPT_FIELD_MOST;
}

/*
 * How exactly the range of `n` bytes means the type: 3 itself, 2 all of text, 1 everything, 0 not.
 */
static int matches(const char *range, size_t n, const char *type)
{
	size_t major = strcspn(type, "/") + 1;

	if (n == 3 && strncmp(range, "*/*", n) == 0)
		return 1;
	for (size_t i = 0; i < n && i < strlen(type); i++) {
		if (i == major && n == major + 1 && range[i] == '*')
			return 2;
		if (text_lower(range[i]) != type[i])
			return 0;
	}
	return n == strlen(type) ? 3 : 0;
}

unsigned accept_field_weight(const char *accept, const char *type)
{
	unsigned weight = 0;
	int best = 0;

	if (!accept)
		return ACCEPT_FIELD_MOST;
	while (*accept) {
		accept = skip_blanks(accept);
		size_t n = strcspn(accept, " \t;,");
		const char *end = skip_blanks(accept + n);
		int match = matches(accept, n, type);
		if (match > best) {
			best = match;
			weight = weight_of(end);
		}
		accept = end + strcspn(end, ",");
		accept += *accept == ',';
	}
	return weight;
}
