#include "agent/platform/files.h"

#include <string.h>

char *files_join(struct arena *arena, const char *dir, const char *name)
{
	size_t n = strlen(dir);
	const char *slash = n > 0 && (dir[n - 1] == '/' || dir[n - 1] == '\\') ? "" : "/";
	return arena_printf(arena, "%s%s%s", dir, slash, name);
}
