#include "agent/platform/log_file.h"

#include <stdio.h>
#include <string.h>

#include "agent/platform/files.h"

enum status log_file_append(const char *path, const char *line, size_t n, int64_t max_bytes)
{
	char old[FILES_MAX_PATH + 4];

	if (strlen(path) >= FILES_MAX_PATH)
		return STATUS_LIMIT;
	enum status status = files_append(path, line, n, max_bytes);
	if (status != STATUS_LIMIT)
		return status;
	(void)snprintf(old, sizeof old, "%s.old", path);
	status = files_move(path, old);
	return status == STATUS_OK ? files_append(path, line, n, max_bytes) : status;
}
