/* Reading disks, alike on both platforms. */
#include "agent/host/disk.h"

#include <string.h>

#include "proto/base/fnv.h"

char *disk_spell(char *path)
{
	for (char *at = path; *at; at++) {
		if (*at == '/')
			*at = disk_separator[0];
	}
	return path;
}

char *disk_join(struct arena *arena, const char *dir, const char *name)
{
	size_t n = strlen(dir);
	bool parted = n > 0 && dir[n - 1] == disk_separator[0];

	return arena_printf(arena, "%s%s%s", dir, parted ? "" : disk_separator, name);
}

uint64_t disk_mark(uint64_t hash, const char *path, const struct disk_facts *facts)
{
	hash = fnv_add(hash, path, strlen(path) + 1);
	hash = fnv_add(hash, &facts->size, sizeof facts->size);
	return fnv_add(hash, &facts->modified_ms, sizeof facts->modified_ms);
}

enum status disk_stat_file(const char *path, struct host_file *out, struct os_error *error)
{
	struct disk_facts facts;
	enum status status = disk_stat(path, &facts, error);
	if (status != STATUS_OK)
		return status;
	if (facts.directory)
		return os_fail(error, STATUS_NOT_FOUND, OS_NO_CODE, "%s is a directory", path);
	if (facts.size > HOST_MAX_FILE)
		return os_fail(error, STATUS_LIMIT, OS_NO_CODE,
			       "%s is longer than the %lu bytes that are read", path,
			       (unsigned long)HOST_MAX_FILE);
	*out = (struct host_file){ .size = (size_t)facts.size, .modified_ms = facts.modified_ms };
	return STATUS_OK;
}
