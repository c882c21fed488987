#include "agent/platform/process.h"

#include <windows.h>

#include <stdlib.h>

void process_begin(void)
{
	SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX);
}

void process_end(int code)
{
	TerminateProcess(GetCurrentProcess(), (UINT)code);
	abort(); /* never reached: the right to end oneself cannot be lost */
}
