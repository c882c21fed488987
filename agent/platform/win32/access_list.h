/*
 * Access lists for files and registry keys that the agent makes, instead of those that they would
 * inherit: Windows NT 4.0 lets everybody change what lies in Program Files and in HKLM\Software.
 * Calls of Windows NT 3.1.
 */
#pragma once

#include <stddef.h>

#include "proto/base/arena.h"

/*
 * For SYSTEM and Administrators alone, with all rights.
 *
 * Both give a SECURITY_ATTRIBUTES, to be passed to free(). NULL: GetLastError() tells why.
 */
void *access_list_new_private(void);

/* Besides for Users, who may read and execute; handed down to what is made below. */
void *access_list_new_readable(void);

/*
 * Give a file, a folder or a key of HKEY_LOCAL_MACHINE the list of `attributes`, one of the above,
 * and to Administrators where they may. Only of use where its owner is trusted (below), who could
 * rewrite any list. They return a code of Windows; a key that is not there stays so.
 */
unsigned long access_list_set_file(const wchar_t *path, const void *attributes);
unsigned long access_list_set_key(const wchar_t *path, const void *attributes);

/*
 * Whose are they? Give the fault of proto/windows/owner.h, in `arena`; NULL also where nothing is
 * there, or on a volume without owners.
 */
const char *access_list_file_fault(const wchar_t *path, struct arena *arena);
const char *access_list_key_fault(const wchar_t *path, struct arena *arena);
