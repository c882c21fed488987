#include "collector/base/pattern.h"

#include <stddef.h>
#include <string.h>

#include "proto/base/casefold.h"
#include "proto/base/utf8.h"

/* Bytes of the character at `text`, which is not its end. */
static inline size_t char_bytes(const char *text)
{
	if ((unsigned char)*text < 0x80)
		return 1;
	size_t n = utf8_length(text, strlen(text));
	return n > 0 ? n : 1;
}

static inline unsigned char lower(unsigned char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c | 0x20) : c;
}

/* The lower half of the marks is for letters, the upper for pairs of neighbours. */
static uint64_t mark(unsigned char c)
{
	return UINT64_C(1) << (lower(c) & 31U);
}

static uint64_t mark_pair(unsigned char first, unsigned char second)
{
	return UINT64_C(1) << (32 + ((lower(first) * 7U + lower(second)) & 31U));
}

/* A byte that is not ASCII may stand for a letter of ASCII without case, and is left open. */
static bool is_literal(unsigned char c)
{
	return c < 0x80 && c != '*' && c != '?';
}

uint64_t pattern_letters(const char *pattern)
{
	uint64_t letters = 0;

	for (const unsigned char *c = (const unsigned char *)pattern; *c; c++) {
		if (!is_literal(*c))
			continue;
		letters |= mark(*c);
		if (c[1] && is_literal(c[1]))
			letters |= mark_pair(c[0], c[1]);
	}
	return letters;
}

uint64_t pattern_letters_of(const char *text)
{
	uint64_t letters = 0;

	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c >= 0x80)
			return UINT64_MAX;
		letters |= mark(*c);
		if (c[1])
			letters |= mark_pair(c[0], c[1]);
	}
	return letters;
}

/*
 * Steps over the next character of both where it is the same without case. Nearly all are ASCII,
 * and a page of alerts asks a million times; only a few others fold to ASCII (U+212A to k).
 */
static inline bool is_alike(const char **pattern, const char *end, const char **text)
{
	const char *p = *pattern;
	const char *t = *text;

	if (p == end)
		return false;
	if ((unsigned char)*p < 0x80 && (unsigned char)*t < 0x80) {
		if (lower((unsigned char)*p) != lower((unsigned char)*t))
			return false;
		++*pattern;
		++*text;
		return true;
	}
	if (casefold_next(&p) != casefold_next(&t))
		return false;
	*pattern = p;
	*text = t;
	return true;
}

/*
 * On a mismatch only the last '*' takes one character more: what an earlier one could take as well
 * would not help. So the time is at most the product of the lengths.
 */
static bool matches(const char *pattern, const char *end, const char *text)
{
	const char *star = NULL;  /* what is behind the last '*' */
	const char *taken = NULL; /* where its text ends */

	while (*text) {
		if (pattern < end && *pattern == '*') {
			star = ++pattern;
			taken = text;
		} else if (pattern < end && *pattern == '?') {
			pattern++;
			text += char_bytes(text);
		} else if (is_alike(&pattern, end, &text)) {
			continue;
		} else if (star) {
			pattern = star;
			taken += char_bytes(taken);
			text = taken;
		} else {
			return false;
		}
	}
	while (pattern < end && *pattern == '*')
		pattern++;
	return pattern == end;
}

bool pattern_matches(const char *pattern, const char *text)
{
	return matches(pattern, pattern + strlen(pattern), text);
}

bool pattern_matches_place(const char *pattern, const char *organization, const char *site)
{
	const char *slash = strchr(pattern, '/');
	return slash && matches(pattern, slash, organization) && pattern_matches(slash + 1, site);
}
