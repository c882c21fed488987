/* A file of its own: a test program puts another function in its place, one that knows less. */
#include "agent/host/win32/internal.h"

#include <windows.h>

#include <string.h>

#define LIBRARY L"\\iphlpapi.dll"

/* Out of the system's folder, with all that it needs: whoever put one elsewhere is not asked. */
static HMODULE load_library(void)
{
	wchar_t path[MAX_PATH + sizeof LIBRARY];
	UINT n = GetSystemDirectoryW(path, MAX_PATH);

	if (n == 0 || n >= MAX_PATH)
		return NULL;
	memcpy(path + n, LIBRARY, sizeof LIBRARY);
	return LoadLibraryExW(path, NULL, LOAD_WITH_ALTERED_SEARCH_PATH);
}

host_function host_ip_helper(const char *name)
{
	static HMODULE library;
	if (!library)
		library = load_library();
	return library ? (host_function)GetProcAddress(library, name) : NULL;
}
