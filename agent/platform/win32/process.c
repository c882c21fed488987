#include "agent/platform/process.h"

#include <windows.h>

#include <stdlib.h>

#include "agent/platform/win32/filetime.h"

void process_begin(void)
{
	SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX);
}

void process_end(int code)
{
	TerminateProcess(GetCurrentProcess(), (UINT)code);
	abort(); /* never reached: the right to end oneself cannot be lost */
}

void process_step_back(bool back)
{
	(void)SetThreadPriority(GetCurrentThread(),
				back ? THREAD_PRIORITY_BELOW_NORMAL : THREAD_PRIORITY_NORMAL);
}

uint32_t process_tick_ms(void)
{
	return GetTickCount();
}

int64_t process_wall_ms(void)
{
	FILETIME now;

	GetSystemTimeAsFileTime(&now);
	return win32_filetime_ms(now.dwHighDateTime, now.dwLowDateTime);
}
