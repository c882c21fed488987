#include "proto/base/text.h"

#include <string.h>

char text_lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

int text_hex_digit(char c)
{
	if (text_is_digit(c))
		return c - '0';
	char letter = text_lower(c);
	return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

int text_compare(const char *a, const char *b)
{
	if (!a || !b)
		return (a != NULL) - (b != NULL);
	/* Names are nearly always written alike. */
	while (*a && (*a == *b || text_lower(*a) == text_lower(*b))) {
		a++;
		b++;
	}
	return (unsigned char)text_lower(*a) - (unsigned char)text_lower(*b);
}

bool text_equal(const char *a, const char *b)
{
	if (!a || !b)
		return a == b;
	if (text_lower(*a) != text_lower(*b)) /* as of most that differ */
		return false;
	return strcmp(a, b) == 0 /* as most that are equal */ || text_compare(a, b) == 0;
}

bool text_identical(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

bool text_has_prefix(const char *text, const char *prefix)
{
	if (!text)
		return false;
	while (*prefix && text_lower(*text) == text_lower(*prefix)) {
		text++;
		prefix++;
	}
	return *prefix == '\0';
}

bool text_has_suffix(const char *text, const char *suffix)
{
	size_t n = strlen(text);
	size_t m = strlen(suffix);

	return n > m && text_equal(text + n - m, suffix);
}

char *text_trim(char *text)
{
	size_t n = strlen(text);

	while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\t'))
		text[--n] = '\0';
	return text + strspn(text, " \t");
}

char *text_put_number(char *at, uint64_t number)
{
	char digits[TEXT_NUMBER_SIZE];
	size_t n = 0;

	do
		digits[n++] = (char)('0' + number % 10);
	while ((number /= 10) > 0);
	while (n > 0)
		*at++ = digits[--n];
	return at;
}

size_t text_short_name_length(const char *host_name)
{
	return strcspn(host_name, ".");
}

int text_by_bytes(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

uint32_t text_hash(const char *text)
{
	uint32_t hash = UINT32_C(0x811c9dc5);
	for (; *text; text++) {
		hash ^= (unsigned char)text_lower(*text);
		hash *= UINT32_C(0x01000193);
	}
	return hash;
}
