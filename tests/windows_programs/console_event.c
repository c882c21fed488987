/*
 * console_event EVENT LOG: hands the event of that number (CTRL_C_EVENT and so on) to the agent as
 * the system does, on another thread, and prints whether the agent passed it on to the next
 * handler, and whether it is to end. An agent that ends does so by itself, with its own exit
 * status. Its messages go into the file LOG.
 *
 * Wine sends none of them for a log-off.
 */
#include <stdio.h>
#include <stdlib.h>

#include <windows.h>

#include "agent/host/host.h"
#include "agent/platform/log.h"
#include "agent/service/signals.h"
#include "tests/windows_programs/instead.h"

static PHANDLER_ROUTINE handler;
static volatile LONG passed_on;

static BOOL WINAPI take_handler(PHANDLER_ROUTINE routine, BOOL add)
{
	if (add)
		handler = routine;
	return TRUE;
}

INSTEAD_OF("SetConsoleCtrlHandler@8", take_handler)

static DWORD WINAPI hand_over(void *event)
{
	if (!handler((DWORD)(ULONG_PTR)event))
		InterlockedExchange(&passed_on, 1);
	return 0;
}

int main(int argc, char **argv)
{
	struct host_options options = { 0 };
	struct host *host = NULL;
	struct os_error error;
	DWORD id = 0;

	if (argc != 3 || host_open(&host, &options, &error) != STATUS_OK ||
	    signals_start(host) != STATUS_OK || !handler)
		return 3;
	log_configure(LOG_LEVEL_INFO, argv[2], 100);
	HANDLE sender = CreateThread(NULL, 0, hand_over,
				     (void *)(ULONG_PTR)strtoul(argv[1], NULL, 10), 0, &id);
	if (!sender)
		return 3;
	bool ends = host_wait(host, 1000) == HOST_WAKE_STOP && signals_stopped();
	printf("%s%s\n", ends ? "ends" : "goes on", passed_on ? ", passed on" : "");
	(void)fflush(stdout);
	WaitForSingleObject(sender, INFINITE);
	return 0;
}
