/*
 * Forgets what the agent keeps on this machine, when it is uninstalled: the files of the state
 * directory that are ours by name, and the directory itself where nothing else is in it.
 */
#pragma once

#include <stdbool.h>

#include "proto/base/arena.h"
#include "proto/base/status.h"

/*
 * With `keep_spool` the unsent and the refused reports stay. A directory that is not there is no
 * failure; otherwise the first failure is given, with the path that it is about in `*what` (in
 * `arena`), and everything else is removed all the same.
 */
enum status forget_state(const char *state_dir, bool keep_spool, struct arena *arena,
			 const char **what);
