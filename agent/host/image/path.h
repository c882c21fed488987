/* Windows paths in a directory that stands for a server's disk (agent/host/image/root.h). */
#pragma once

#include "proto/base/arena.h"

/*
 * Where the file or folder of that Windows path lies below `dir`, in `arena`: names in any case,
 * the folder of the drive may be missing. NULL: it is not there, or the path climbs ("..").
 */
const char *image_path_find(const char *dir, const char *path, struct arena *arena);

/* A REG_EXPAND_SZ path with %SystemRoot% or %windir% at its begin replaced, in any case. */
const char *image_path_expand(const char *path, const char *system_root, struct arena *arena);
