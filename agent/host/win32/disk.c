#include "agent/host/disk.h"

#include <stdlib.h>
#include <string.h>

#include "agent/platform/error.h"
#include "agent/platform/win32/filetime.h"
#include "agent/platform/win32/text.h"
#include "proto/base/mem.h"
#include "proto/base/text.h"

#include <windows.h>

const char disk_separator[2] = "\\";

/* The path as the calls want it. */
static wchar_t *wide_path(const char *path, struct arena *arena)
{
	return win32_wide(disk_spell(arena_strdup(arena, path)), arena);
}

static enum status stat_wide(const wchar_t *wide, const char *path, struct disk_facts *out,
			     struct os_error *error)
{
	DWORD attributes = GetFileAttributesW(wide);
	if (attributes == INVALID_FILE_ATTRIBUTES)
		return win32_fail(error, GetLastError(), "GetFileAttributes %s", path);
	if (attributes & FILE_ATTRIBUTE_DIRECTORY) {
		*out = (struct disk_facts){ .directory = true };
		return STATUS_OK;
	}
	WIN32_FIND_DATAW found;
	HANDLE find = FindFirstFileW(wide, &found);
	if (find == INVALID_HANDLE_VALUE)
		return win32_fail(error, GetLastError(), "FindFirstFile %s", path);
	FindClose(find);
	*out = (struct disk_facts){
		.size = (uint64_t)found.nFileSizeHigh << 32 | found.nFileSizeLow,
		.modified_ms = win32_filetime_ms(found.ftLastWriteTime.dwHighDateTime,
						 found.ftLastWriteTime.dwLowDateTime),
	};
	return STATUS_OK;
}

enum status disk_stat(const char *path, struct disk_facts *out, struct os_error *error)
{
	struct arena scratch;
	arena_init(&scratch);
	enum status status = stat_wide(wide_path(path, &scratch), path, out, error);
	arena_deinit(&scratch);
	return status;
}

static enum status read_open(HANDLE file, const char *path, size_t limit, struct host_file *out,
			     struct os_error *error)
{
	FILETIME modified;
	DWORD high = 0;
	DWORD size = GetFileSize(file, &high);
	if (size == INVALID_FILE_SIZE && GetLastError() != NO_ERROR)
		return win32_fail(error, GetLastError(), "GetFileSize %s", path);
	if (!GetFileTime(file, NULL, NULL, &modified))
		return win32_fail(error, GetLastError(), "GetFileTime %s", path);
	if (high != 0 || size > limit)
		return os_fail(error, STATUS_LIMIT, OS_NO_CODE,
			       "%s is longer than the %lu bytes that are read", path,
			       (unsigned long)limit);

	DWORD got = 0;
	uint8_t *bytes = mem_alloc((size_t)size + 1);
	if (!ReadFile(file, bytes, size, &got, NULL)) {
		DWORD code = GetLastError();
		free(bytes);
		return win32_fail(error, code, "ReadFile %s", path);
	}
	*out = (struct host_file){
		.bytes = bytes,
		.size = got,
		.modified_ms = win32_filetime_ms(modified.dwHighDateTime, modified.dwLowDateTime),
	};
	return STATUS_OK;
}

enum status disk_read(const char *path, size_t limit, struct host_file *out, struct os_error *error)
{
	struct arena scratch;
	arena_init(&scratch);
	HANDLE file = CreateFileW(wide_path(path, &scratch), GENERIC_READ,
				  FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING,
				  FILE_ATTRIBUTE_NORMAL, NULL);
	DWORD code = GetLastError();
	arena_deinit(&scratch);
	if (file == INVALID_HANDLE_VALUE)
		return win32_fail(error, code, "CreateFile %s", path);
	enum status status = read_open(file, path, limit, out, error);
	CloseHandle(file);
	return status;
}

/* All names but "." and ".."; `*names` is the heap's. */
static size_t read_names(HANDLE find, WIN32_FIND_DATAW *found, struct arena *arena,
			 const char ***names)
{
	size_t n = 0;
	do {
		if (wcscmp(found->cFileName, L".") == 0 || wcscmp(found->cFileName, L"..") == 0)
			continue;
		if (n % 64 == 0)
			*names = mem_realloc(*names, (n + 64) * sizeof **names);
		(*names)[n++] = win32_narrow(found->cFileName, arena);
	} while (n <= DISK_MAX_NAMES && FindNextFileW(find, found));
	return n;
}

enum status disk_list(const char *path, struct arena *arena, const char ***names, size_t *n,
		      struct os_error *error)
{
	WIN32_FIND_DATAW found;
	HANDLE find = FindFirstFileW(wide_path(arena_printf(arena, "%s/*", path), arena), &found);
	if (find == INVALID_HANDLE_VALUE)
		return win32_fail(error, GetLastError(), "FindFirstFile %s\\*", path);

	const char **list = NULL;
	size_t count = read_names(find, &found, arena, &list);
	DWORD code = GetLastError();
	FindClose(find);
	enum status status = STATUS_OK;
	if (count > DISK_MAX_NAMES)
		status = os_fail(error, STATUS_LIMIT, OS_NO_CODE, "%s has more than %d entries",
				 path, DISK_MAX_NAMES);
	else if (code != ERROR_NO_MORE_FILES)
		status = win32_fail(error, code, "FindNextFile %s", path);
	if (status == STATUS_OK) {
		*names = arena_alloc_array(arena, count, sizeof **names);
		*n = count;
		if (count > 0) {
			memcpy(*names, list, count * sizeof *list);
			qsort(*names, count, sizeof **names, text_by_bytes);
		}
	}
	free(list);
	return status;
}
