#include "agent/service/signals.h"

#include <signal.h>
#include <stddef.h>

static struct host *stopped_host;
static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
	(void)number;
	stopped = 1;
	host_stop(stopped_host);
}

enum status signals_start(struct host *host)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	stopped_host = host;
	sigemptyset(&action.sa_mask);
	sigemptyset(&ignore.sa_mask);
	/* A peer that resets must not end us; the call's error tells. */
	if (sigaction(SIGINT, &action, NULL) != 0 || sigaction(SIGTERM, &action, NULL) != 0 ||
	    sigaction(SIGPIPE, &ignore, NULL) != 0)
		return STATUS_SYSTEM;
	return STATUS_OK;
}

bool signals_stopped(void)
{
	return stopped != 0;
}

void signals_stop(void)
{
	on_signal(0);
}
