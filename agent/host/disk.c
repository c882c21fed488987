/* Reading disks, alike on both platforms. */
#include "agent/host/disk.h"

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
