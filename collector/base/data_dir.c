#include "collector/base/data_dir.h"

#include <libgen.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/base/private_dir.h"

const char *data_dir_fault(const char *path, struct arena *arena)
{
	struct stat facts;

	if (stat(path, &facts) != 0 || !S_ISDIR(facts.st_mode))
		return NULL; /* whoever opens it says what it is */
	const struct passwd *owner = getpwuid(facts.st_uid);
	struct private_dir dir = { .path = path,
				   .owner = facts.st_uid,
				   .owner_name = owner ? owner->pw_name : NULL,
				   .self = geteuid(),
				   .any_owner = geteuid() == 0,
				   .mode = facts.st_mode & 07777 };

	return private_dir_fault(&dir, arena);
}

bool data_dir_is_foreign(const char *path)
{
	char copy[PATH_MAX];
	struct stat facts;

	(void)snprintf(copy, sizeof copy, "%s", path);
	return stat(dirname(copy), &facts) == 0 && facts.st_uid != 0 && facts.st_uid != geteuid();
}
