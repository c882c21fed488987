#include "collector/config/value_list.h"

#include <string.h>

char *value_list_next(const char **rest, struct arena *arena)
{
	const char *at = *rest + strspn(*rest, ", \t");
	size_t n = strcspn(at, ",");

	*rest = at + n;
	while (n > 0 && strchr(" \t", at[n - 1]))
		n--;
	return n > 0 ? arena_strndup(arena, at, n) : NULL;
}

bool value_is_site_pattern(const char *word)
{
	const char *slash = strchr(word, '/');
	return slash && slash != word && slash[1] != '\0';
}

/* "...?password=secret&..." */
static const char *hide_parameter(const char *value, struct arena *arena)
{
	static const char name[] = "password=";
	const char *at = strstr(value, name);

	if (!at)
		return value;
	at += sizeof name - 1;
	return arena_printf(arena, "%.*s(hidden)%s", (int)(at - value), value,
			    hide_parameter(at + strcspn(at, "& "), arena));
}

const char *value_shown(const char *value, struct arena *arena)
{
	value = hide_parameter(value, arena);
	const char *host = strstr(value, "://");
	size_t scheme = host ? (size_t)(host + 3 - value) : 0;
	size_t n = host ? strcspn(host + 3, "/?#") : 0;
	const char *at = NULL;

	for (size_t i = 0; i < n; i++) {
		if (host[3 + i] == '@')
			at = host + 3 + i;
	}
	return at ? arena_printf(arena, "%.*s(hidden)%s", (int)scheme, value, at) : value;
}
