#include "agent/platform/log_lock.h"

#include <windows.h>

/* A critical section would have to be made before the first message. Lines are short and rare. */
static volatile LONG busy;

void log_lock(void)
{
	while (InterlockedExchange(&busy, 1) != 0)
		Sleep(1);
}

void log_unlock(void)
{
	(void)InterlockedExchange(&busy, 0);
}
