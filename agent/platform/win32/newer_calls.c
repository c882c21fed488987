#include "agent/platform/win32/newer_calls.h"

#include <windows.h>

newer_calls_function newer_calls_find(const char *library, const char *name)
{
	HMODULE module = GetModuleHandleA(library);
	return module ? (newer_calls_function)GetProcAddress(module, name) : NULL;
}
