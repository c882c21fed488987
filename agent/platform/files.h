/*
 * The agent's own files: the state directory, its spool, its configuration file. What it reads of
 * the server goes through agent/host/host.h instead.
 *
 * Paths are UTF-8 in the platform's own spelling; both '/' and '\' work on Windows. Nothing is
 * logged here; the status says why a call failed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/arena.h"
#include "proto/base/status.h"

#define FILES_MAX_PATH   1024       /* bytes, with the NUL */
#define FILES_IDENTITY   "identity" /* the file of a state directory that says whose it is */
#define FILES_MAX_LISTED 4096       /* names that files_list() gives back; more is STATUS_LIMIT */

/* The state directory where none is configured; in `arena`. NULL: the system names none. */
const char *files_default_state_dir(struct arena *arena);

/*
 * The state directory where an upgrade of the system moves it: the one that an agent has used, that
 * is has its identity in it; `usual` where that is neither, or both.
 */
const char *files_used_state_dir(struct arena *arena, const char *usual, const char *former);

/*
 * The configuration file where none is named: on Windows mtawatch-agent.conf beside the program,
 * where only who may replace the program may write; else /etc/mtawatch/agent.conf. In `arena`;
 * NULL: the system would not say.
 */
const char *files_default_config(struct arena *arena);

/*
 * Makes a directory that only this user may read, with its parents; on Windows Users may read it,
 * and only administrators write. One that is there already is no failure.
 *
 * STATUS_DENIED, STATUS_FULL, STATUS_SYSTEM
 */
enum status files_make_dir(const char *path);

/*
 * Who else could change what lies in a directory of ours, and what mends it, in words, in `arena`;
 * NULL: nobody, or it is not there.
 */
const char *files_dir_fault(const char *path, struct arena *arena);

/*
 * Reads a file whole into `*out` (to be passed to free(), with a NUL behind it) and `*n`.
 *
 * STATUS_NOT_FOUND  it does not exist
 * STATUS_DENIED     it may not be read
 * STATUS_INVALID    it is no file, but a pipe, a device or a directory; it is not waited for
 * STATUS_LIMIT      it is longer than `limit` bytes
 * STATUS_SYSTEM     the system would not
 */
enum status files_read(const char *path, size_t limit, char **out, size_t *n);

/*
 * Replaces the file by `n` bytes, or leaves it as it was: after a crash or a loss of power at any
 * moment the old or the new content is there, whole. Makes PATH.tmp anew (what is there of that
 * name is removed, never written through), forces it to the disk, renames it over PATH.
 *
 * STATUS_DENIED, STATUS_FULL, STATUS_NOT_FOUND (the directory), STATUS_SYSTEM
 */
enum status files_replace(const char *path, const void *bytes, size_t n);

/*
 * Appends `n` bytes to the file, which is made if it is not there; all of them or none (what was
 * written in part is taken back). Nothing is forced to the disk.
 *
 * STATUS_LIMIT  there is something in the file, and it would become longer than `max_size` bytes
 * STATUS_DENIED, STATUS_FULL, STATUS_NOT_FOUND (the directory), STATUS_SYSTEM
 */
enum status files_append(const char *path, const void *bytes, size_t n, int64_t max_size);

/*
 * Like files_replace() for what only the agent's account may read (on Windows: SYSTEM and
 * Administrators, by an access list of the file's own).
 */
enum status files_replace_private(const char *path, const void *bytes, size_t n);

/* Moves a file over whatever is at `to`. Failures as of files_replace(). */
enum status files_move(const char *from, const char *to);

/* Removes a file; one that is not there is no failure. */
enum status files_remove(const char *path);

/* Is there something of this name? */
bool files_exists(const char *path);

/* Is the path on a disk of this machine, not on another machine's share? */
bool files_is_local(const char *path);

/*
 * Overwrites a file and removes it, so that what was in it does not lie about. A medium that writes
 * elsewhere than where it was told to may keep it all the same.
 *
 * STATUS_CONFLICT  it has another name, too (a hard link), under which somebody may need it; or it
 *                  is no file
 * STATUS_NOT_FOUND, STATUS_DENIED, STATUS_SYSTEM
 */
enum status files_erase(const char *path);

/*
 * Removes an empty directory; one that is not there is no failure.
 *
 * STATUS_CONFLICT  there is something in it
 * STATUS_DENIED, STATUS_SYSTEM
 */
enum status files_remove_dir(const char *path);

/*
 * The names of the files in a directory, sorted by their bytes; in `arena`.
 *
 * STATUS_NOT_FOUND, STATUS_DENIED, STATUS_LIMIT, STATUS_SYSTEM
 */
enum status files_list(const char *path, struct arena *arena, const char ***names, size_t *n);

/* DIR/NAME in `arena`. */
char *files_join(struct arena *arena, const char *dir, const char *name);
