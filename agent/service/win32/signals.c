#include "agent/service/signals.h"

#include "agent/platform/log.h"
#include "agent/platform/process.h"

#include <windows.h>

/*
 * A name lookup inside libcurl cannot be cancelled here and may take the resolver's time. What the
 * agent keeps on disk is whole at every moment, so after this long the process just ends.
 */
#define PATIENCE_MS    1800
#define EXIT_IMPATIENT 2

static struct host *stopped_host;
static volatile LONG stopped;

void signals_stop(void)
{
	InterlockedExchange(&stopped, 1);
	host_stop(stopped_host);
}

/* Runs on a thread of the system's, which dies with the process. */
static BOOL WINAPI on_control(DWORD what)
{
	if (what == CTRL_LOGOFF_EVENT)
		return FALSE;
	if (what == CTRL_SHUTDOWN_EVENT)
		log_info("stopped: the system shuts down");
	signals_stop();
	Sleep(PATIENCE_MS);
	process_end(EXIT_IMPATIENT);
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
