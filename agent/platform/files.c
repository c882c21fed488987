#include "agent/platform/files.h"

#include <string.h>

char *files_join(struct arena *arena, const char *dir, const char *name)
{
	size_t n = strlen(dir);
	const char *slash = n > 0 && (dir[n - 1] == '/' || dir[n - 1] == '\\') ? "" : "/";
	return arena_printf(arena, "%s%s%s", dir, slash, name);
}

static bool is_used(struct arena *arena, const char *dir)
{
	return files_exists(files_join(arena, dir, FILES_IDENTITY));
}

const char *files_used_state_dir(struct arena *arena, const char *usual, const char *former)
{
	return is_used(arena, former) && !is_used(arena, usual) ? former : usual;
}
