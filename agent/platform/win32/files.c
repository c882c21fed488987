#include "agent/platform/files.h"

#include <windows.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/platform/win32/access_list.h"
#include "agent/platform/win32/keystore.h"
#include "agent/platform/win32/patience.h"
#include "proto/base/mem.h"
#include "proto/base/text.h"
#include "proto/windows/codepage.h"

static enum status from_win32(DWORD code)
{
	switch (code) {
	case ERROR_SUCCESS:
		return STATUS_OK;
	case ERROR_FILE_NOT_FOUND:
	case ERROR_PATH_NOT_FOUND:
		return STATUS_NOT_FOUND;
	case ERROR_ACCESS_DENIED:
	case ERROR_SHARING_VIOLATION:
	case ERROR_WRITE_PROTECT:
		return STATUS_DENIED;
	case ERROR_DISK_FULL:
	case ERROR_HANDLE_DISK_FULL:
		return STATUS_FULL;
	case ERROR_FILENAME_EXCED_RANGE:
		return STATUS_LIMIT;
	default:
		return STATUS_SYSTEM;
	}
}

/* UTF-8 to the call's UTF-16, '/' as '\'. */
static enum status to_wide(const char *path, wchar_t wide[FILES_MAX_PATH])
{
	if (MultiByteToWideChar(CP_UTF8, 0, path, -1, wide, FILES_MAX_PATH) == 0)
		return STATUS_LIMIT;
	for (wchar_t *at = wide; *at; at++) {
		if (*at == L'/')
			*at = L'\\';
	}
	return STATUS_OK;
}

/*
 * In the place of the C runtime's, which takes a path for text of the system's code page: libcurl
 * and mbedTLS open with it what settings name.
 */
__attribute__((used)) FILE *fopen(const char *path, const char *mode)
{
	wchar_t wide[FILES_MAX_PATH];
	wchar_t how[8];

	if (to_wide(path, wide) != STATUS_OK ||
	    MultiByteToWideChar(CP_UTF8, 0, mode, -1, how, 8) == 0)
		return NULL;
	return _wfopen(wide, how);
}

static char *to_utf8(const wchar_t *wide, struct arena *arena)
{
	return codepage_from_utf16le(arena, (const uint8_t *)wide, wcslen(wide) * sizeof *wide);
}

static const char *state_dir_in(const wchar_t dir[MAX_PATH], DWORD n, struct arena *arena)
{
	return n > 0 && n < MAX_PATH
		       ? arena_printf(arena, "%s\\mtawatch-agent", to_utf8(dir, arena))
		       : NULL;
}

/*
 * %ALLUSERSPROFILE% is there from Windows 2000 on; on NT 4.0 the directory of the system stands in,
 * where everybody may write (Q172008): the state directory gets a list of its own. After an upgrade
 * from NT 4.0 key and identity are still there.
 */
const char *files_default_state_dir(struct arena *arena)
{
	wchar_t dir[MAX_PATH];
	DWORD n = GetSystemDirectoryW(dir, MAX_PATH);
	const char *of_nt4 = state_dir_in(dir, n, arena);

	n = GetEnvironmentVariableW(L"ALLUSERSPROFILE", dir, MAX_PATH);
	const char *usual = state_dir_in(dir, n, arena);
	if (!usual || !of_nt4)
		return usual ? usual : of_nt4;
	return files_used_state_dir(arena, usual, of_nt4);
}

const char *files_default_config(struct arena *arena)
{
	wchar_t path[MAX_PATH];
	DWORD n = GetModuleFileNameW(NULL, path, MAX_PATH);
	wchar_t *slash = n > 0 && n < MAX_PATH ? wcsrchr(path, L'\\') : NULL;

	if (!slash)
		return NULL;
	*slash = L'\0';
	return arena_printf(arena, "%s\\mtawatch-agent.conf", to_utf8(path, arena));
}

static bool is_dir(const wchar_t *path)
{
	DWORD facts = GetFileAttributesW(path);
	return facts != INVALID_FILE_ATTRIBUTES && (facts & FILE_ATTRIBUTE_DIRECTORY) != 0;
}

/*
 * The directory that is the agent's own was perhaps there before it, with the list of its parent,
 * which lets everybody write. Another than that may serve others, too. What belongs to somebody
 * else stays as it is (files_dir_fault()).
 */
static void protect_own_dir(const char *path, const wchar_t *wide, const SECURITY_ATTRIBUTES *list)
{
	struct arena arena;

	arena_init(&arena);
	if (list && text_equal(path, files_default_state_dir(&arena)) &&
	    keystore_volume_has_lists(path) && !access_list_file_fault(wide, &arena))
		(void)access_list_set_file(wide, list); /* who may not is no service */
	arena_deinit(&arena);
}

enum status files_make_dir(const char *path)
{
	wchar_t wide[FILES_MAX_PATH];
	enum status status = to_wide(path, wide);
	SECURITY_ATTRIBUTES *list = access_list_new_readable();

	for (wchar_t *at = wide; status == STATUS_OK; at++) {
		wchar_t end = *at;
		if (end != L'\\' && end != L'\0')
			continue;
		*at = L'\0';
		/* The parents may be a drive or a share, which cannot be made and are there. */
		if (at != wide && !is_dir(wide) &&
		    !CreateDirectoryW(wide, end == L'\0' ? list : NULL) && end == L'\0')
			status = from_win32(GetLastError());
		*at = end;
		if (end == L'\0')
			break;
	}
	if (status == STATUS_OK)
		protect_own_dir(path, wide, list);
	free(list);
	return status;
}

static enum status read_all(HANDLE file, size_t limit, char **out, size_t *n)
{
	DWORD high = 0;
	DWORD size = GetFileSize(file, &high);
	DWORD got = 0;

	if (size == INVALID_FILE_SIZE && GetLastError() != NO_ERROR)
		return from_win32(GetLastError());
	if (high != 0 || size > limit)
		return STATUS_LIMIT;
	char *bytes = mem_alloc((size_t)size + 1);
	if (!ReadFile(file, bytes, size, &got, NULL)) {
		enum status status = from_win32(GetLastError());
		free(bytes);
		return status;
	}
	*out = bytes;
	*n = got;
	return STATUS_OK;
}

enum status files_read(const char *path, size_t limit, char **out, size_t *n)
{
	wchar_t wide[FILES_MAX_PATH];
	enum status status = to_wide(path, wide);
	if (status != STATUS_OK)
		return status;

	HANDLE file = CreateFileW(wide, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
				  OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
	if (file == INVALID_HANDLE_VALUE)
		return from_win32(GetLastError());
	status = GetFileType(file) == FILE_TYPE_DISK ? read_all(file, limit, out, n)
						     : STATUS_INVALID;
	CloseHandle(file);
	return status;
}

enum status files_move(const char *from, const char *to)
{
	wchar_t source[FILES_MAX_PATH];
	wchar_t target[FILES_MAX_PATH];
	enum status status = to_wide(from, source);

	if (status == STATUS_OK)
		status = to_wide(to, target);
	if (status == STATUS_OK)
		status = from_win32(win32_replace_file(source, target));
	return status;
}

/* `attributes` may be NULL: as the directory hands down. */
static enum status write_new(const char *path, SECURITY_ATTRIBUTES *attributes, const void *bytes,
			     size_t n)
{
	wchar_t wide[FILES_MAX_PATH];
	enum status status = to_wide(path, wide);
	if (status != STATUS_OK)
		return status;

	/* A file that is left would keep its own owner and access list. */
	DWORD code = win32_delete_file(wide);
	if (code != ERROR_SUCCESS && code != ERROR_FILE_NOT_FOUND)
		return from_win32(code);
	HANDLE file = NULL;
	code = win32_open_file(wide, CREATE_NEW, attributes, &file);
	if (code != ERROR_SUCCESS)
		return from_win32(code);
	DWORD put = 0;
	if (!WriteFile(file, bytes, (DWORD)n, &put, NULL) || !FlushFileBuffers(file))
		status = from_win32(GetLastError());
	else if (put != n)
		status = STATUS_FULL;
	if (!CloseHandle(file) && status == STATUS_OK)
		status = from_win32(GetLastError());
	return status;
}

static enum status replace(const char *path, SECURITY_ATTRIBUTES *attributes, const void *bytes,
			   size_t n)
{
	char temporary[FILES_MAX_PATH + 4];
	size_t length = strlen(path);

	if (length >= FILES_MAX_PATH)
		return STATUS_LIMIT;
	memcpy(temporary, path, length);
	memcpy(temporary + length, ".tmp", 5);
	enum status status = write_new(temporary, attributes, bytes, n);
	if (status == STATUS_OK)
		status = files_move(temporary, path);
	if (status != STATUS_OK)
		(void)files_remove(temporary); /* may be gone; the first failure is told */
	return status;
}

/* Writes at the end of an open file of `size` bytes, all or nothing. */
static enum status append_whole(HANDLE file, const void *bytes, size_t n, DWORD size)
{
	DWORD put = 0;

	if (SetFilePointer(file, 0, NULL, FILE_END) == INVALID_SET_FILE_POINTER)
		return from_win32(GetLastError());
	bool good = WriteFile(file, bytes, (DWORD)n, &put, NULL);
	if (good && put == n)
		return STATUS_OK;
	enum status status = good ? STATUS_FULL : from_win32(GetLastError());
	if (put > 0 &&
	    (SetFilePointer(file, (LONG)size, NULL, FILE_BEGIN) == INVALID_SET_FILE_POINTER ||
	     !SetEndOfFile(file)))
		status = from_win32(GetLastError());
	return status;
}

enum status files_append(const char *path, const void *bytes, size_t n, int64_t max_size)
{
	wchar_t wide[FILES_MAX_PATH];
	enum status status = to_wide(path, wide);
	if (status != STATUS_OK)
		return status;

	HANDLE file = CreateFileW(wide, GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
				  OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
	if (file == INVALID_HANDLE_VALUE)
		return from_win32(GetLastError());
	DWORD size = GetFileSize(file, NULL);
	if (size == INVALID_FILE_SIZE)
		status = from_win32(GetLastError());
	else if (size > 0 && (int64_t)size + (int64_t)n > max_size)
		status = STATUS_LIMIT;
	else
		status = append_whole(file, bytes, n, size);
	if (!CloseHandle(file) && status == STATUS_OK)
		status = from_win32(GetLastError());
	return status;
}

enum status files_replace(const char *path, const void *bytes, size_t n)
{
	return replace(path, NULL, bytes, n);
}

enum status files_replace_private(const char *path, const void *bytes, size_t n)
{
	SECURITY_ATTRIBUTES *private = access_list_new_private();

	if (!private)
		return from_win32(GetLastError());
	enum status status = replace(path, private, bytes, n);
	free(private);
	return status;
}

bool files_exists(const char *path)
{
	wchar_t wide[FILES_MAX_PATH];

	return to_wide(path, wide) == STATUS_OK &&
	       GetFileAttributesW(wide) != INVALID_FILE_ATTRIBUTES;
}

bool files_is_local(const char *path)
{
	wchar_t wide[FILES_MAX_PATH];
	wchar_t whole[FILES_MAX_PATH];
	wchar_t *name = NULL;

	if (to_wide(path, wide) != STATUS_OK ||
	    GetFullPathNameW(wide, FILES_MAX_PATH, whole, &name) < 3 || whole[1] != L':')
		return false; /* \\server\share */
	whole[3] = L'\0';
	return GetDriveTypeW(whole) != DRIVE_REMOTE;
}

static enum status overwrite(HANDLE file)
{
	DWORD size = GetFileSize(file, NULL);
	DWORD put = 0;

	if (size == INVALID_FILE_SIZE)
		return from_win32(GetLastError());
	for (DWORD at = 0; at < size; at++) {
		if (!WriteFile(file, "", 1, &put, NULL))
			return from_win32(GetLastError());
	}
	return FlushFileBuffers(file) ? STATUS_OK : from_win32(GetLastError());
}

enum status files_erase(const char *path)
{
	BY_HANDLE_FILE_INFORMATION facts;
	wchar_t wide[FILES_MAX_PATH];
	enum status status = to_wide(path, wide);
	if (status != STATUS_OK)
		return status;

	HANDLE file = NULL;
	DWORD code = win32_open_file(wide, OPEN_EXISTING, NULL, &file);
	if (code != ERROR_SUCCESS)
		return from_win32(code);
	if (!GetFileInformationByHandle(file, &facts))
		status = from_win32(GetLastError());
	else
		status = facts.nNumberOfLinks > 1 ? STATUS_CONFLICT : overwrite(file);
	CloseHandle(file);
	return status == STATUS_OK ? files_remove(path) : status;
}

enum status files_remove(const char *path)
{
	wchar_t wide[FILES_MAX_PATH];
	enum status status = to_wide(path, wide);

	if (status == STATUS_OK)
		status = from_win32(win32_delete_file(wide));
	return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status files_remove_dir(const char *path)
{
	wchar_t wide[FILES_MAX_PATH];
	enum status status = to_wide(path, wide);

	if (status != STATUS_OK || RemoveDirectoryW(wide))
		return status;
	DWORD code = GetLastError();
	status = code == ERROR_DIR_NOT_EMPTY ? STATUS_CONFLICT : from_win32(code);
	return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* Takes the entries of an open search. */
static enum status take_names(HANDLE search, WIN32_FIND_DATAW *entry, struct arena *arena,
			      const char **found, size_t *count)
{
	do {
		char name[3 * MAX_PATH];
		if ((entry->dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0)
			continue;
		if (*count == FILES_MAX_LISTED)
			return STATUS_LIMIT;
		if (WideCharToMultiByte(CP_UTF8, 0, entry->cFileName, -1, name, sizeof name, NULL,
					NULL) == 0)
			return STATUS_SYSTEM;
		found[(*count)++] = arena_strdup(arena, name);
	} while (FindNextFileW(search, entry));
	DWORD code = GetLastError();
	return code == ERROR_NO_MORE_FILES ? STATUS_OK : from_win32(code);
}

enum status files_list(const char *path, struct arena *arena, const char ***names, size_t *n)
{
	wchar_t wide[FILES_MAX_PATH];
	WIN32_FIND_DATAW entry;
	enum status status = to_wide(files_join(arena, path, "*"), wide);
	if (status != STATUS_OK)
		return status;

	const char **found = arena_alloc_array(arena, FILES_MAX_LISTED, sizeof *found);
	size_t count = 0;
	HANDLE search = FindFirstFileW(wide, &entry);
	if (search != INVALID_HANDLE_VALUE) {
		status = take_names(search, &entry, arena, found, &count);
		FindClose(search);
	} else if (GetLastError() !=
		   ERROR_FILE_NOT_FOUND) { /* an empty directory has "." at least */
		status = from_win32(GetLastError());
	}
	if (status != STATUS_OK)
		return status;
	qsort(found, count, sizeof *found, text_by_bytes);
	*names = found;
	*n = count;
	return STATUS_OK;
}
