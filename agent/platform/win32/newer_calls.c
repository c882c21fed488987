#include "agent/platform/win32/newer_calls.h"

#include <windows.h>

newer_function newer_call(const char *library, const char *name)
{
	HMODULE module = GetModuleHandleA(library);
	return module ? (newer_function)GetProcAddress(module, name) : NULL;
}
