#include "agent/platform/files.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/base/private_dir.h"

static const char *fault_of(const char *path, const struct stat *facts, struct arena *arena)
{
	const struct passwd *owner = getpwuid(facts->st_uid);
	struct private_dir dir = { .path = path,
				   .owner = facts->st_uid,
				   .owner_name = owner ? owner->pw_name : NULL,
				   .self = geteuid(),
				   .mode = facts->st_mode & 07777 };

	if (S_ISLNK(facts->st_mode))
		dir.mode = 0; /* a link has none of its own */
	return private_dir_fault(&dir, arena);
}

/* The owner of a link on the way could let it lead elsewhere. */
const char *files_dir_fault(const char *path, struct arena *arena)
{
	struct stat facts;

	if (lstat(path, &facts) != 0)
		return NULL;
	const char *fault = fault_of(path, &facts, arena);
	if (!fault && S_ISLNK(facts.st_mode) && stat(path, &facts) == 0)
		fault = fault_of(path, &facts, arena);
	return fault;
}
