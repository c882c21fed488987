/*
 * What iphlpapi.dll of Windows NT 4.0 SP6a has of the functions that the agent asks for (Q193059),
 * and nothing that came later: Wine has all of them, whatever Windows it plays. One of these few is
 * missing too where the environment variable HIDDEN_CALL names it. Where FAILING_CODE is one of the
 * system's codes, GetAdaptersInfo is there, and always fails with it.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/host/win32/internal.h"
#include "agent/platform/win32/newer_calls.h"

#include <windows.h>

static DWORD WINAPI fail_with_code(void *info, ULONG *size)
{
	(void)info;
	(void)size;
	return strtoul(getenv("FAILING_CODE"), NULL, 10);
}

host_function host_ip_helper(const char *name)
{
	static const char *const known[] = { "GetIfTable", "GetIpAddrTable", "GetIpForwardTable" };
	HMODULE library = LoadLibraryA("iphlpapi.dll");
	const char *hidden = getenv("HIDDEN_CALL");
	if (hidden && strcmp(hidden, name) == 0)
		return NULL;
	if (strcmp(name, "GetAdaptersInfo") == 0 && getenv("FAILING_CODE"))
		return (host_function)fail_with_code;
	for (size_t i = 0; library && i < sizeof known / sizeof *known; i++) {
		if (strcmp(known[i], name) == 0)
			return (host_function)GetProcAddress(library, name);
	}
	return NULL;
}

newer_calls_function newer_calls_find(const char *library, const char *name)
{
	(void)library;
	(void)name;
	return NULL;
}
