#include "agent/platform/win32/keystore.h"

#include <windows.h>

#include <stdlib.h>
#include <string.h>

#include "agent/platform/files.h"
#include "agent/platform/keystore.h"
#include "agent/platform/keystore_file.h"
#include "agent/platform/win32/access_list.h"
#include "agent/platform/win32/text.h"
#include "proto/base/arena.h"
#include "proto/base/mem.h"

#define KEY_PATH   L"Software\\mtawatch\\Key"
#define VALUE_NAME L"AgentKey"

static enum status from_win32(LONG code)
{
	switch (code) {
	case ERROR_SUCCESS:
		return STATUS_OK;
	case ERROR_FILE_NOT_FOUND:
	case ERROR_PATH_NOT_FOUND:
		return STATUS_NOT_FOUND;
	case ERROR_ACCESS_DENIED:
		return STATUS_DENIED;
	case ERROR_MORE_DATA:
		return STATUS_LIMIT;
	default:
		return STATUS_SYSTEM;
	}
}

bool keystore_volume_has_lists(const char *dir)
{
	struct arena arena;
	wchar_t whole[FILES_MAX_PATH];
	wchar_t root[4] = L"?:\\";
	wchar_t *name = NULL;
	DWORD flags = 0;

	arena_init(&arena);
	DWORD n = GetFullPathNameW(win32_wide(dir, &arena), FILES_MAX_PATH, whole, &name);
	arena_deinit(&arena);
	if (n < 2 || n >= FILES_MAX_PATH || whole[1] != L':')
		return true; /* a share: its server decides, and a list does no harm */
	root[0] = whole[0];
	return !GetVolumeInformationW(root, NULL, 0, NULL, NULL, &flags, NULL, 0) ||
	       (flags & FS_PERSISTENT_ACLS) != 0;
}

static bool is_ours(void)
{
	struct arena arena;

	arena_init(&arena);
	bool ours = !access_list_key_fault(KEY_PATH, &arena);
	arena_deinit(&arena);
	return ours;
}

enum status keystore_load_value(char **text)
{
	HKEY key = NULL;
	char bytes[KEYSTORE_MAX_TEXT];
	DWORD size = sizeof bytes;
	DWORD type = 0;

	if (!is_ours())
		return STATUS_NOT_FOUND; /* somebody who knows it put it there */
	LONG code = RegOpenKeyExW(HKEY_LOCAL_MACHINE, KEY_PATH, 0, KEY_QUERY_VALUE, &key);
	if (code != ERROR_SUCCESS)
		return from_win32(code);

	code = RegQueryValueExW(key, VALUE_NAME, NULL, &type, (BYTE *)bytes, &size);
	RegCloseKey(key);
	if (code == ERROR_SUCCESS && type != REG_BINARY)
		code = ERROR_FILE_NOT_FOUND; /* none of ours */
	if (code == ERROR_SUCCESS)
		*text = mem_strndup(bytes, size);
	return from_win32(code);
}

enum status keystore_save_value(const char *text)
{
	SECURITY_ATTRIBUTES *private = access_list_new_private();
	HKEY key = NULL;

	if (!private)
		return from_win32((LONG)GetLastError());
	/* The key may have been there before, made by somebody else. */
	if (!is_ours())
		RegDeleteKeyW(HKEY_LOCAL_MACHINE, KEY_PATH);
	if (!is_ours()) {
		free(private);
		return STATUS_DENIED;
	}
	LONG code = (LONG)access_list_set_key(KEY_PATH, private);
	if (code == ERROR_SUCCESS)
		code = RegCreateKeyExW(HKEY_LOCAL_MACHINE, KEY_PATH, 0, NULL,
				       REG_OPTION_NON_VOLATILE, KEY_SET_VALUE, private, &key, NULL);
	/* Somebody may have made it meanwhile; and Wine gives a new key no list. */
	if (code == ERROR_SUCCESS)
		code = is_ours() ? (LONG)access_list_set_key(KEY_PATH, private)
				 : ERROR_ACCESS_DENIED;
	free(private);
	if (code == ERROR_SUCCESS)
		code = RegSetValueExW(key, VALUE_NAME, 0, REG_BINARY, (const BYTE *)text,
				      (DWORD)strlen(text));
	if (code == ERROR_SUCCESS)
		code = RegFlushKey(key);
	if (key)
		RegCloseKey(key);
	return from_win32(code);
}

enum status keystore_remove_value(void)
{
	enum status status = from_win32(RegDeleteKeyW(HKEY_LOCAL_MACHINE, KEY_PATH));
	return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status keystore_load(const char *state_dir, char **text)
{
	enum status status = keystore_load_file(state_dir, text);

	return status == STATUS_NOT_FOUND && !keystore_volume_has_lists(state_dir)
		       ? keystore_load_value(text)
		       : status;
}

enum status keystore_save(const char *state_dir, const char *text)
{
	return keystore_volume_has_lists(state_dir) ? keystore_save_file(state_dir, text)
						    : keystore_save_value(text);
}

enum status keystore_remove(const char *state_dir)
{
	enum status status = keystore_remove_file(state_dir);
	enum status other = keystore_remove_value();

	return status == STATUS_OK ? other : status;
}
