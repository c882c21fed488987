/*
 * Files and directories of the system that runs the agent, as the host reads them: with size, time
 * and a reason for people where it fails. posix/disk.c and win32/disk.c answer; paths are UTF-8 in
 * the platform's own spelling. Reads only (the agent's own files are agent/platform/files.h's).
 *
 * Failures everywhere: STATUS_NOT_FOUND, STATUS_DENIED, STATUS_SYSTEM, with `error` filled.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/host/host.h"
#include "proto/base/arena.h"
#include "proto/base/status.h"

#define DISK_MAX_NAMES 65536 /* of one directory */

/* What parts the names of a path: one character, and a NUL. */
extern const char disk_separator[2];

/* Gives a path one spelling: on Windows it has backslashes alone. Returns it. */
char *disk_spell(char *path);

/* DIR, which is spelled so, and NAME; in `arena`. */
char *disk_join(struct arena *arena, const char *dir, const char *name);

struct disk_facts {
	bool directory;
	uint64_t size; /* bytes */
	int64_t modified_ms;
};

enum status disk_stat(const char *path, struct disk_facts *out, struct os_error *error);

/* Goes on with a hash (proto/base/fnv.h) that tells one state of files from another. */
uint64_t disk_mark(uint64_t hash, const char *path, const struct disk_facts *facts);

/*
 * Size and time of a file; no bytes.
 *
 * STATUS_NOT_FOUND  also: it is a directory
 * STATUS_LIMIT      it is longer than HOST_MAX_FILE
 */
enum status disk_stat_file(const char *path, struct host_file *out, struct os_error *error);

/*
 * Reads a file whole, with a NUL behind it; `out->bytes` is freed by host_free_file().
 *
 * STATUS_NOT_FOUND  also: it is a directory
 * STATUS_LIMIT      it is longer than `limit` bytes
 */
enum status disk_read(const char *path, size_t limit, struct host_file *out,
		      struct os_error *error);

/*
 * The names in a directory, but "." and "..", sorted by their bytes.
 *
 * STATUS_LIMIT  more than DISK_MAX_NAMES of them
 */
enum status disk_list(const char *path, struct arena *arena, const char ***names, size_t *n,
		      struct os_error *error);
