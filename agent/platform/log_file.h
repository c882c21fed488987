/*
 * The file behind agent/platform/log.h: bounded, and always whole lines. It is opened for each
 * line, so that it may be moved or removed by anybody at any time, and a full disk hurts only while
 * it is full.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "proto/base/status.h"

/*
 * Appends `n` bytes, a line with its end. Where the file would then be longer than `max_bytes`, it
 * is first moved to PATH.old, over the one before it. One call at a time.
 *
 * Failures as of files_append() and files_move(); the line is then not in the file.
 */
enum status log_file_append(const char *path, const char *line, size_t n, int64_t max_bytes);
