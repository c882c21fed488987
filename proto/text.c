#include "proto/text.h"

#include <string.h>

static int lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : (unsigned char)c;
}

int text_compare(const char *a, const char *b)
{
	if (!a || !b)
		return (a != NULL) - (b != NULL);
	while (*a && lower(*a) == lower(*b)) {
		a++;
		b++;
	}
	return lower(*a) - lower(*b);
}

bool text_equal(const char *a, const char *b)
{
	return text_compare(a, b) == 0;
}

bool text_has_prefix(const char *text, const char *prefix)
{
	if (!text)
		return false;
	while (*prefix && lower(*text) == lower(*prefix)) {
		text++;
		prefix++;
	}
	return *prefix == '\0';
}

size_t text_short_name_length(const char *host_name)
{
	return strcspn(host_name, ".");
}
