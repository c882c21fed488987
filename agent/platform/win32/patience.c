#include "agent/platform/win32/patience.h"

#include <stdbool.h>

#define MAX_RETRIES 5
#define PAUSE_MS    100

void win32_clear_read_only(const wchar_t *file)
{
	DWORD attributes = GetFileAttributesW(file);

	if (attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_READONLY) != 0)
		(void)SetFileAttributesW(file, attributes & ~(DWORD)FILE_ATTRIBUTE_READONLY);
}

static bool move(const wchar_t *from, const wchar_t *to)
{
	return MoveFileExW(from, to, MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH);
}

static bool remove_it(const wchar_t *file, const wchar_t *unused)
{
	(void)unused;
	return DeleteFileW(file);
}

static bool is_held(DWORD code)
{
	return code == ERROR_ACCESS_DENIED || code == ERROR_SHARING_VIOLATION ||
	       code == ERROR_LOCK_VIOLATION;
}

static DWORD insist(bool (*act)(const wchar_t *, const wchar_t *), const wchar_t *file,
		    const wchar_t *to)
{
	for (int tries = 0;; tries++) {
		if (act(file, to))
			return ERROR_SUCCESS;
		DWORD code = GetLastError();
		if (tries == MAX_RETRIES || !is_held(code))
			return code;
		Sleep(PAUSE_MS);
	}
}

DWORD win32_replace_file(const wchar_t *from, const wchar_t *to)
{
	win32_clear_read_only(to);
	return insist(move, from, to);
}

DWORD win32_delete_file(const wchar_t *file)
{
	win32_clear_read_only(file);
	return insist(remove_it, file, NULL);
}
