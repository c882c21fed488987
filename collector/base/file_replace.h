/*
 * Writes a small file in one step: it is there with all its bytes, on the disk, or as it was
 * before.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "proto/base/status.h"

/*
 * Makes or replaces the file at `path`, with exactly the permissions of `mode`, whatever the umask.
 * A file "PATH.new" next to it, left by a run that was cut off, is replaced too. On failure `error`
 * names the file and the reason.
 *
 * STATUS_DENIED  the system does not allow it
 * STATUS_FULL    the disk has no room
 * STATUS_SYSTEM  anything else
 */
enum status file_replace(const char *path, mode_t mode, const void *bytes, size_t n, char *error,
			 size_t error_size);

/* The last step alone: the file `fresh`, in the same directory, is complete and becomes `path`. */
enum status file_publish(const char *fresh, const char *path, char *error, size_t error_size);
