/*
 * Where the agent's key lies: one line of text that nobody but the agent's account reads.
 *
 * On POSIX it is the file `key` of the state directory, mode 0600. On Windows the same file, with
 * an access list that names SYSTEM and Administrators alone; on a volume that keeps no access lists
 * (FAT) it is the value `AgentKey` of HKEY_LOCAL_MACHINE\Software\mtawatch\Key instead, a key of
 * the registry with that same list. Written whole or not at all, and on the disk when it is.
 */
#pragma once

#include "proto/base/status.h"

#define KEYSTORE_MAX_TEXT 512 /* bytes */

/*
 * Reads the text; `*text` is to be passed to free().
 *
 * STATUS_NOT_FOUND  there is none
 * STATUS_DENIED     it may not be read: whoever asks is neither SYSTEM nor an administrator
 * STATUS_LIMIT, STATUS_SYSTEM
 */
enum status keystore_load(const char *state_dir, char **text);

/* STATUS_DENIED, STATUS_FULL, STATUS_SYSTEM; the old text, if any, is then still there. */
enum status keystore_save(const char *state_dir, const char *text);

/* Removes it, wherever it lies; none is no failure. */
enum status keystore_remove(const char *state_dir);
