#include "agent/host/image/path.h"

#include <stdbool.h>
#include <string.h>

#include "agent/host/disk.h"
#include "proto/base/text.h"

static bool is_there(const char *path)
{
	struct disk_facts facts;
	struct os_error ignored;

	return disk_stat(path, &facts, &ignored) == STATUS_OK;
}

/*
 * The entry of `dir` that `name` (n bytes) names in any case, or NULL. An exact match wins: mostly there
 * is one, and then the folder need not be read.
 */
static const char *find_entry(const char *dir, const char *name, size_t n, struct arena *arena)
{
	struct os_error ignored;
	const char *wanted = arena_strndup(arena, name, n);
	const char **names = NULL;
	size_t count = 0;

	if (is_there(disk_join(arena, dir, wanted)))
		return wanted;
	if (disk_list(dir, arena, &names, &count, &ignored) != STATUS_OK)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		if (text_equal(names[i], wanted))
			return names[i];
	}
	return NULL;
}

/* Walks down from `dir` along `path`, whose parts are parted by backslashes. */
static const char *descend(const char *dir, const char *path, struct arena *arena)
{
	while (*path) {
		size_t n = strcspn(path, "\\/");
		if (n > 0) {
			const char *entry = find_entry(dir, path, n, arena);
			if (!entry)
				return NULL;
			dir = disk_join(arena, dir, entry);
		}
		path += n;
		path += *path != '\0';
	}
	return dir;
}

static bool climbs(const char *path)
{
	for (; *path; path += strcspn(path, "\\/"), path += *path != '\0') {
		if (strcspn(path, "\\/") == 2 && strncmp(path, "..", 2) == 0)
			return true;
	}
	return false;
}

const char *image_path_find(const char *dir, const char *path, struct arena *arena)
{
	if (climbs(path))
		return NULL;
	bool drive = path[0] && path[1] == ':';
	if (!drive)
		return descend(dir, path, arena);

	const char *folder = find_entry(dir, path, 1, arena);
	const char *found = NULL;
	if (folder)
		found = descend(disk_join(arena, dir, folder), path + 2, arena);
	return found ? found : descend(dir, path + 2, arena);
}

const char *image_path_expand(const char *path, const char *system_root, struct arena *arena)
{
	static const char *const variables[] = { "%SystemRoot%", "%windir%" };

	for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
		if (text_has_prefix(path, variables[i]))
			return arena_printf(arena, "%s%s", system_root,
					    path + strlen(variables[i]));
	}
	if (text_has_prefix(path, "\\SystemRoot\\"))
		return arena_printf(arena, "%s%s", system_root, path + strlen("\\SystemRoot"));
	return path;
}
