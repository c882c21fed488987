/*
 * Is a data directory safe to work in? Keys, token hashes and the database lie in it.
 */
#pragma once

#include <stdbool.h>

#include "proto/base/arena.h"

/*
 * Who but root and ourselves could change what lies in the directory, and what mends it, in words,
 * in `arena`; NULL: nobody, or it is not there. Root may work in another user's, as in that of the
 * service: `backup` and the like; see data_dir_is_foreign().
 */
const char *data_dir_fault(const char *path, struct arena *arena);

/*
 * Does the directory that holds the file `path` belong to another user, and neither to root? Then
 * its symbolic links may lead anywhere and are not to be followed.
 */
bool data_dir_is_foreign(const char *path);
