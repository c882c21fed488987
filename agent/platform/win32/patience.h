/*
 * Files that a virus scanner, a backup or another run of this program holds for a moment, and files
 * that were copied from a CD, which keep its read-only attribute. Both calls clear that attribute of
 * what they replace or delete, and try again five times, 100 ms apart.
 */
#pragma once

#include <windows.h>

/* MoveFileExW(), replacing `to` and through to the disk. ERROR_SUCCESS, or why not. */
DWORD win32_replace_file(const wchar_t *from, const wchar_t *to);

/* DeleteFileW(); likewise. */
DWORD win32_delete_file(const wchar_t *file);

/* Nothing where the file is not there or not read-only. */
void win32_clear_read_only(const wchar_t *file);
