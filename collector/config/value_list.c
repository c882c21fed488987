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
