#include "agent/commands/command.h"

#include <stdlib.h>

#include "agent/config/options.h"
#include "agent/platform/log.h"
#include "agent/run/run.h"
#include "agent/service/signals.h"

int command_run(const struct call *call)
{
	if (call->options->collectors.n == 0) {
		log_error("run needs --collector: where to send the reports");
		return EXIT_TROUBLE;
	}
	return run(call->host, call->config, signals_stopped, NULL) == STATUS_OK ? EXIT_SUCCESS
										 : EXIT_TROUBLE;
}
