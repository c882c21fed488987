#include "proto/base/private_dir.h"

#include <stddef.h>

#define WRITE_GROUP 0020u
#define WRITE_OTHER 0002u

const char *private_dir_fault(const struct private_dir *dir, struct arena *arena)
{
	bool is_ours = dir->owner == 0 || dir->owner == dir->self || dir->any_owner;

	if (!is_ours)
		return arena_printf(
			arena,
			"the directory %s belongs to the user %s (%lu), who could read and "
			"replace what is kept in it: run this as that user; or move it "
			"away; or, if all in it is yours, take it over with chown -R %lu %s",
			dir->path, dir->owner_name ? dir->owner_name : "without a name", dir->owner,
			dir->self, dir->path);
	if (dir->mode & (WRITE_GROUP | WRITE_OTHER))
		return arena_printf(
			arena,
			"%s could replace what is kept in the directory %s (of the user "
			"%s): close it with chmod go-w %s",
			dir->mode & WRITE_OTHER ? "everybody" : "every user of its group",
			dir->path, dir->owner_name ? dir->owner_name : "without a name", dir->path);
	return NULL;
}
