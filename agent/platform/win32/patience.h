/*
 * Files that a virus scanner, a backup or another run of this program holds for a moment, and files
 * that were copied from a CD, which keep its read-only attribute. Each call that returns a code
 * clears that attribute of what it replaces, deletes or writes, and tries again as
 * agent/platform/insist.h has it.
 */
#pragma once

#include <windows.h>

/* MoveFileExW(), replacing `to` and through to the disk. ERROR_SUCCESS, or why not. */
DWORD win32_replace_file(const wchar_t *from, const wchar_t *to);

/* DeleteFileW(); likewise. */
DWORD win32_delete_file(const wchar_t *file);

/*
 * CreateFileW() to write, shared with nobody; likewise. A file that is new may have to wait for the
 * end of one of its name that is deleted and that somebody still reads.
 */
DWORD win32_open_file(const wchar_t *file, DWORD disposition, SECURITY_ATTRIBUTES *attributes,
		      HANDLE *out);

/* Nothing where the file is not there or not read-only. */
void win32_clear_read_only(const wchar_t *file);
