#include "agent/service/win32/install.h"

#include "agent/config/registry.h"
#include "agent/host/announce.h"
#include "agent/platform/error.h"
#include "agent/platform/files.h"
#include "agent/platform/hash.h"
#include "agent/platform/win32/text.h"

#include <windows.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "agent/platform/win32/access_list.h"
#include "agent/platform/win32/keystore.h"
#include "agent/platform/win32/patience.h"
#include "proto/base/text.h"

#define SETTINGS_KEY L"" CONFIG_INSTALLER_KEY
#define WINDOWS_KEY  L"Software\\Microsoft\\Windows\\CurrentVersion"
#define SOURCE_KEY   "SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\" ANNOUNCE_SOURCE

#define PROGRAM_NAME "mtawatch-agent.exe"

/* The DLL with the words of the events: where it lies in this program, and how its name begins. */
#define EVENTS_RESOURCE 1
#define EVENTS_TYPE     10 /* RT_RCDATA; its macro is of the ANSI calls' type */
#define EVENTS_NAME     "mtawatch-events-"
#define EVENTS_DIGITS   12 /* of its hash, which follow; scripts/package takes as many */

#define POLL_MS   200
#define MAX_ASIDE 10 /* programs of before that somebody still uses */

/* %ProgramFiles% is no variable of Windows NT 4.0; the registry has it everywhere. */
enum status install_place(struct arena *arena, const char **program, struct os_error *error)
{
	wchar_t folder[MAX_PATH];
	DWORD size = sizeof folder - sizeof *folder;
	DWORD type = 0;
	HKEY key = NULL;

	memset(folder, 0, sizeof folder);
	LONG code = RegOpenKeyExW(HKEY_LOCAL_MACHINE, WINDOWS_KEY, 0, KEY_QUERY_VALUE, &key);
	if (code == ERROR_SUCCESS) {
		code = RegQueryValueExW(key, L"ProgramFilesDir", NULL, &type, (BYTE *)folder,
					&size);
		RegCloseKey(key);
	}
	if (code != ERROR_SUCCESS)
		return win32_fail(error, (DWORD)code, "find the folder for programs");
	*program = arena_printf(arena, "%s\\mtawatch\\" PROGRAM_NAME, win32_narrow(folder, arena));
	return STATUS_OK;
}

/* The name that the old file has now, for which a free one is found; NULL: it keeps its own. */
static const wchar_t *rename_aside(const char *program, struct arena *arena)
{
	const wchar_t *file = win32_wide(program, arena);

	for (int i = 0; i < MAX_ASIDE; i++) {
		const wchar_t *aside =
			win32_wide(arena_printf(arena, "%s.old%d", program, i), arena);
		if ((DeleteFileW(aside) || GetLastError() == ERROR_FILE_NOT_FOUND) &&
		    MoveFileExW(file, aside, 0))
			return aside;
	}
	return NULL;
}

static bool move_over(const wchar_t *from, const wchar_t *to)
{
	return MoveFileExW(from, to, MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH);
}

/*
 * The old file may not be replaced: somebody runs or reads it. It can be renamed, though, and is
 * deleted when nobody uses it any more, at the next start of the system at the latest.
 */
static bool put_beside_renamed(const wchar_t *from, const wchar_t *to, const char *program,
			       struct arena *arena)
{
	const wchar_t *aside = rename_aside(program, arena);

	if (!aside)
		return false;
	if (move_over(from, to)) {
		(void)MoveFileExW(aside, NULL, MOVEFILE_DELAY_UNTIL_REBOOT);
		return true;
	}
	(void)MoveFileExW(aside, to, 0); /* the old program rather than none */
	return false;
}

/* Moves a new file over the old one, whose program may still be about to end. */
static enum status put_in_place(const wchar_t *from, const wchar_t *to, const char *program,
				struct arena *arena, struct os_error *error)
{
	win32_clear_read_only(to);
	for (DWORD waited_ms = 0;; waited_ms += POLL_MS) {
		if (move_over(from, to))
			return STATUS_OK;
		DWORD code = GetLastError();
		bool is_busy = code == ERROR_SHARING_VIOLATION || code == ERROR_ACCESS_DENIED;
		if (is_busy && waited_ms < INSTALL_BUSY_MS) {
			Sleep(POLL_MS);
			continue;
		}
		if (is_busy && put_beside_renamed(from, to, program, arena))
			return STATUS_OK;
		(void)win32_delete_file(from);
		return win32_fail(error, code, "replace %s (does somebody use it?)", program);
	}
}

static enum status make_folder(const char *folder, struct arena *arena, struct os_error *error)
{
	if (CreateDirectoryW(win32_wide(folder, arena), NULL) ||
	    GetLastError() == ERROR_ALREADY_EXISTS)
		return STATUS_OK;
	return win32_fail(error, GetLastError(), "make the folder %s", folder);
}

/*
 * Gives a file or folder the list of what everybody may read and only administrators may change: a
 * program that the service runs, and the folder where its configuration file may lie.
 */
static enum status protect_file(const char *name, struct arena *arena, struct os_error *error)
{
	if (!keystore_volume_has_lists(name))
		return STATUS_OK;
	const wchar_t *path = win32_wide(name, arena);
	SECURITY_ATTRIBUTES *list = access_list_new_readable();
	DWORD code = list ? access_list_set_file(path, list) : GetLastError();

	free(list);
	return code == NO_ERROR ? STATUS_OK
				: win32_fail(error, code, "protect %s from changes", name);
}

static enum status refuse(struct os_error *error, const char *what, const char *fault)
{
	return os_fail(error, STATUS_DENIED, OS_NO_CODE,
		       "%s %s: look into it, remove it, and try again", what, fault);
}

/* A library or a configuration file of somebody else's would be the service's own. */
static enum status look_into(const char *folder, struct arena *arena, struct os_error *error)
{
	const char *fault = access_list_file_fault(win32_wide(folder, arena), arena);
	WIN32_FIND_DATAW entry;
	enum status status = fault ? refuse(error, folder, fault) : STATUS_OK;
	HANDLE search =
		FindFirstFileW(win32_wide(arena_printf(arena, "%s\\*", folder), arena), &entry);

	if (search == INVALID_HANDLE_VALUE)
		return status;
	do {
		const char *path =
			arena_printf(arena, "%s\\%s", folder, win32_narrow(entry.cFileName, arena));
		/* The program is replaced; "." was looked at above, ".." is not the agent's. */
		if (entry.cFileName[0] == L'.' || strstr(path, PROGRAM_NAME))
			continue;
		fault = access_list_file_fault(win32_wide(path, arena), arena);
		if (fault)
			status = refuse(error, path, fault);
	} while (FindNextFileW(search, &entry));
	FindClose(search);
	return status;
}

static const char *folder_of(const char *program, struct arena *arena)
{
	return arena_strndup(arena, program, (size_t)(strrchr(program, '\\') - program));
}

static enum status protect_folder(const char *folder, struct arena *arena, struct os_error *error)
{
	enum status status =
		keystore_volume_has_lists(folder) ? look_into(folder, arena, error) : STATUS_OK;
	return status == STATUS_OK ? protect_file(folder, arena, error) : status;
}

static enum status find_self(const wchar_t **self, struct arena *arena, struct os_error *error)
{
	wchar_t *path = arena_alloc(arena, MAX_PATH * sizeof *path);
	DWORD n = GetModuleFileNameW(NULL, path, MAX_PATH);

	*self = path;
	return n > 0 && n < MAX_PATH
		       ? STATUS_OK
		       : win32_fail(error, GetLastError(), "find this program's own file");
}

static enum status copy_program(const char *program, bool *copied, struct arena *arena,
				struct os_error *error)
{
	const char *folder = folder_of(program, arena);
	const wchar_t *to = win32_wide(program, arena);
	const wchar_t *new_file = win32_wide(arena_printf(arena, "%s.new", program), arena);
	const wchar_t *self = NULL;
	enum status status = find_self(&self, arena, error);

	if (status == STATUS_OK)
		status = make_folder(folder, arena, error);
	if (status == STATUS_OK)
		status = protect_folder(folder, arena, error);
	if (status != STATUS_OK)
		return status;
	*copied = lstrcmpiW(self, to) != 0;
	if (!*copied)
		return STATUS_OK;
	/* A copy over one that is there would leave it its owner. */
	(void)win32_delete_file(new_file);
	if (!CopyFileW(self, new_file, TRUE))
		return win32_fail(error, GetLastError(), "copy this program to %s", program);
	win32_clear_read_only(new_file); /* as it comes from a CD */
	return put_in_place(new_file, to, program, arena, error);
}

enum status install_program(const char *program, bool *copied, struct os_error *error)
{
	struct arena arena;

	arena_init(&arena);
	enum status status = copy_program(program, copied, &arena, error);
	if (status == STATUS_OK)
		status = protect_file(program, &arena, error);
	arena_deinit(&arena);
	return status;
}

struct events {
	const void *bytes;
	size_t n;
	const char *name; /* of its file */
};

static enum status find_events(struct events *out, struct arena *arena, struct os_error *error)
{
	char hash[HASH_SHA256_TEXT_SIZE];
	HRSRC resource = FindResourceW(NULL, MAKEINTRESOURCEW(EVENTS_RESOURCE),
				       MAKEINTRESOURCEW(EVENTS_TYPE));
	HGLOBAL loaded = resource ? LoadResource(NULL, resource) : NULL;

	out->bytes = loaded ? LockResource(loaded) : NULL;
	if (!out->bytes)
		return win32_fail(error, GetLastError(), "find the words of the events");
	out->n = SizeofResource(NULL, resource);
	enum status status = hash_sha256(out->bytes, out->n, hash);
	if (status != STATUS_OK)
		return os_fail(error, status, OS_NO_CODE, "compute the name of the events' file");
	out->name = arena_printf(arena, EVENTS_NAME "%.*s.dll", EVENTS_DIGITS, hash);
	return STATUS_OK;
}

static bool is_there(const char *library, const struct events *events)
{
	char *bytes = NULL;
	size_t n = 0;
	bool same = files_read(library, events->n, &bytes, &n) == STATUS_OK && n == events->n &&
		    memcmp(bytes, events->bytes, n) == 0;

	free(bytes);
	return same;
}

static enum status protect_events(const char *folder, struct arena *arena, struct os_error *error)
{
	struct events events;
	enum status status = find_events(&events, arena, error);

	if (status != STATUS_OK)
		return status;
	const char *library = arena_printf(arena, "%s\\%s", folder, events.name);
	return files_exists(library) ? protect_file(library, arena, error) : STATUS_OK;
}

/* A DLL that is there and the same stays, whoever has it open. */
static enum status put_events(const char *library, const struct events *events, struct arena *arena,
			      struct os_error *error)
{
	const char *new_file = arena_printf(arena, "%s.new", library);

	if (is_there(library, events))
		return STATUS_OK;
	enum status status = files_replace(new_file, events->bytes, events->n);
	if (status != STATUS_OK)
		return os_fail(error, status, OS_NO_CODE, "write %s: %s", new_file,
			       status_text(status));
	return put_in_place(win32_wide(new_file, arena), win32_wide(library, arena), library, arena,
			    error);
}

/* Removes each DLL of events but `kept` (NULL: none is); false: somebody has one open still. */
static bool remove_events(const char *folder, const char *kept, struct arena *arena)
{
	WIN32_FIND_DATAW entry;
	const char *pattern = arena_printf(arena, "%s\\" EVENTS_NAME "*", folder);
	HANDLE search = FindFirstFileW(win32_wide(pattern, arena), &entry);
	bool all = true;

	if (search == INVALID_HANDLE_VALUE)
		return true;
	do {
		const char *name = win32_narrow(entry.cFileName, arena);
		if (kept && text_equal(name, kept))
			continue;
		const wchar_t *path =
			win32_wide(arena_printf(arena, "%s\\%s", folder, name), arena);
		if (win32_delete_file(path) != ERROR_SUCCESS) {
			all = false;
			(void)MoveFileExW(path, NULL, MOVEFILE_DELAY_UNTIL_REBOOT);
		}
	} while (FindNextFileW(search, &entry));
	FindClose(search);
	return all;
}

enum status install_events(const char *program, struct arena *arena, const char **library,
			   struct os_error *error)
{
	const char *folder = folder_of(program, arena);
	struct events events;
	enum status status = find_events(&events, arena, error);

	if (status != STATUS_OK)
		return status;
	*library = arena_printf(arena, "%s\\%s", folder, events.name);
	status = put_events(*library, &events, arena, error);
	if (status == STATUS_OK)
		status = protect_file(*library, arena, error);
	if (status == STATUS_OK)
		(void)remove_events(folder, events.name, arena);
	return status;
}

enum status install_remove_program(const char *program, bool *later, struct os_error *error)
{
	struct arena arena;
	enum status status = STATUS_OK;

	arena_init(&arena);
	const wchar_t *file = win32_wide(program, &arena);
	const char *folder = folder_of(program, &arena);
	const wchar_t *wide_folder = win32_wide(folder, &arena);
	bool words_gone = remove_events(folder, NULL, &arena);
	DWORD code = win32_delete_file(file);
	bool gone = code == ERROR_SUCCESS || code == ERROR_FILE_NOT_FOUND ||
		    code == ERROR_PATH_NOT_FOUND;
	*later = !gone || !words_gone;
	if (!*later)
		RemoveDirectoryW(wide_folder); /* what else is in it is not ours */
	else if ((!gone && !MoveFileExW(file, NULL, MOVEFILE_DELAY_UNTIL_REBOOT)) ||
		 !MoveFileExW(wide_folder, NULL, MOVEFILE_DELAY_UNTIL_REBOOT))
		status = win32_fail(error, GetLastError(), "remove %s", program);
	arena_deinit(&arena);
	return status;
}

static enum status set_value(const char *key, const char *name, DWORD type, const void *bytes,
			     size_t size, struct os_error *error)
{
	struct arena arena;
	HKEY opened = NULL;

	arena_init(&arena);
	LONG code = RegCreateKeyExW(HKEY_LOCAL_MACHINE, win32_wide(key, &arena), 0, NULL, 0,
				    KEY_SET_VALUE, NULL, &opened, NULL);
	if (code == ERROR_SUCCESS) {
		code = RegSetValueExW(opened, win32_wide(name, &arena), 0, type, bytes,
				      (DWORD)size);
		RegCloseKey(opened);
	}
	arena_deinit(&arena);
	if (code == ERROR_SUCCESS)
		return STATUS_OK;
	return win32_fail(error, (DWORD)code, "write HKLM\\%s\\%s", key, name);
}

static enum status set_text(const char *key, const char *name, DWORD type, const char *text,
			    struct os_error *error)
{
	struct arena arena;

	arena_init(&arena);
	const wchar_t *wide = win32_wide(text, &arena);
	enum status status =
		set_value(key, name, type, wide, (wcslen(wide) + 1) * sizeof *wide, error);
	arena_deinit(&arena);
	return status;
}

enum status install_setting(const char *name, const char *text, uint32_t number,
			    struct os_error *error)
{
	if (text)
		return set_text(CONFIG_INSTALLER_KEY, name, REG_SZ, text, error);
	return set_value(CONFIG_INSTALLER_KEY, name, REG_DWORD, &number, sizeof number, error);
}

enum status install_protect_settings(struct os_error *error)
{
	SECURITY_ATTRIBUTES *list = access_list_new_readable();
	HKEY key = NULL;
	LONG code = list ? (LONG)access_list_set_key(SETTINGS_KEY, list) : (LONG)GetLastError();

	if (code == ERROR_SUCCESS)
		code = (LONG)access_list_set_key(SETTINGS_KEY L"\\Peers", list);
	if (code == ERROR_SUCCESS)
		code = RegCreateKeyExW(HKEY_LOCAL_MACHINE, SETTINGS_KEY, 0, NULL, 0,
				       KEY_QUERY_VALUE, list, &key, NULL);
	if (key)
		RegCloseKey(key);
	free(list);
	return code == ERROR_SUCCESS
		       ? STATUS_OK
		       : win32_fail(error, (DWORD)code, "protect HKLM\\%s from changes",
				    CONFIG_INSTALLER_KEY);
}

enum status install_check_settings(struct os_error *error)
{
	struct arena arena;

	arena_init(&arena);
	const char *key = "HKLM\\" CONFIG_INSTALLER_KEY;
	const char *fault = access_list_key_fault(SETTINGS_KEY, &arena);
	if (!fault) {
		key = "HKLM\\" CONFIG_INSTALLER_KEY "\\Peers";
		fault = access_list_key_fault(SETTINGS_KEY L"\\Peers", &arena);
	}
	enum status status = fault ? refuse(error, key, fault) : STATUS_OK;
	arena_deinit(&arena);
	return status;
}

enum status install_protect_program(struct os_error *error)
{
	struct arena arena;
	const char *program = NULL;
	const wchar_t *self = NULL;

	arena_init(&arena);
	enum status status = install_place(&arena, &program, error);
	if (status == STATUS_OK)
		status = find_self(&self, &arena, error);
	if (status == STATUS_OK && lstrcmpiW(self, win32_wide(program, &arena)) == 0) {
		status = protect_file(program, &arena, error);
		if (status == STATUS_OK)
			status = protect_events(folder_of(program, &arena), &arena, error);
		if (status == STATUS_OK)
			status = protect_folder(folder_of(program, &arena), &arena, error);
	}
	arena_deinit(&arena);
	return status;
}

enum status install_event_source(const char *library, struct os_error *error)
{
	const DWORD types = EVENTLOG_ERROR_TYPE | EVENTLOG_WARNING_TYPE | EVENTLOG_INFORMATION_TYPE;
	enum status status =
		set_text(SOURCE_KEY, "EventMessageFile", REG_EXPAND_SZ, library, error);

	if (status != STATUS_OK)
		return status;
	return set_value(SOURCE_KEY, "TypesSupported", REG_DWORD, &types, sizeof types, error);
}

static enum status remove_key(const char *key, struct os_error *error)
{
	struct arena arena;

	arena_init(&arena);
	LONG code = RegDeleteKeyW(HKEY_LOCAL_MACHINE, win32_wide(key, &arena));
	arena_deinit(&arena);
	if (code == ERROR_SUCCESS || code == ERROR_FILE_NOT_FOUND)
		return STATUS_OK;
	return win32_fail(error, (DWORD)code, "remove HKLM\\%s", key);
}

/* Windows NT removes no key that has keys below it. */
enum status install_remove_settings(struct os_error *error)
{
	enum status status = remove_key(CONFIG_INSTALLER_KEY "\\Peers", error);

	return status == STATUS_OK ? remove_key(CONFIG_INSTALLER_KEY, error) : status;
}

enum status install_remove_event_source(struct os_error *error)
{
	return remove_key(SOURCE_KEY, error);
}

const char *install_full_path(const char *path, struct arena *arena)
{
	wchar_t full[1024];
	wchar_t *name = NULL;
	DWORD n = GetFullPathNameW(win32_wide(path, arena), 1024, full, &name);

	return n > 0 && n < 1024 ? win32_narrow(full, arena) : path;
}
