/* A file of its own: a test program puts another function in its place, one that knows less. */
#include "agent/host/win32/internal.h"

#include <windows.h>

host_function host_ip_helper(const char *name)
{
	static HMODULE library;
	if (!library)
		library = LoadLibraryA("iphlpapi.dll");
	return library ? (host_function)GetProcAddress(library, name) : NULL;
}
