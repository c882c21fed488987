#include "collector/base/pattern.h"

#include <stddef.h>
#include <string.h>

#include "proto/base/casefold.h"
#include "proto/base/utf8.h"

/* Bytes of the character at `text`, which is not its end. */
static size_t step(const char *text)
{
	size_t n = utf8_length(text, strlen(text));
	return n > 0 ? n : 1;
}

/* Steps over the next character of both where it is the same without case. */
static bool is_alike(const char **pattern, const char **text)
{
	const char *p = *pattern;
	const char *t = *text;

	if (!*p || casefold_next(&p) != casefold_next(&t))
		return false;
	*pattern = p;
	*text = t;
	return true;
}

/*
 * On a mismatch only the last '*' takes one character more: what an earlier one could take as well
 * would not help. So the time is at most the product of the lengths.
 */
bool pattern_matches(const char *pattern, const char *text)
{
	const char *star = NULL;  /* what is behind the last '*' */
	const char *taken = NULL; /* where its text ends */

	while (*text) {
		if (*pattern == '*') {
			star = ++pattern;
			taken = text;
		} else if (*pattern == '?') {
			pattern++;
			text += step(text);
		} else if (is_alike(&pattern, &text)) {
			continue;
		} else if (star) {
			pattern = star;
			taken += step(taken);
			text = taken;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}
