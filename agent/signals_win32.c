#include "agent/signals.h"

#include <windows.h>

static struct host *stopped_host;
static volatile LONG stopped;

/* Runs on a thread of the system's. */
static BOOL WINAPI on_control(DWORD what)
{
	if (what == CTRL_LOGOFF_EVENT)
		return FALSE;
	InterlockedExchange(&stopped, 1);
	host_stop(stopped_host);
	return TRUE;
}

enum status signals_start(struct host *host)
{
	stopped_host = host;
	return SetConsoleCtrlHandler(on_control, TRUE) ? STATUS_OK : STATUS_SYSTEM;
}

bool signals_stopped(void)
{
	return stopped != 0;
}
