#include "agent/platform/files.h"

#include <windows.h>

#include "agent/platform/win32/access_list.h"
#include "agent/platform/win32/keystore.h"
#include "agent/platform/win32/text.h"

const char *files_dir_fault(const char *path, struct arena *arena)
{
	const char *fault = keystore_volume_has_lists(path)
				    ? access_list_file_fault(win32_wide(path, arena), arena)
				    : NULL;

	return fault ? arena_printf(arena,
				    "%s %s, who could replace what is kept there: move it away, or "
				    "give it to Administrators",
				    path, fault)
		     : NULL;
}
