#include "proto/base/casefold.h"

#include <string.h>

#include "proto/base/casefold_table.h"
#include "proto/base/text.h"
#include "proto/base/utf8.h"

#define N_RANGES (sizeof casefold_ranges / sizeof *casefold_ranges)

/* A byte that is no UTF-8 counts as this, above every character. */
#define NO_CHARACTER 0x110000u

static bool is_ascii(char c)
{
	return (unsigned char)c < 0x80;
}

static uint32_t fold(uint32_t character)
{
	size_t low = 0;
	size_t high = N_RANGES;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (casefold_ranges[middle].last < character)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == N_RANGES || character < casefold_ranges[low].first)
		return character;
	const struct casefold_range *range = &casefold_ranges[low];
	if ((character - range->first) % range->step != 0)
		return character;
	return (character + range->delta) & 0xFFFF;
}

uint32_t casefold_next(const char **text)
{
	const char *at = *text;

	*text = at + 1;
	if (is_ascii(*at))
		return (unsigned char)text_lower(*at);
	size_t length = utf8_length(at, strnlen(at, UTF8_MAX));
	if (length == 0)
		return NO_CHARACTER + (unsigned char)*at;
	*text = at + length;
	return fold(utf8_decode(at, length));
}

/* How many ASCII characters both begin with, written alike. */
static size_t common_length(const char *a, const char *b)
{
	size_t n = 0;

	while (a[n] == b[n] && a[n] != '\0' && is_ascii(a[n]))
		n++;
	return n;
}

int casefold_compare(const char *a, const char *b)
{
	if (!a || !b)
		return (a != NULL) - (b != NULL);
	for (;;) {
		size_t n = common_length(a, b);
		a += n;
		b += n;
		if (!*a || !*b)
			return (*a != '\0') - (*b != '\0');
		uint32_t x = casefold_next(&a);
		uint32_t y = casefold_next(&b);
		if (x != y)
			return x < y ? -1 : 1;
	}
}

bool casefold_equal(const char *a, const char *b)
{
	if (!a || !b)
		return a == b;
	/* Most that differ do so at once; most that are equal are written alike. */
	if (is_ascii(*a) && is_ascii(*b) && text_lower(*a) != text_lower(*b))
		return false;
	return strcmp(a, b) == 0 || casefold_compare(a, b) == 0;
}

bool casefold_has_prefix(const char *text, const char *prefix)
{
	if (!text)
		return false;
	while (*prefix) {
		if (!*text || casefold_next(&text) != casefold_next(&prefix))
			return false;
	}
	return true;
}

/* Puts the folded character at `*text`, and steps over it; a byte that is none stays as it is. */
static size_t put_next(const char **text, char out[UTF8_MAX])
{
	uint32_t character = casefold_next(text);

	if (character < NO_CHARACTER)
		return utf8_encode(character, out);
	out[0] = (char)(character - NO_CHARACTER);
	return 1;
}

size_t casefold_copy(char *out, const char *text)
{
	char *at = out;

	while (*text) {
		char one[UTF8_MAX];
		size_t n = put_next(&text, one);
		memcpy(at, one, n);
		at += n;
	}
	*at = '\0';
	return (size_t)(at - out);
}

uint32_t casefold_hash(const char *text)
{
	uint32_t hash = UINT32_C(0x811c9dc5);

	while (*text) {
		char one[UTF8_MAX];
		size_t n = 1;
		if (is_ascii(*text))
			one[0] = text_lower(*text++);
		else
			n = put_next(&text, one);
		for (size_t i = 0; i < n; i++) {
			hash ^= (unsigned char)one[i];
			hash *= UINT32_C(0x01000193);
		}
	}
	return hash;
}
